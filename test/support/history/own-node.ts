import type { NamedCache } from '../../../src/cache/named-cache.js';
import { resolveCacheOptions, type CacheOptions } from '../../../src/cache/cache-options.js';
import { systemClock, type Clock } from '../../../src/clock.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../../src/connection/standalone.js';
import { assembleCache } from '../../../src/module/cache-assembly.js';
import type { HistoryNode } from './node.js';
import { historyCache, Troubles } from './own-cache.js';

/** How a node of ours is made. */
export interface OwnNodeOptions {
  readonly name: string;
  readonly url: string;
  readonly keyPrefix: string;
  readonly cache?: CacheOptions;
  readonly connection?: object;
  readonly clock?: Clock;
  /** Puts something between the store and its connection. */
  readonly wrap?: (connection: ManagedConnection) => ManagedConnection;
}

/** A node of ours, with what is asked of it beside its part in a history. */
export interface OwnNode extends HistoryNode {
  readonly named: NamedCache;
  readonly connection: ManagedConnection;
}

/** A node on this library: a connection and a cache of its own, as an application in a process of its own has them. */
export async function ownNode(options: OwnNodeOptions): Promise<OwnNode> {
  const { name, url, keyPrefix, clock = systemClock, wrap = (one) => one } = options;
  const raw = { url, connect: 'required', ...options.connection };
  const resolved = resolveConnectionOptions('default', raw, 'connection');
  if (resolved.kind !== 'standalone') throw new Error('A URL leads to one server.');
  const troubles = new Troubles();
  const opened = standaloneConnection(resolved, { reporter: troubles, probeKey: 'probe', clock });
  await opened.start();
  const connection = wrap(opened);
  const cacheOptions = { ttl: 3_000, timeout: { hard: 3_000 }, ...options.cache };
  const cache = resolveCacheOptions('history', cacheOptions, 'cache', { store: 'redis', ttl: 3_000 });
  const assembled = await assembleCache(cache, {
    keyPrefix,
    clock,
    connections: new Map([['default', connection]]),
    reporter: troubles,
    types: new Map(),
  });
  return {
    name,
    remembers: cache.tier !== undefined,
    servesStale: cache.stale.revalidate > 0 || cache.stale.error > 0,
    cache: historyCache(assembled.cache, troubles),
    named: assembled.cache,
    connection,
    async close() {
      await assembled.close();
      await opened.close();
    },
  };
}
