import { CacheScope } from '../../../src/cache/cache-scope.js';
import { CacheCounters } from '../../../src/cache/cache-stats.js';
import { NEVER_STALE } from '../../../src/cache/stale-options.js';
import { NO_TIMEOUT } from '../../../src/cache/timeout-options.js';
import { Flights } from '../../../src/cache/flights.js';
import { NamedCache } from '../../../src/cache/named-cache.js';
import { systemClock } from '../../../src/clock.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import { createReporter } from '../../../src/event/reporter.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { DivisibleStore, Store } from '../../../src/store/store.js';

const CODEC = createCodec({
  types: [],
  serializer: undefined,
  format: 'entry',
  compressor: undefined,
  maxBytes: Number.MAX_SAFE_INTEGER,
});

/** A store in this process's memory. */
export function testStore(): DivisibleStore {
  const bounds = { max: 10_000, maxBytes: 64 * 1024 * 1024 };
  return memoryStore({ codec: CODEC, clock: systemClock, bounds, unreadable: () => undefined });
}

/** A named cache in this process's memory, or over a store of the test's own. */
export function testCache(name: string, ttl: number | null, store: Store = testStore()): NamedCache {
  const context = {
    ttl,
    onError: 'throw',
    clock: systemClock,
    reporter: createReporter(),
    codec: CODEC,
    flights: new Flights(),
    counters: new CacheCounters(),
    locks: undefined,
    jitter: 0,
    stale: NEVER_STALE,
    timeout: NO_TIMEOUT,
    grace: 0,
  } as const;
  return new NamedCache(new CacheScope(name, store, context));
}
