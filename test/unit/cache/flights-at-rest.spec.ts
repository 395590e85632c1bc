import { describe, expect, it } from 'vitest';
import { CacheScope } from '../../../src/cache/cache-scope.js';
import { CacheCounters } from '../../../src/cache/cache-stats.js';
import { NEVER_STALE } from '../../../src/cache/stale-options.js';
import { NO_TIMEOUT } from '../../../src/cache/timeout-options.js';
import { Flights } from '../../../src/cache/flights.js';
import { NamedCache } from '../../../src/cache/named-cache.js';
import type { Compressor } from '../../../src/codec/codec-options.js';
import { createCodec } from '../../../src/codec/create-codec.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FaultyStore, RecordingReporter } from '../../../src/testing/index.js';

interface Bench {
  readonly cache: NamedCache;
  readonly flights: Flights;
  readonly store: FaultyStore;
  readonly events: RecordingReporter;
}

function bench(onError: 'open' | 'throw' = 'open', compressor?: Compressor): Bench {
  const clock = new FakeClock();
  const options = { types: [], serializer: undefined, maxBytes: Infinity, format: 'entry' } as const;
  const bounds = { max: 100, maxBytes: 100_000 };
  const codec = createCodec({ ...options, compressor });
  const store = new FaultyStore(memoryStore({ codec, clock, bounds, unreadable: () => undefined }));
  const flights = new Flights();
  const events = new RecordingReporter();
  const context = {
    ttl: 60_000,
    onError,
    clock,
    reporter: events,
    codec: createCodec({ ...options, compressor: undefined }),
    flights,
    counters: new CacheCounters(),
    locks: undefined,
    jitter: 0,
    stale: NEVER_STALE,
    timeout: NO_TIMEOUT,
    grace: 0,
  };
  return { cache: new NamedCache(new CacheScope('default', store, context)), flights, store, events };
}

const boom = (): never => {
  throw new Error('boom');
};

describe('no flight is left at rest', () => {
  const endings: Record<string, (cache: NamedCache, store: FaultyStore) => Promise<unknown>> = {
    'a load': (cache) => cache.getOrSet('key', () => 1),
    'a hit': async (cache) => cache.set('key', 1).then(() => cache.getOrSet('key', () => 2)),
    'a load of many': (cache) => cache.getOrSetMany(['a', 'b'], async () => new Map([['a', 1]])),
    'a failed load': (cache) => cache.getOrSet('key', boom),
    'a failed load of many': (cache) => cache.getOrSetMany(['a', 'b'], boom),
    'a loader of many that gives no map': (cache) =>
      cache.getOrSetMany(['a'], async () => undefined as never),
    'a ttl that cannot be read': (cache) => cache.wrap('key', () => 1, boom),
    'a refresh': async (cache) => {
      await cache.set('key', 1, 1_000);
      const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
      await cache.wrap('key', () => 2, 1_000, 5_000);
      await refreshed;
    },
    'a failed refresh': async (cache) => {
      await cache.set('key', 1, 1_000);
      const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
      await cache.wrap('key', boom, 1_000, 5_000);
      await refreshed;
    },
    'a load that was overtaken': (cache) =>
      cache.getOrSet('key', async () => {
        await cache.del('key');
        return cache.getOrSet('key', () => 2);
      }),
    'a loader that asks for its own key': (cache) =>
      cache.getOrSet('key', () => cache.getOrSetMany(['other', 'key'], async () => new Map())),
    'a store that refuses': (cache, store) => {
      store.fail();
      return cache.getOrSet('key', () => 1);
    },
    'a load in a namespace that is cleared': (cache) =>
      cache.namespace('part').getOrSet('key', async () => {
        await cache.clear();
        return 1;
      }),
  };

  it.each(Object.entries(endings))('after %s', async (_, work) => {
    for (const policy of ['open', 'throw'] as const) {
      const { cache, flights, store } = bench(policy);
      await Promise.allSettled([work(cache, store), work(cache, store)]);
      await Promise.resolve();
      expect(flights.size).toBe(0);
    }
  });
});

describe('a load is not stored over what happened while it was on its way to the store', () => {
  const changes: Record<string, (cache: NamedCache) => Promise<unknown>> = {
    del: (cache) => cache.del('key'),
    set: (cache) => cache.set('key', 1),
    clear: (cache) => cache.clear(),
    deletePattern: (cache) => cache.deletePattern('k*'),
  };

  it.each(Object.entries(changes))('%s while it is compressed', async (name, change) => {
    let compress!: () => void;
    const compressing = new Promise<void>((resolve) => (compress = resolve));
    let begun!: () => void;
    const began = new Promise<void>((resolve) => (begun = resolve));
    const { cache, flights } = bench('open', {
      threshold: 100,
      async compress(bytes) {
        begun();
        await compressing;
        return bytes.subarray(0, 10);
      },
      decompress: () => Promise.reject(new Error('not asked')),
    });
    const loaded = cache.getOrSet('key', () => 'old'.repeat(100));
    await began;
    await change(cache);
    compress();
    expect(await loaded).toBe('old'.repeat(100));
    expect(await cache.get('key')).toBe(name === 'set' ? 1 : undefined);
    expect(flights.size).toBe(0);
  });
});

describe('a faulty store', () => {
  it('fails what it is told to fail, and heals', async () => {
    const { cache, store, events } = bench();
    await cache.set('key', 1);
    store.fail(new Error('told so'), 'read');
    expect(await cache.get('key')).toBe(undefined);
    expect(await cache.has('key')).toBe(true);
    expect(await cache.namespace('part').get('key')).toBe(undefined);
    expect(events.of('error').map(({ error }) => error.message)).toEqual(['told so', 'told so']);
    store.heal();
    expect(await cache.get('key')).toBe(1);
    expect(store.calls('read')).toBe(3);
  });

  it('answers late, after the call has taken effect', async () => {
    const { cache, store } = bench();
    const release = store.hold('write');
    let done = false;
    const written = cache.set('key', 1).then(() => (done = true));
    expect(await cache.get('key')).toBe(1);
    expect(done).toBe(false);
    release();
    await written;
    expect(done).toBe(true);
  });
});
