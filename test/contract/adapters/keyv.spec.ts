import { setTimeout as sleep } from 'node:timers/promises';
import KeyvRedis, { createKeyv } from '@keyv/redis';
import { Keyv as Keyv5 } from 'keyv';
import { Keyv as Keyv6 } from 'keyv-6';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { keyvStore } from '../../../src/store/keyv-store.js';
import { storeConformance } from '../../../src/testing/store-suite.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { cacheOver, ground, list, put, unique, values } from './harness.js';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const PLACES: readonly (readonly [string, () => Keyv5])[] = [
  ['Keyv 5 in memory', () => new Keyv5()],
  ['Keyv 5 in memory without serialization', () => unserialized()],
  ['Keyv 5 on Redis', () => new Keyv5({ store: new KeyvRedis(server.url), namespace: unique() })],
  ['createKeyv of @keyv/redis', () => createKeyv(server.url, { namespace: unique() })],
  ['Keyv 6 in memory', () => new Keyv6() as unknown as Keyv5],
  ['Keyv 6 in memory without serialization', () => new Keyv6({ serialization: false }) as unknown as Keyv5],
  [
    'Keyv 6 on Redis',
    () => new Keyv6({ store: new KeyvRedis(server.url), namespace: unique() }) as unknown as Keyv5,
  ],
];

function unserialized(): Keyv5 {
  const keyv = new Keyv5();
  keyv.serialize = undefined;
  keyv.deserialize = undefined;
  return keyv;
}

function open(make: () => Keyv5): { keyv: Keyv5; store: ReturnType<typeof keyvStore>; unreadable: string[] } {
  const keyv = make();
  const { context, unreadable } = ground('entry');
  const store = keyvStore(keyv, context);
  onTestFinished(() => store.close());
  return { keyv, store, unreadable };
}

for (const [name, make] of PLACES) {
  storeConformance(
    { describe, it, expect },
    {
      name,
      open: () => ({ store: open(make).store, pass: (milliseconds) => sleep(milliseconds) }),
      capabilities: { namespaces: false, increment: false },
    },
  );
}

describe.each(PLACES)('a cache in %s', (_, make) => {
  it('reads what the Keyv wrote', async () => {
    const { keyv, store } = open(make);
    await keyv.set('k', { list: [1, null, 'three'] }, 60_000);
    await keyv.set('none', null);
    await keyv.set('a:b:c', ':text', 5_500);
    expect(await values(store, 'k', 'none', 'a:b:c', 'missing')).toStrictEqual([
      { list: [1, null, 'three'] },
      null,
      ':text',
      undefined,
    ]);
    expect(await store.ttl('none')).toBe(null);
    expect(await store.ttl('a:b:c')).toBeLessThanOrEqual(5_500);
    expect(await store.ttl('missing')).toBe(undefined);
  });

  it('writes what the Keyv reads', async () => {
    const { keyv, store } = open(make);
    await put(store, 'k', { list: [1, null, 'three'] });
    await put(store, ':base64:', ':base64:AAAA', null);
    expect(await keyv.get('k')).toStrictEqual({ list: [1, null, 'three'] });
    expect(await keyv.get(':base64:')).toBe(':base64:AAAA');
    expect(await values(store, ':base64:')).toStrictEqual([':base64:AAAA']);
    expect(await keyv.delete('k')).toBe(true);
    expect(await values(store, 'k')).toStrictEqual([undefined]);
  });

  it('gives back exactly what JSON does not keep', async () => {
    const { store } = open(make);
    const value = {
      at: new Date(1_700_000_000_000),
      ids: new Set([1n, 2n]),
      byName: new Map([['a', Number.NaN]]),
      gone: undefined,
    };
    await put(store, 'rich', value);
    await put(store, 'bytes', Buffer.from([0, 255]));
    expect(await values(store, 'rich', 'bytes')).toStrictEqual([value, Buffer.from([0, 255])]);
  });

  it('keeps the ttl of no expiry apart from the default of the Keyv', async () => {
    const { keyv, store } = open(make);
    keyv.ttl = 1_000;
    await put(store, 'k', 1, null);
    expect(await store.ttl('k')).toBe(null);
  });

  it('does not mistake a value for what it wraps others in', async () => {
    const { store } = open(make);
    const value = { 'nestjs-redis-cache': [0, 'MQ=='] };
    await put(store, 'k', value);
    expect(await values(store, 'k')).toStrictEqual([value]);
  });

  it('refuses to count, whatever the policy of the cache is', async () => {
    const { store } = open(make);
    const { cache } = cacheOver(store);
    await expect(cache.incr('n', 1, { initial: 0 })).rejects.toThrow('cannot do incr or decr');
  });

  it('gives the Keyv to one cache only', () => {
    const { keyv } = open(make);
    expect(() => keyvStore(keyv, ground('entry').context)).toThrow(InvalidOptionsError);
  });
});

