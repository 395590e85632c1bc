import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { redisInsStore, redisStore, type RedisStore } from 'cache-manager-redis-yet';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { InvalidOptionsError, RedisUnavailableError, SerializationError } from '../../../src/errors.js';
import { fromCacheManager, type CacheManagerOptions } from '../../../src/store/cache-manager-factory.js';
import type { CacheManagerV5Store } from '../../../src/store/cache-manager-v5.js';
import { isClosable, type Store } from '../../../src/store/store.js';
import { storeConformance } from '../../../src/testing/store-suite.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { cacheOver, connect, ground, list, openStore, put, unique, values, type Ground } from './harness.js';

// The memory store of cache-manager 5 lives beside the one that the library is made for.
const nested = createRequire(createRequire(import.meta.url).resolve('cache-manager-redis-yet'));
const { memoryStore } = nested('cache-manager') as { memoryStore: () => CacheManagerV5Store };

let server: RedisServer;
let connection: ManagedConnection;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

interface Opened {
  readonly store: Store;
  readonly base: Ground;
  readonly keyPrefix: string;
}

/** Over a client that cache-manager-redis-yet makes for itself, which is one of redis 4. */
async function overItsOwn(keyPrefix = unique(), url = server.url): Promise<Opened & { yet: RedisStore }> {
  const yet = redisStore({ url, keyPrefix });
  const base = ground('json');
  const store = await openStore(fromCacheManager(yet), base);
  return { store, base, keyPrefix, yet: await yet };
}

/** Over the client of the cache's connection. */
async function overOurs(keyPrefix = unique(), options: object = {}): Promise<Opened> {
  connection = await connect(server);
  const base = ground('json', connection);
  const factory = fromCacheManager((client) => redisInsStore(client, { keyPrefix, ...options }));
  return { store: await openStore(factory, base), base, keyPrefix };
}

const WAYS = [
  ['redisStore()', overItsOwn],
  ['redisInsStore(client) over our client', overOurs],
] as const;

for (const [name, open] of WAYS) {
  storeConformance(
    { describe, it, expect },
    {
      name,
      open: async () => ({ store: (await open()).store, pass: (milliseconds) => sleep(milliseconds) }),
      capabilities: { namespaces: false, null: false },
    },
  );
}

