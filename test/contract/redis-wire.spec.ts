import { describe, expect, it } from 'vitest';
import type { CacheSubject } from '../../src/testing/index.js';
import { commandsOf } from './redis-commands.js';
import { cachesOn, SharedRedis } from './redis-caches.js';

const redis = new SharedRedis();
/** What a batch of sets takes: the script looks for barriers and ends leases, and the generations are read behind it. */
const writing = (entries: number, scripts = 1) => ({
  evalsha: scripts,
  exists: scripts,
  set: entries,
  del: scripts,
  mget: scripts,
});
/**
 * What a load takes that finds nothing: a look, the leases with a look at what stands behind each and at the versions of
 * all, and one script that stores the values, with the versions behind it.
 */
const loading = (entries: number) => ({
  evalsha: 1,
  exists: entries,
  get: entries,
  set: 2 * entries,
  del: entries,
  mget: entries + 3,
});
/** What a removal takes of keys that are all there. */
const removing = (entries: number, scripts = 1) => ({ evalsha: scripts, del: scripts, unlink: entries });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `key:${index}`);

function open(): CacheSubject & { readonly keyPrefix: string } {
  return cachesOn(redis.connection);
}

async function pttl(key: string): Promise<number> {
  return Number(await redis.server.cli('PTTL', key));
}

describe('what stands in Redis', () => {
  it('an entry is one string under a key that names prefix, cache and key', async () => {
    const { cache, keyPrefix } = open();
    await (await cache({ name: 'products' })).set('42', { a: 1 });
    const stored = String(await redis.server.cli('GET', `${keyPrefix}:products:v:{42}`));
    expect(stored).toMatch(/^~20[\w-]{14}![\w-]{11}\{"a":1\}$/);
    const generation = String(await redis.server.cli('GET', `${keyPrefix}:products:t:{products}#gen`));
    expect(stored).toContain(generation);
    expect(await redis.server.cli('KEYS', `${keyPrefix}:*`)).toHaveLength(2);
  });

  it('the ttl is that of the call to the millisecond', async () => {
    const { cache, keyPrefix } = open();
    const some = await cache({ name: 'c', ttl: '10m' });
    const month = 30 * 24 * 3_600_000 + 1_000;
    await some.set('5.5', 1, '5.5s');
    await some.set('month', 1, month);
    await some.set('forever', 1, null);
    await some.set('zero', 1, 0);
    await some.set('default', 1);
    await some.add('added', 1, 5_500);
    await some.incr('counter', 1, { initial: 0, ttl: 5_500 });
    await some.getOrSet('loaded', () => 1, { ttl: 5_500 });
    await some.set('touched', 1);
    await some.touch('touched', 5_500);
    for (const key of ['5.5', 'added', 'counter', 'loaded', 'touched']) {
      const left = await pttl(`${keyPrefix}:c:v:{${key}}`);
      expect(left, key).toBeLessThanOrEqual(5_500);
      expect(left, key).toBeGreaterThan(1_000);
    }
    const left = await pttl(`${keyPrefix}:c:v:{month}`);
    expect(left).toBeLessThanOrEqual(month);
    expect(left).toBeGreaterThan(month - 5_000);
    expect(await pttl(`${keyPrefix}:c:v:{default}`)).toBeGreaterThan(590_000);
    expect(await pttl(`${keyPrefix}:c:v:{forever}`)).toBe(-1);
    expect(await pttl(`${keyPrefix}:c:v:{zero}`)).toBe(-1);
  });

  it('clear is one command at any size, and leaves the keys of others alone', async () => {
    const { cache, keyPrefix } = open();
    const some = await cache({ name: 'c' });
    const other = await cache({ name: 'other' });
    await redis.server.cli('SET', 'sess:1', 'a session');
    await redis.server.cli('SET', `${keyPrefix}:mine`, 'own');
    await other.set('key', 1);
    await some.mset(numbered(2_000).map((key) => ({ key, value: key })));
    expect(await commandsOf(redis.server, () => some.clear())).toEqual({ unlink: 1 });
    expect((await some.mget(numbered(2_000))).some((value) => value !== undefined)).toBe(false);
    expect(await redis.server.cli('GET', 'sess:1')).toBe('a session');
    expect(await redis.server.cli('GET', `${keyPrefix}:mine`)).toBe('own');
    expect(await other.get('key')).toBe(1);
    const part = some.namespace('part');
    await part.set('key', 1);
    expect(await commandsOf(redis.server, () => part.clear())).toEqual({ unlink: 1 });
    expect(await part.get('key')).toBe(undefined);
  });

  it('a namespace that is asked for again costs no more than the cache itself', async () => {
    const { cache } = open();
    const some = await cache({ name: 'c' });
    const part = (name: string) => some.namespace(name).namespace('inner');
    await part('a').set('key', 1);
    const write = () => part('a').set('key', 2);
    expect(await commandsOf(redis.server, write)).toEqual(writing(1));
    const reads = () => Promise.all(numbered(8).map((key) => part('a').get(key)));
    expect(await commandsOf(redis.server, reads)).toEqual({ mget: 1 });
    for (const name of numbered(1_100)) some.namespace(name);
    await part('a').set('key', 3);
    expect(await commandsOf(redis.server, write)).toEqual(writing(1));
  });

  it('del and deletePattern take nothing but the entries', async () => {
    const { cache, keyPrefix } = open();
    const some = await cache({ name: 'c' });
    await redis.server.cli('SET', `${keyPrefix}:c:v:x`, 'not ours');
    await redis.server.cli('SET', `${keyPrefix}:c:v:{foreign}`, 'not an entry');
    await some.mset(numbered(1_200).map((key) => ({ key, value: 1 })));
    expect(await some.deletePattern('*')).toBe(1_200);
    expect((await redis.server.cli('KEYS', `${keyPrefix}:*`)) as string[]).toEqual(
      expect.arrayContaining([`${keyPrefix}:c:v:x`, `${keyPrefix}:c:v:{foreign}`]),
    );
  });
});

