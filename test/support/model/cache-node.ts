import { CacheScope } from '../../../src/cache/cache-scope.js';
import { CacheCounters } from '../../../src/cache/cache-stats.js';
import { Flights } from '../../../src/cache/flights.js';
import { heardChanges } from '../../../src/cache/heard-changes.js';
import { NamedCache } from '../../../src/cache/named-cache.js';
import { NO_TIMEOUT } from '../../../src/cache/timeout-options.js';
import type { Clock } from '../../../src/clock.js';
import type { RedisConnection } from '../../../src/connection/connection.js';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import type { KeySpace } from '../../../src/key/key-space.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import { memoryTier, type MemoryTier } from '../../../src/store/memory-tier.js';
import { redisStore } from '../../../src/store/redis-store.js';
import type { Tier } from '../../../src/store/tier.js';
import { plainCodec } from '../../contract/contract-codec.js';

/** How a node is built. */
export interface CacheNodeOptions {
  readonly name: string;
  readonly space: KeySpace;
  readonly connection: RedisConnection;
  readonly clock: Clock;
  readonly remembers: boolean;
  readonly servesStale: boolean;
  /** Told when nobody can tell any more what Redis holds of some keys, and when that is over. */
  readonly unsettled: (pending: boolean) => void;
  /** What stands between the parts, so that a protection is gone. */
  readonly wrapConnection?: ((connection: RedisConnection) => RedisConnection) | undefined;
  readonly wrapTier?: ((tier: Tier) => Tier) | undefined;
  readonly wrapStore?: ((store: CoherentStore, space: KeySpace) => CoherentStore) | undefined;
}

/** A node of an application: a cache with what it is made of. */
export interface CacheNode {
  readonly cache: NamedCache;
  readonly flights: Flights;
  readonly tier: MemoryTier | undefined;
  /** How many errors of an operation it has reported. */
  troublesOf(operation: string): number;
  close(): Promise<void>;
}

/** Counts the errors of a cache by operation: not every one of them reaches the caller. */
class Troubles {
  readonly #counts = new Map<string, number>();

  report(event: CacheEvent): void {
    if (event.type === 'error') this.#counts.set(event.operation, this.of(event.operation) + 1);
  }

  of(operation: string): number {
    return this.#counts.get(operation) ?? 0;
  }
}

/** How long an entry is fresh, and how long it may be served after that where stale values are: milliseconds. */
const TTL = 3_000;
const STALE = 3_000;

/** Builds a node as the module does. */
export function cacheNode(options: CacheNodeOptions): CacheNode {
  const { space, clock, name, unsettled, wrapTier = (one) => one, wrapStore } = options;
  const connection = options.wrapConnection?.(options.connection) ?? options.connection;
  const flights = new Flights();
  const tier = options.remembers ? tierOf({ ...options, connection }, flights) : undefined;
  const stores = { cache: name, space, codec: plainCodec, clock, connection, unreadable: () => undefined };
  const remembering = tier === undefined ? {} : { tier: wrapTier(tier) };
  const own = redisStore({ ...stores, ...remembering, unsettled });
  const store = wrapStore?.(own, space) ?? own;
  const troubles = new Troubles();
  const stale = options.servesStale ? STALE : 0;
  const context = {
    ttl: TTL,
    jitter: 0,
    stale: { revalidate: stale, error: stale },
    timeout: NO_TIMEOUT,
    grace: stale,
    onError: 'open',
    clock,
    reporter: troubles,
    codec: plainCodec,
    flights,
    locks: undefined,
    counters: new CacheCounters(),
  } as const;
  const cache = new NamedCache(new CacheScope('default', store, context));
  return { cache, flights, tier, troublesOf: (one) => troubles.of(one), close: () => own.close() };
}

function tierOf({ space, clock, connection }: CacheNodeOptions, flights: Flights): MemoryTier {
  return memoryTier({
    space,
    clock,
    codec: plainCodec,
    channel: connection.changes,
    bounds: { max: 100, maxBytes: 1_000_000 },
    ttl: null,
    now: () => connection.now(),
    changed: heardChanges(flights),
  });
}