describe.each(WAYS)('a cache in %s', (_, open) => {
  it('reads what it wrote and writes what it reads', async () => {
    const { store, keyPrefix } = await open();
    const old = redisInsStore((await connect(server)).client as never, { keyPrefix });
    await old.set('a', { from: 'yet' }, 5_500);
    await put(store, 'b', { from: 'ours' });
    expect(await values(store, 'a', 'b')).toStrictEqual([{ from: 'yet' }, { from: 'ours' }]);
    expect(await old.get('b')).toStrictEqual({ from: 'ours' });
    expect(await server.cli('GET', `${keyPrefix}:b`)).toBe('{"from":"ours"}');
    expect(await store.ttl('a')).toBeGreaterThan(0);
    expect(await store.ttl('a')).toBeLessThanOrEqual(5_500);
  });

  it('reads and removes many keys below its prefix, not those of the same name beside it', async () => {
    const { store, keyPrefix } = await open();
    await server.cli('MSET', 'x', '"foreign"', 'y', '"foreign"');
    await put(store, 'x', 1);
    await put(store, 'y', 2);
    const { cache } = cacheOver(store);
    expect(await cache.mget(['x', 'y', 'z'])).toStrictEqual([1, 2, undefined]);
    expect(await cache.mdel(['x', 'y', 'z'])).toBe(true);
    expect(await server.cli('EXISTS', `${keyPrefix}:x`, `${keyPrefix}:y`)).toBe(0);
    expect(await server.cli('MGET', 'x', 'y')).toStrictEqual(['"foreign"', '"foreign"']);
  });

  it('writes many below its prefix, with a ttl and without one', async () => {
    const { store, keyPrefix } = await open();
    const { cache } = cacheOver(store);
    await cache.mset([
      { key: 'short', value: 1, ttl: 60_000 },
      { key: 'ever', value: 2, ttl: 0 },
    ]);
    expect(await server.cli('PTTL', `${keyPrefix}:short`)).toBeGreaterThan(50_000);
    expect(await server.cli('PTTL', `${keyPrefix}:ever`)).toBe(-1);
    expect(await server.cli('EXISTS', 'short', 'ever')).toBe(0);
  });

  it('says the ttl of its own key, not of the same name beside it', async () => {
    const { store } = await open();
    await server.cli('SET', 'same', '1', 'PX', '100000');
    await put(store, 'same', 1, 5_000);
    expect(await store.ttl('same')).toBeLessThanOrEqual(5_000);
    await store.delete(['same']);
    expect(await store.ttl('same')).toBe(undefined);
  });

  it('lists and clears its own keys, and leaves the rest of the database, without KEYS or FLUSHDB', async () => {
    const { store, keyPrefix } = await open();
    await server.cli('MSET', 'sess:1', 's', `${keyPrefix}2:a`, '1');
    await put(store, 'a', 1);
    await put(store, 'b:c', 1);
    await server.cli('CONFIG', 'RESETSTAT');
    expect(await list(store.keys('*'))).toStrictEqual(['a', 'b:c']);
    await store.clear();
    expect(await list(store.keys('*'))).toStrictEqual([]);
    expect(await server.cli('EXISTS', 'sess:1', `${keyPrefix}2:a`)).toBe(2);
    expect(await server.cli('INFO', 'commandstats')).not.toMatch(/cmdstat_(keys|flushdb|flushall):/);
  });

  it('without a prefix refuses to clear the database', async () => {
    const { store } = await open('');
    await server.cli('SET', 'sess:2', 's');
    await put(store, 'user:1', 1);
    const { cache } = cacheOver(store);
    await expect(cache.clear()).rejects.toThrow(InvalidOptionsError);
    await expect(cache.deletePattern('*')).rejects.toThrow('nothing tells its keys from those of others');
    expect(await cache.deletePattern('user:*')).toBe(1);
    expect(await server.cli('EXISTS', 'sess:2')).toBe(1);
  });

  it('gives a null back uncached, fails nobody, and drops what was there before', async () => {
    const { store } = await open();
    const { cache } = cacheOver(store, 'throw');
    let loads = 0;
    const load = (): null => {
      loads += 1;
      return null;
    };
    expect(await cache.wrap('k', load)).toBe(null);
    expect(await cache.wrap('k', load)).toBe(null);
    expect(loads).toBe(2);
    await cache.set('k', 'old');
    expect(await cache.set('k', null)).toBe(null);
    expect(await cache.get('k')).toBe(undefined);
    expect(await cache.add('k', null)).toBe(false);
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: null },
    ]);
    expect(await cache.mget(['a', 'b'])).toStrictEqual([1, undefined]);
  });

  it('wraps: loads once, keeps the value for its ttl, refreshes in the background', async () => {
    const { store } = await open();
    const { cache } = cacheOver(store);
    let loads = 0;
    const load = async (): Promise<{ loads: number }> => ({ loads: ++loads });
    expect(await cache.wrap('k', load, 5_000)).toStrictEqual({ loads: 1 });
    expect(await cache.wrap('k', load, 5_000, 1_000)).toStrictEqual({ loads: 1 });
    expect(await cache.wrap('k', load, 5_000, 10_000)).toStrictEqual({ loads: 1 });
    await eventually(async () => expect(await cache.get('k')).toStrictEqual({ loads: 2 }));
  });

  it('refuses what JSON does not keep', async () => {
    const { store } = await open();
    await expect(put(store, 'k', new Map())).rejects.toThrow(SerializationError);
    await expect(put(store, 'k', { at: new Date(0) })).rejects.toThrow(SerializationError);
  });

  it('takes what is no JSON and what is no string for a miss, and tells of it', async () => {
    const { store, base, keyPrefix } = await open();
    await server.cli('SET', `${keyPrefix}:text`, 'not { json');
    await server.cli('RPUSH', `${keyPrefix}:list`, '1');
    expect(await values(store, 'text', 'list')).toStrictEqual([undefined, undefined]);
    expect(base.unreadable.sort()).toStrictEqual(['list', 'text']);
  });
});