describe('clear of a cache in a Keyv on Redis', () => {
  async function others(): Promise<string[]> {
    const keys = [`sess:${unique()}`, unique(), `${unique()}::x`];
    for (const key of keys) await server.cli('SET', key, '{"value":1}');
    return keys;
  }

  it.each(PLACES.filter(([name]) => name.includes('edis')))(
    'with %s removes its own keys and leaves all others',
    async (_, make) => {
      const foreign = await others();
      const { store } = open(make);
      await put(store, 'a', 1);
      await put(store, 'b:c', 1);
      await store.clear();
      expect(await values(store, 'a', 'b:c')).toStrictEqual([undefined, undefined]);
      expect(await server.cli('EXISTS', ...foreign)).toBe(foreign.length);
    },
  );

  it('is refused without a namespace, where the clear of the Keyv would delete the database', async () => {
    const foreign = await others();
    const { keyv, store } = open(() => createKeyv(server.url));
    const { cache } = cacheOver(store);
    const key = unique();
    await cache.set(key, 1);
    await expect(cache.clear()).rejects.toThrow('give the Keyv a namespace');
    await expect(cache.deletePattern('*')).rejects.toThrow(InvalidOptionsError);
    expect(await server.cli('EXISTS', key, ...foreign)).toBe(foreign.length + 1);
    expect(await cache.deletePattern(`${key}*`)).toBe(1);
    // What it is spared from.
    await keyv.clear();
    expect(await server.cli('EXISTS', foreign[0] ?? '')).toBe(0);
  });

  it('leaves a namespace whose name begins or ends like its own', async () => {
    const { store } = open(() => new Keyv5({ store: new KeyvRedis(server.url), namespace: 'shop' }));
    const neighbours = ['shop2', 'my-shop', 'shop:a'].map((namespace) =>
      open(() => new Keyv5({ store: new KeyvRedis(server.url), namespace })),
    );
    for (const one of [store, ...neighbours.map((neighbour) => neighbour.store)]) await put(one, 'k', 1);
    expect(await list(store.keys('*'))).toStrictEqual(['k']);
    await store.clear();
    for (const one of neighbours) expect(await values(one.store, 'k')).toStrictEqual([1]);
  });

  it('takes a namespace with the signs of a glob for what it is', async () => {
    const { store } = open(() => createKeyv(server.url, { namespace: 'glob*' }));
    const other = open(() => createKeyv(server.url, { namespace: 'glob-other' }));
    await put(store, 'mine', 1);
    await put(other.store, 'yours', 1);
    expect(await list(store.keys('*'))).toStrictEqual(['mine']);
    await store.clear();
    expect(await values(other.store, 'yours')).toStrictEqual([1]);
  });
});