describe('how many commands', () => {
  it('a lone get is one command', async () => {
    const cache = await open().cache();
    await cache.set('key', 1);
    expect(await commandsOf(redis.server, () => cache.get('key'))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, () => cache.get('missing'))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, () => cache.getOrSet('key', () => 2))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, () => cache.mget(['key']))).toEqual({ mget: 1 });
  });

  it('mset takes a round trip per 128 entries, mdel one per 128 keys', async () => {
    const some = await open().cache();
    await some.set('other', 1);
    const mset = (count: number) => () => some.mset(numbered(count).map((key) => ({ key, value: 1 })));
    const mdel = (count: number) => () => some.mdel(numbered(count));
    expect(await commandsOf(redis.server, mset(128))).toEqual(writing(128));
    expect(await commandsOf(redis.server, mset(129))).toEqual(writing(129, 2));
    expect(await commandsOf(redis.server, mdel(128))).toEqual(removing(128));
    expect(await commandsOf(redis.server, mdel(129))).toEqual({ ...removing(129, 2), set: 128, del: 130 });
  });

  it('seven gets of one turn are pipelined, from eight on they are MGETs of at most 128 keys', async () => {
    const cache = await open().cache();
    await cache.mset(numbered(300).map((key) => ({ key, value: key })));
    const gets = (count: number) => (): Promise<unknown> =>
      Promise.all(numbered(count).map(async (key) => expect(await cache.get(key)).toBe(key)));
    expect(await commandsOf(redis.server, gets(7))).toEqual({ mget: 1, get: 7 });
    expect(await commandsOf(redis.server, gets(8))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, gets(128))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, gets(129))).toEqual({ mget: 3 });
    expect(await commandsOf(redis.server, gets(300))).toEqual({ mget: 4 });
    expect(await commandsOf(redis.server, () => cache.mget(numbered(300)))).toEqual({ mget: 4 });
  });

  it('nothing asked for is nothing sent', async () => {
    const cache = await open().cache();
    const nothing = async (): Promise<void> => {
      await cache.mget([]);
      await cache.mset([]);
      await cache.mdel([]);
      await cache.getOrSetMany([], async () => new Map());
      cache.namespace('part');
      await cache.disconnect();
    };
    expect(await commandsOf(redis.server, nothing)).toEqual({});
  });

  it('a write is one command and a look at the generation; many writes are one of each', async () => {
    const cache = await open().cache();
    await cache.get('learn the generation');
    await cache.set('first', 1);
    expect(await commandsOf(redis.server, () => cache.set('key', 1))).toEqual(writing(1));
    const many = numbered(100).map((key) => ({ key, value: 1 }));
    expect(await commandsOf(redis.server, () => cache.mset(many))).toEqual(writing(100));
    expect(await commandsOf(redis.server, () => cache.del('key'))).toEqual(removing(1));
    expect(await commandsOf(redis.server, () => cache.mdel(numbered(100)))).toEqual(removing(100));
    expect(await commandsOf(redis.server, () => cache.has('key'))).toEqual({ mget: 1, getrange: 1, pttl: 1 });
  });

  it('getOrSetMany takes three round trips, whatever is missing', async () => {
    const cache = await open().cache();
    await cache.getOrSet('warm', () => 1);
    const load = async (missing: string[]): Promise<Map<string, number>> =>
      new Map(missing.map((key) => [key, 1]));
    const work = (): Promise<unknown> => cache.getOrSetMany(['warm', ...numbered(50)], load);
    expect(await commandsOf(redis.server, work)).toEqual(loading(50));
    expect(await commandsOf(redis.server, work)).toEqual({ mget: 1 });
  });

  it('a joiner of a load sends nothing', async () => {
    const cache = await open().cache();
    await cache.getOrSet('warm', () => 1);
    const fifty = (): Promise<unknown> =>
      Promise.all(numbered(50).map(() => cache.getOrSet('key', async () => 'loaded')));
    expect(await commandsOf(redis.server, fifty)).toEqual(loading(1));
  });

  it('a walk over ten thousand keys of a crowded database never uses KEYS', async () => {
    const { cache, keyPrefix } = open();
    const some = await cache({ name: 'walked' });
    const keys = numbered(10_000);
    await some.mset(keys.map((key) => ({ key, value: 1 })));
    await redis.server.cli('SET', `${keyPrefix}:walked:v`, 'other');
    const counts = await commandsOf(redis.server, async () => {
      const seen: string[] = [];
      for await (const key of some.keys()) seen.push(key);
      expect(seen.length).toBe(10_000);
      expect(new Set(seen).size).toBe(10_000);
    });
    expect(Object.keys(counts).sort()).toEqual(['getrange', 'mget', 'scan']);
    expect(await commandsOf(redis.server, () => some.deletePattern('key:1*'))).not.toHaveProperty('keys');
    expect(await some.has('key:2')).toBe(true);
    expect(await some.has('key:1')).toBe(false);
  });
});

describe('large values', () => {
  it('one that is known to be large does not keep the small ones of its turn waiting', async () => {
    const cache = await open().cache();
    const large = 'x'.repeat(5_000_000);
    await cache.set('large', large);
    await cache.mset(numbered(20).map((key) => ({ key, value: key })));
    expect(await cache.get('large')).toBe(large);
    const order: string[] = [];
    const look = async (key: string): Promise<void> => {
      await cache.get(key);
      order.push(key);
    };
    const counts = await commandsOf(redis.server, () => Promise.all(['large', ...numbered(20)].map(look)));
    expect(order.at(-1)).toBe('large');
    expect(counts).toEqual({ mget: 2 });
  });

  it('one that has become small again goes with the others', async () => {
    const cache = await open().cache();
    await cache.set('key', 'x'.repeat(100_000));
    await cache.get('key');
    await cache.set('key', 'small');
    await cache.get('key');
    const both = (): Promise<unknown> => Promise.all(['key', 'other'].map((key) => cache.get(key)));
    expect(await commandsOf(redis.server, both)).toEqual({ mget: 1, get: 2 });
  });
});