describe('redisStore() of cache-manager-redis-yet', () => {
  it('is no danger to the process when its client fails, and heals', async () => {
    const own = await startRedis();
    onTestFinished(() => own.stop());
    const { store, yet } = await overItsOwn('p', own.url);
    const { cache, events } = cacheOver(store);
    await cache.set('k', 1);
    const failed = vi.fn<(error: Error) => void>();
    process.on('uncaughtException', failed);
    onTestFinished(() => void process.off('uncaughtException', failed));
    await own.kill();
    await eventually(() => expect(yet.client.isReady).toBe(false));
    expect(await Promise.all(Array.from({ length: 100 }, () => cache.get('k')))).toContain(undefined);
    const errors = events.flatMap((event) => (event.type === 'error' ? [event.error] : []));
    expect(errors.length).toBeGreaterThanOrEqual(100);
    expect(errors.at(-1)).toBeInstanceOf(RedisUnavailableError);
    const strict = cacheOver(store, 'throw').cache;
    for (const call of [
      strict.set('k', 1),
      strict.clear(),
      strict.has('k'),
      strict.incr('n', 1, { initial: 0 }),
    ]) {
      await expect(call).rejects.toThrow(RedisUnavailableError);
    }
    await own.start();
    await eventually(() => expect(yet.client.isReady).toBe(true), { timeout: 10_000 });
    expect(await cache.set('k', 2)).toBe(2);
    expect(await cache.get('k')).toBe(2);
    expect(failed).not.toHaveBeenCalled();
  });

  it('is closed with the application, with Redis there and without', async () => {
    const own = await startRedis();
    const up = await overItsOwn('p', own.url);
    const down = await overItsOwn('p', own.url);
    expect(isClosable(up.store)).toBe(true);
    if (isClosable(up.store)) await up.store.close();
    expect(up.yet.client.isOpen).toBe(false);
    expect(up.yet.client.listenerCount('error')).toBe(0);
    await own.kill();
    if (isClosable(down.store)) await down.store.close();
    expect(down.yet.client.isOpen).toBe(false);
  });

  it('that could not connect is told of at the start, and not before as an unhandled rejection', async () => {
    const own = await startRedis();
    await own.stop();
    const factory = fromCacheManager(redisStore({ url: own.url, socket: { reconnectStrategy: false } }));
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    onTestFinished(() => void vi.restoreAllMocks());
    await sleep(50);
    await expect(openStore(factory, ground('json'))).rejects.toThrow('could not be made');
  });
});

describe('a store over a client that is not its own', () => {
  it("leaves the application's client open, and takes its listener off", async () => {
    const client = createClient({ url: server.url });
    const watch = (): void => {};
    client.on('error', watch);
    await client.connect();
    onTestFinished(() => client.close());
    const base = ground('json');
    const store = await fromCacheManager(redisInsStore(client as never)).open(base.context);
    expect(client.listenerCount('error')).toBe(2);
    await put(store, unique(), 1);
    if (isClosable(store)) await store.close();
    expect(client.isOpen).toBe(true);
    expect(client.listeners('error')).toStrictEqual([watch]);
  });

  it('leaves the client of the connection as it was: open, listened to, its commands its own', async () => {
    const mine = await connect(server);
    const client = mine.client as never as {
      isOpen: boolean;
      get: unknown;
      listenerCount(name: string): number;
    };
    const before = [client.listenerCount('error'), client.get, Object.hasOwn(client, 'get')];
    const factory = fromCacheManager((given) => redisInsStore(given, { keyPrefix: 'p' }));
    const store = await factory.open(ground('json', mine).context);
    if (isClosable(store)) await store.close();
    expect([client.listenerCount('error'), client.get, Object.hasOwn(client, 'get')]).toStrictEqual(before);
    expect(client.isOpen).toBe(true);
  });

  it('is out of reach while the connection is', async () => {
    const own = await startRedis();
    onTestFinished(() => own.stop());
    const mine = await connect(own);
    const factory = fromCacheManager((client) => redisInsStore(client));
    const store = await openStore(factory, ground('json', mine));
    await own.kill();
    await eventually(() => expect(mine.available).toBe(false));
    await expect(store.read(['k'])).rejects.toThrow(RedisUnavailableError);
    await expect(put(store, 'k', 1)).rejects.toThrow(RedisUnavailableError);
    await expect(store.ttl('k')).rejects.toThrow(RedisUnavailableError);
  });

  it('opens while Redis is away', async () => {
    const own = await startRedis();
    onTestFinished(() => own.stop());
    const mine = await connect(own);
    await own.kill();
    await eventually(() => expect(mine.available).toBe(false));
    const factory = fromCacheManager((client) => redisInsStore(client, { keyPrefix: 'p' }));
    const store = await openStore(factory, ground('json', mine));
    await own.start();
    await eventually(() => expect(mine.available).toBe(true), { timeout: 10_000 });
    await put(store, 'k', 1);
    expect(await own.cli('GET', 'p:k')).toBe('1');
    expect(await list(store.keys('*'))).toStrictEqual(['k']);
  });
});