describe('a cache in a Keyv', () => {
  it('keeps apart the keys that Keyv 5 takes for one', async () => {
    const { store } = open(() => new Keyv5());
    await put(store, 'a', 'plain');
    await put(store, 'keyv:a', 'prefixed');
    expect(await values(store, 'a', 'keyv:a')).toStrictEqual(['plain', 'prefixed']);
    expect(await list(store.keys('*'))).toStrictEqual(['a', 'keyv:a']);
  });

  it('lists only its own keys where several Keyvs share a Map', async () => {
    const map = new Map();
    const { store } = open(() => new Keyv5({ store: map, namespace: 'a' }));
    const other = open(() => new Keyv5({ store: map, namespace: 'ba' }));
    await put(store, 'x:1', 1);
    await put(other.store, 'x:2', 1);
    expect(await list(store.keys('*'))).toStrictEqual(['x:1']);
    await store.clear();
    expect(await values(other.store, 'x:2')).toStrictEqual([1]);
  });

  it('takes what is no entry of a Keyv for a miss, and tells of it', async () => {
    const namespace = unique();
    const { store, unreadable } = open(() => createKeyv(server.url, { namespace }));
    await server.cli('SET', `${namespace}::text`, 'not { json');
    await server.cli('SET', `${namespace}::number`, '7');
    expect(await values(store, 'text', 'number')).toStrictEqual([undefined, undefined]);
    expect(unreadable.sort()).toStrictEqual(['number', 'text']);
  });

  it('says so when the adapter cannot list keys', async () => {
    const adapter = { get: () => undefined, set: () => true, delete: () => true, clear: () => undefined };
    const { store } = open(() => new Keyv5({ store: adapter as never }));
    await expect(list(store.keys('a*'))).rejects.toThrow('adapter cannot list its keys');
    await expect(store.clear()).rejects.toThrow(InvalidOptionsError);
  });
});

describe('the errors of a Keyv', () => {
  const failing = {
    get: () => Promise.reject(new Error('ECONNREFUSED')),
    set: () => Promise.reject(new Error('ECONNREFUSED')),
    delete: () => Promise.reject(new Error('ECONNREFUSED')),
    clear: () => Promise.reject(new Error('ECONNREFUSED')),
  };

  it.each([
    ['Keyv 5', () => new Keyv5({ store: failing as never })],
    ['Keyv 5 that does not emit them', () => new Keyv5({ store: failing as never, emitErrors: false })],
    ['Keyv 6', () => new Keyv6({ store: failing as never }) as unknown as Keyv5],
  ])('reach the policy of the cache, from %s', async (_, make) => {
    const { store } = open(make);
    const { cache, events } = cacheOver(store);
    expect(await cache.get('k')).toBe(undefined);
    expect(await cache.set('k', 1)).toBe(1);
    expect(await cache.add('k', 1)).toBe(false);
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    const failures = events.filter(({ type }) => type === 'error');
    expect(failures.length).toBeGreaterThanOrEqual(4);
    const strict = cacheOver(store, 'throw').cache;
    await expect(strict.get('k')).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await expect(strict.set('k', 1)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
  });

  it('leave the settings of the Keyv as they are', async () => {
    const { keyv, store } = open(() => new Keyv5({ store: failing as never }));
    await expect(store.read(['k'])).rejects.toThrow('ECONNREFUSED');
    expect(await keyv.get('k')).toBe(undefined);
    expect(keyv.throwOnErrors).toBe(false);
  });

  it('reach the policy of the cache when Redis is lost, and heal', async () => {
    const own = await startRedis();
    onTestFinished(() => own.stop());
    const { store } = open(() =>
      createKeyv(
        { url: own.url, disableOfflineQueue: true, socket: { reconnectStrategy: 10 } },
        { namespace: 'a' },
      ),
    );
    const { cache, events } = cacheOver(store);
    await cache.set('k', 1);
    await own.kill();
    expect(await cache.get('k')).toBe(undefined);
    expect(events.at(-1)?.type).toBe('error');
    await own.start();
    await expect.poll(async () => cache.set('k', 2).then(() => cache.get('k')), { timeout: 10_000 }).toBe(2);
  });
});
