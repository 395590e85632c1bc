import { onTestFinished } from 'vitest';
import type { CacheContext } from '../../../src/cache/cache-context.js';
import { CacheScope } from '../../../src/cache/cache-scope.js';
import { CacheCounters } from '../../../src/cache/cache-stats.js';
import { NEVER_STALE } from '../../../src/cache/stale-options.js';
import { NO_TIMEOUT } from '../../../src/cache/timeout-options.js';
import { Flights } from '../../../src/cache/flights.js';
import { NamedCache } from '../../../src/cache/named-cache.js';
import { systemClock } from '../../../src/clock.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../../src/connection/standalone.js';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import { KeySpace } from '../../../src/key/key-space.js';
import { isClosable, type Store, type StoreContext, type StoreFactory } from '../../../src/store/store.js';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';

let count = 0;

/** A text that no test has had before: a prefix, a namespace, the name of a cache. */
export function unique(): string {
  count += 1;
  return `own${count}`;
}

/** What a store is opened with, and the entries it could not read. */
export interface Ground {
  readonly context: StoreContext;
  readonly unreadable: string[];
}

/** What a store of this format stands on. */
export function ground(format: 'entry' | 'json', connection?: ManagedConnection, cache = unique()): Ground {
  const unreadable: string[] = [];
  const options = { types: [], serializer: undefined, compressor: undefined, maxBytes: Infinity };
  return {
    unreadable,
    context: {
      cache,
      space: KeySpace.of({ keyPrefix: 'cache', cache, version: undefined }),
      codec: createCodec({ ...options, format }),
      clock: systemClock,
      connection,
      client: connection?.client,
      unreadable: (key) => void unreadable.push(key),
    },
  };
}

/** Opens a factory's store, which is closed with the test. */
export async function openStore(factory: StoreFactory, { context }: Ground): Promise<Store> {
  const store = await factory.open(context);
  if (isClosable(store)) onTestFinished(() => store.close());
  return store;
}

/** A connection to a server that is up, closed with the test. */
export async function connect(server: RedisServer): Promise<ManagedConnection> {
  const connection = standaloneConnection(
    resolveConnectionOptions('default', server.url, 'connection') as never,
    { reporter: { report: () => undefined }, probeKey: 'cache:probe' },
  );
  onTestFinished(() => connection.close());
  await connection.start();
  await eventually(() => expect(connection.available).toBe(true));
  return connection;
}

/** A cache over a store, and what it reports. */
export function cacheOver(
  store: Store,
  onError: 'open' | 'throw' = 'open',
): { cache: NamedCache; events: CacheEvent[] } {
  const events: CacheEvent[] = [];
  const options = { types: [], serializer: undefined, compressor: undefined, maxBytes: Infinity };
  const context: CacheContext = {
    ttl: 60_000,
    onError,
    clock: systemClock,
    reporter: { report: (event) => void events.push(event) },
    codec: createCodec({ ...options, format: 'entry' }),
    flights: new Flights(),
    counters: new CacheCounters(),
    locks: undefined,
    jitter: 0,
    stale: NEVER_STALE,
    timeout: NO_TIMEOUT,
    grace: 0,
  };
  return { cache: new NamedCache(new CacheScope('foreign', store, context)), events };
}

/** The values of keys, `undefined` for a miss. */
export async function values(store: Store, ...keys: string[]): Promise<unknown[]> {
  return (await store.read(keys)).map((entry) => entry?.value);
}

/** Writes one entry. */
export async function put(
  store: Store,
  key: string,
  value: unknown,
  ttl: number | null = 60_000,
): Promise<boolean> {
  const [stored = false] = await store.write([{ key, value, ttl }], 'set');
  return stored;
}

/** All that a walk gives, sorted. */
export async function list(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found.sort();
}
