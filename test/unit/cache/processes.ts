import { setImmediate } from 'node:timers/promises';
import type { CacheContext } from '../../../src/cache/cache-context.js';
import { CacheScope } from '../../../src/cache/cache-scope.js';
import { CacheCounters } from '../../../src/cache/cache-stats.js';
import { Flights } from '../../../src/cache/flights.js';
import { NamedCache } from '../../../src/cache/named-cache.js';
import { graceOf, NEVER_STALE } from '../../../src/cache/stale-options.js';
import { NO_TIMEOUT } from '../../../src/cache/timeout-options.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import type { Store } from '../../../src/store/store.js';
import { FakeClock, RecordingReporter } from '../../../src/testing/index.js';

/** One process of several that share a store: a cache with flights of its own. */
export interface Process {
  readonly cache: NamedCache;
  readonly flights: Flights;
  readonly events: RecordingReporter;
}

/** A store that several processes share, as they share a Redis, and the clock by which all of them go. */
export class Processes {
  readonly clock = new FakeClock();
  readonly store: CoherentStore;
  readonly #options: Partial<CacheContext>;

  constructor(options: Partial<CacheContext> = {}) {
    this.#options = options;
    const bounds = { max: 1_000, maxBytes: 1_000_000 };
    const codec = createCodec(CODEC);
    this.store = memoryStore({ codec, clock: this.clock, bounds, unreadable: () => undefined });
  }

  /** Begins a process. It does not hear of what others change: the store alone keeps it right. */
  start(store: Store = this.store): Process {
    const flights = new Flights();
    const events = new RecordingReporter();
    const stale = this.#options.stale ?? NEVER_STALE;
    const context: CacheContext = {
      ttl: 60_000,
      jitter: 0,
      stale,
      timeout: NO_TIMEOUT,
      grace: graceOf(stale),
      onError: 'open',
      clock: this.clock,
      reporter: events,
      codec: createCodec(CODEC),
      flights,
      counters: new CacheCounters(),
      locks: undefined,
      ...this.#options,
    };
    return { cache: new NamedCache(new CacheScope('default', store, context)), flights, events };
  }

  /** Lets everything happen that needs no time, then time pass, then the same again. */
  async pass(milliseconds: number): Promise<void> {
    await quiet();
    this.clock.advance(milliseconds);
    await quiet();
  }
}

/** Lets everything happen that waits for no timer. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await setImmediate();
}

/** A loader that is held: it gives its value when it is told to. */
export class HeldLoader<T> {
  calls = 0;
  readonly #pending: { give(value: T): void; fail(error: Error): void }[] = [];

  readonly load = (): Promise<T> => {
    this.calls += 1;
    return new Promise((give, fail) => this.#pending.push({ give, fail }));
  };

  /** Lets the oldest call that still runs give a value. */
  give(value: T): void {
    this.#pending.shift()?.give(value);
  }

  fail(error: Error): void {
    this.#pending.shift()?.fail(error);
  }
}

const CODEC = {
  types: [],
  serializer: undefined,
  compressor: undefined,
  maxBytes: Infinity,
  format: 'entry',
} as const;
