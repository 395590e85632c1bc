import type { CacheContext } from '../cache/cache-context.js';
import type { ResolvedCacheOptions } from '../cache/cache-options.js';
import { CacheScope } from '../cache/cache-scope.js';
import { CacheCounters } from '../cache/cache-stats.js';
import { Flights } from '../cache/flights.js';
import { heardChanges } from '../cache/heard-changes.js';
import { NamedCache } from '../cache/named-cache.js';
import { graceOf } from '../cache/stale-options.js';
import type { Clock } from '../clock.js';
import type { Type } from '../codec/type.js';
import { createCodec } from '../codec/create-codec.js';
import type { ManagedConnection } from '../connection/managed-connection.js';
import type { CacheEvent } from '../event/cache-event.js';
import type { Reporter } from '../event/reporter.js';
import { KeySpace } from '../key/key-space.js';
import type { Locks } from '../lock/lock.js';
import { memoryLocks } from '../lock/memory-locks.js';
import { redisLocks } from '../lock/redis-locks.js';
import { keyvStore } from '../store/keyv-store.js';
import { memoryStore } from '../store/memory-store.js';
import { memoryTier } from '../store/memory-tier.js';
import { redisStore } from '../store/redis-store.js';
import { isClosable, type Store, type StoreContext } from '../store/store.js';
import type { Tier } from '../store/tier.js';

/** What all caches of an application are made with. */
export interface AssemblyParts {
  readonly keyPrefix: string;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly connections: ReadonlyMap<string, ManagedConnection>;
  /** The classes that decorated methods return, by cache: instances of them are cached too. */
  readonly types: ReadonlyMap<string, ReadonlySet<Type>>;
}

/** A named cache, and what the application needs to know of it. */
export interface AssembledCache {
  readonly cache: NamedCache;
  /** Lets go of what its store holds open. */
  readonly close: () => Promise<void>;
}

/** Makes a named cache of its resolved options: its codec, its store, and what it shares with its namespaces. */
export async function assembleCache(
  options: ResolvedCacheOptions,
  parts: AssemblyParts,
): Promise<AssembledCache> {
  const { clock, reporter } = parts;
  const counters = new CacheCounters();
  const format =
    typeof options.store === 'object' && 'open' in options.store ? options.store.format : undefined;
  // Bare JSON holds no classes: those that decorated methods return are not added there.
  const returned = format === 'json' ? [] : (parts.types.get(options.name) ?? []);
  const types = [...new Set([...options.types, ...returned])];
  const plain = { types, serializer: options.serializer, format: format ?? 'entry' } as const;
  const path = `caches.${options.name}`;
  const context: CacheContext = {
    ttl: options.ttl,
    jitter: options.jitter,
    stale: options.stale,
    timeout: options.timeout,
    grace: graceOf(options.stale),
    onError: options.onError,
    clock,
    reporter,
    codec: createCodec({ ...plain, compressor: undefined, maxBytes: Infinity }, path),
    flights: new Flights(),
    locks: openLocks(options, parts),
    counters,
  };
  const report = countingReport(context);
  const store = await openStore(options, parts, {
    codec: createCodec({ ...plain, compressor: options.compressor, maxBytes: options.maxBytes }, path),
    unreadable: (key, reason) => report({ type: 'unreadable', cache: options.name, key, reason }),
    unsettled: (pending) => report({ type: 'unsettled', cache: options.name, pending }),
    context,
  });
  return {
    cache: new NamedCache(new CacheScope(options.name, store, context)),
    // A store that the application made is the application's to close.
    close: async () => (store !== options.store && isClosable(store) ? store.close() : undefined),
  };
}

function countingReport({ counters, reporter }: CacheContext): (event: CacheEvent) => void {
  return (event) => {
    counters.count(event);
    reporter.report(event);
  };
}

/** What the store of a cache is made with beside its options. */
interface OwnParts extends Pick<StoreContext, 'codec' | 'unreadable'> {
  readonly unsettled: (pending: boolean) => void;
  readonly context: CacheContext;
}

/** Locks live where entries do; those of a store that knows none live on the cache's connection, if it has one. */
function openLocks(
  { store, connection: name, name: cache, version }: ResolvedCacheOptions,
  { clock, connections, keyPrefix }: AssemblyParts,
): Locks | undefined {
  if (store === 'memory') return memoryLocks({ clock });
  const connection = connections.get(name);
  const space = KeySpace.of({ keyPrefix, cache, version });
  return connection && redisLocks({ connection, space, clock });
}

function openTier(
  { tier }: ResolvedCacheOptions,
  connection: ManagedConnection,
  space: KeySpace,
  { clock, codec, flights }: CacheContext,
): Tier | undefined {
  if (tier === undefined) return undefined;
  return memoryTier({
    space,
    clock,
    codec,
    channel: connection.changes,
    bounds: tier,
    ttl: tier.ttl,
    now: () => connection.now(),
    changed: heardChanges(flights),
  });
}

async function openStore(
  options: ResolvedCacheOptions,
  parts: AssemblyParts,
  made: OwnParts,
): Promise<Store> {
  const { clock, keyPrefix } = parts;
  const own = { codec: made.codec, unreadable: made.unreadable };
  const { store, name: cache, version } = options;
  if (store === 'memory') return memoryStore({ ...own, clock, bounds: options.memory });
  const connection = parts.connections.get(options.connection);
  const space = KeySpace.of({ keyPrefix, cache, version });
  const context = { cache, space, clock, ...own };
  if (store === 'redis') {
    const redis = connection as ManagedConnection;
    const tier = openTier(options, redis, space, made.context);
    return redisStore({ ...context, connection: redis, tier, unsettled: made.unsettled });
  }
  if ('open' in store) return store.open({ ...context, connection, client: connection?.client });
  if ('read' in store) return store;
  return keyvStore(store, context);
}