describe('a store without a client', () => {
  async function open(): Promise<Store> {
    return openStore(fromCacheManager(memoryStore()), ground('json'));
  }

  it('gets, sets and deletes, one and many', async () => {
    const { cache } = cacheOver(await open());
    await cache.set('a', { list: [1] });
    await cache.mset([
      { key: 'b', value: null },
      { key: 'c', value: 3 },
    ]);
    expect(await cache.mget(['a', 'b', 'c', 'd'])).toStrictEqual([{ list: [1] }, null, 3, undefined]);
    expect(await cache.getOrSet('d', () => 4)).toBe(4);
    expect(await cache.wrap('e', () => 5)).toBe(5);
    await cache.mdel(['b', 'c']);
    expect(await cache.mget(['b', 'c', 'd'])).toStrictEqual([undefined, undefined, 4]);
  });

  it('counts what it deletes, and lets an entry expire', async () => {
    const store = await open();
    await put(store, 'a', 1, 20);
    await put(store, 'b', 1, null);
    expect(await store.delete(['b', 'c'])).toBe(1);
    await eventually(async () => expect(await values(store, 'a')).toStrictEqual([undefined]));
  });

  it('gives every reader a copy', async () => {
    const store = await open();
    const value = { list: [1] };
    await put(store, 'k', value);
    value.list.push(2);
    const [mine] = (await values(store, 'k')) as [typeof value];
    mine.list.push(3);
    expect(await values(store, 'k')).toStrictEqual([{ list: [1] }]);
  });

  it('refuses what it cannot do, with what and why', async () => {
    const store = await open();
    const { cache } = cacheOver(store);
    await cache.set('k', 1);
    const reason = 'the store has no client that reaches its entries';
    for (const call of [
      cache.remainingTtl('k'),
      cache.touch('k', 1_000),
      cache.incr('k'),
      cache.add('new', 1),
      cache.clear(),
      cache.deletePattern('*'),
      list(cache.keys()),
    ]) {
      await expect(call).rejects.toThrow(reason);
    }
  });
});

describe('a store that hides how it keeps its entries', () => {
  /** Asks its client later than the look that is taken at it, and keeps its values in base64. */
  async function hidden(options?: CacheManagerOptions): Promise<Store> {
    const mine = await connect(server);
    const client = mine.client as never as {
      get(key: string): Promise<string | null>;
      set(key: string, value: string): Promise<unknown>;
      del(key: string): Promise<unknown>;
    };
    const store = {
      client,
      async get(key: string): Promise<unknown> {
        await Promise.resolve();
        const text = await client.get(`hidden/${key}`);
        return text === null ? undefined : (JSON.parse(Buffer.from(text, 'base64').toString()) as unknown);
      },
      set: (key: string, value: unknown) =>
        client.set(`hidden/${key}`, Buffer.from(JSON.stringify(value)).toString('base64')),
      del: (key: string) => client.del(`hidden/${key}`),
    };
    return openStore(
      fromCacheManager(() => store, options),
      ground('json', mine),
    );
  }

  it('is not guessed at', async () => {
    const store = await hidden();
    await put(store, 'k', { a: 1 });
    expect(await values(store, 'k')).toStrictEqual([{ a: 1 }]);
    await expect(store.ttl('k')).rejects.toThrow('give fromCacheManager a keyPrefix');
    await expect(store.clear()).rejects.toThrow(InvalidOptionsError);
  });

  it('does more when it is told of the prefix, but writes no JSON of ours', async () => {
    const store = await hidden({ keyPrefix: 'hidden/' });
    await put(store, 'k', { a: 1 });
    expect(await store.touch('k', 60_000)).toBe(true);
    expect(await store.ttl('k')).toBeGreaterThan(50_000);
    await expect(store.write([{ key: 'k', value: 1, ttl: null }], 'add')).rejects.toThrow('plain JSON');
    await expect(store.increment('n', 1, { initial: 0, ttl: null })).rejects.toThrow('plain JSON');
    await store.clear();
    expect(await values(store, 'k')).toStrictEqual([undefined]);
  });
});

describe('fromCacheManager', () => {
  it('refuses what is no store, at once or at the start', async () => {
    expect(() => fromCacheManager({} as never)).toThrow(InvalidOptionsError);
    expect(() => fromCacheManager(undefined as never)).toThrow('takes a store of cache-manager 5');
    expect(() => fromCacheManager(memoryStore(), { keyPrefix: 1 } as never)).toThrow('keyPrefix');
    expect(() => fromCacheManager(memoryStore(), { close: 1 } as never)).toThrow('close');
    expect(() => fromCacheManager(memoryStore(), { prefix: 'a' } as never)).toThrow('is no option');
    const none = fromCacheManager(() => ({}) as never);
    await expect(openStore(none, ground('json'))).rejects.toThrow('must have get, set and del');
    const wantsClient = fromCacheManager((client) => redisInsStore(client));
    await expect(openStore(wantsClient, ground('json'))).rejects.toThrow('wants the client of a connection');
  });

  it('refuses a keyPrefix that is not the one of the store', async () => {
    const mine = await connect(server);
    const factory = fromCacheManager((client) => redisInsStore(client, { keyPrefix: 'app' }), {
      keyPrefix: 'app',
    });
    await expect(openStore(factory, ground('json', mine))).rejects.toThrow('the store puts "app:"');
  });

  it('gives a store to one cache only', async () => {
    const factory = fromCacheManager(memoryStore());
    await openStore(factory, ground('json'));
    await expect(openStore(factory, ground('json'))).rejects.toThrow('is where the cache');
  });
});
