import { describe, expect, it } from 'vitest';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { RedisCacheError, RedisUnavailableError } from '../../../src/errors.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FaultyStore, openCaches, type CacheSetup } from '../../../src/testing/index.js';
import { METHODS } from './every-method.js';
import { createCodec } from '../../../src/codec/create-codec.js';

const clock = new FakeClock();
const codec = createCodec({
  types: [],
  serializer: undefined,
  compressor: undefined,
  maxBytes: Infinity,
  format: 'entry',
});

interface Trial {
  readonly cache: NamedCache;
  readonly store: FaultyStore;
  readonly caches: CacheSetup;
}

async function failing(onError: 'open' | 'throw', error?: Error): Promise<Trial> {
  const bounds = { max: 100, maxBytes: 10_000 };
  const store = new FaultyStore(memoryStore({ codec, clock, bounds, unreadable: () => undefined }));
  const caches = openCaches({ store: () => store, clock });
  const cache = await caches.cache({ onError });
  await cache.mset<unknown>([
    { key: 'key', value: 'old' },
    { key: 'count', value: 1 },
  ]);
  caches.events.clear();
  store.fail(error);
  return { cache, store, caches };
}

describe.each(Object.entries(METHODS))('%s', (_, { call, open, throws = true }) => {
  it('with onError open answers as if every key were missing, and tells the error once', async () => {
    const { cache, caches } = await failing('open');
    expect(await call(cache)).toStrictEqual(open);
    const errors = caches.events.of('error');
    expect(errors.map(({ error }) => error instanceof RedisUnavailableError)).toStrictEqual(
      errors.map(() => true),
    );
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThan(3);
  });

  it('with onError throw throws RedisUnavailableError', async () => {
    const { cache } = await failing('throw');
    if (throws) await expect(call(cache)).rejects.toBeInstanceOf(RedisUnavailableError);
    else expect(await call(cache)).toStrictEqual(open);
  });

  it('with onError throw names what the server refused, without its details', async () => {
    const { cache } = await failing('throw', new Error('OOM command not allowed; secret'));
    if (!throws) return void (await call(cache));
    const failure = await call(cache).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(RedisCacheError);
    expect(failure).toMatchObject({ code: 'REDIS_REFUSED', cause: { message: /OOM/ } });
    expect(String(failure)).toContain('OOM');
    expect(String(failure)).not.toContain('secret');
  });

  it('works again when the store does', async () => {
    const { cache, store } = await failing('open');
    await call(cache);
    store.heal();
    await cache.set('key', 'new');
    expect(await cache.get('key')).toBe('new');
  });
});

it('every method of a cache is in the table', () => {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(openedCache) as object);
  const without = [
    'constructor',
    'on',
    'off',
    'disconnect',
    'cacheId',
    'stores',
    'stats',
    'namespace',
    'peek',
    'glance',
    'share',
    'takesTags',
    // These are told even with onError open.
    'lock',
    'withLock',
  ];
  const called = new Set(Object.keys(METHODS).map((title) => title.split(' ')[0]));
  expect(own.filter((name) => !without.includes(name) && !called.has(name))).toStrictEqual([]);
});

const openedCache = await openCaches({ store: 'memory', clock }).cache();

it('while the store fails, a load is done for each call and nothing stays behind', async () => {
  const { cache, caches } = await failing('open');
  let loads = 0;
  for (let call = 0; call < 3; call++) {
    expect(await cache.getOrSet('key', () => (loads += 1))).toBe(call + 1);
  }
  expect(loads).toBe(3);
  expect(caches.events.of('error').map(({ operation }) => operation)).toStrictEqual(['read', 'read', 'read']);
});

it('a store that hangs holds up its caller and nobody else', async () => {
  const { cache, store } = await failing('open');
  store.heal();
  const release = store.hold('read');
  const slow = cache.get('key');
  expect(await cache.set('other', 1)).toBe(1);
  release();
  expect(await slow).toBe('old');
});

it('concurrent callers share one loader while the store fails', async () => {
  const { cache } = await failing('open');
  let loads = 0;
  const found = await Promise.all(
    Array.from({ length: 20 }, () => cache.getOrSet('cold', async () => (loads += 1))),
  );
  expect(new Set(found)).toEqual(new Set([1]));
});
