import { afterEach, describe, expect, it } from 'vitest';
import { openEntry } from '../../src/codec/envelope.js';
import { newGeneration } from '../../src/codec/generation.js';
import type { Store, StoreWrite } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { commandsOf } from './redis-commands.js';
import { SharedRedis } from './redis-caches.js';
import { storeOn, toldOf } from './redis-stores.js';

const redis = new SharedRedis();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const put = (key: string, value: unknown, more: Partial<StoreWrite> = {}): StoreWrite => ({
  key,
  value,
  ttl: MINUTE,
  ...more,
});
const open = () => storeOn(redis.connection);
const cli = (...args: (string | number)[]) => redis.server.cli(...args);
const valueOf = async (store: Store, key: string) => (await store.read([key]))[0]?.value;
/** Makes an entry stale without waiting. */
const outlive = (key: string) => cli('SETRANGE', key, 10, '0000000');

describe('a barrier', () => {
  it('lets no set through: it reports false, and nothing is left of it', async () => {
    const { store, entry, barrier } = open();
    await cli('ZADD', barrier('b'), 1, 'token');
    const written = await store.write([put('a', 1), put('b', 2), put('c', 3)], 'set');
    expect(written).toEqual([true, false, true]);
    expect(await cli('EXISTS', entry('b'))).toBe(0);
    expect(await cli('TYPE', barrier('b'))).toBe('zset');
    expect(await Promise.all(['a', 'b', 'c'].map((key) => valueOf(store, key)))).toEqual([1, undefined, 3]);
  });

  it('lets no add and no counter through', async () => {
    const { store, entry, barrier } = open();
    await cli('ZADD', barrier('b'), 1, 'token');
    expect(await store.write([put('b', 1)], 'add')).toEqual([false]);
    await expect(store.increment('b', 1, { initial: 0, ttl: null })).rejects.toMatchObject({
      code: 'REDIS_REFUSED',
    });
    expect(await cli('EXISTS', entry('b'))).toBe(0);
  });
});

describe('a lease', () => {
  const changes: [string, (store: Store) => Promise<unknown>][] = [
    ['set', (store) => store.write([put('key', 2)], 'set')],
    ['add', (store) => store.write([put('key', 2)], 'add')],
    ['delete', (store) => store.delete(['key'])],
    ['incr', (store) => store.increment('key', 1, { initial: 0, ttl: null })],
  ];

  it.each(changes)('is ended by %s', async (name, change) => {
    const { store, entry, lease } = open();
    await store.write([put('key', 1)], 'set');
    if (name === 'add') await cli('DEL', entry('key'));
    await cli('SET', lease('key'), 'token');
    await change(store);
    expect(await cli('EXISTS', lease('key'))).toBe(0);
  });

  it('is left alone by reads, by touch and by an add that does nothing', async () => {
    const { store, lease } = open();
    await store.write([put('key', 1)], 'set');
    await cli('SET', lease('key'), 'token');
    await store.read(['key']);
    expect(await store.touch('key', HOUR)).toBe(true);
    expect(await store.write([put('key', 2)], 'add')).toEqual([false]);
    expect(await cli('GET', lease('key'))).toBe('token');
  });
});

describe('an entry', () => {
  it('lives for ttl and grace in Redis, and says when it becomes stale', async () => {
    const { store, entry } = open();
    const before = redis.connection.now();
    await store.write([put('key', 1, { ttl: MINUTE, grace: HOUR }), put('ever', 1, { ttl: null })], 'set');
    const [found, ever] = await store.read(['key', 'ever']);
    expect(found?.expiresAt).toBe((found?.createdAt as number) + MINUTE);
    expect(found?.createdAt).toBeGreaterThanOrEqual(Math.floor(before));
    expect(found).not.toHaveProperty('staleFor');
    expect(found).not.toHaveProperty('tags');
    expect(ever?.expiresAt).toBeNull();
    const left = Number(await cli('PTTL', entry('key')));
    expect(left).toBeGreaterThan(HOUR + MINUTE - 10_000);
    expect(left).toBeLessThanOrEqual(HOUR + MINUTE);
    expect(await cli('PTTL', entry('ever'))).toBe(-1);
    expect(await store.ttl('key')).toBeLessThanOrEqual(MINUTE);
    expect(await store.ttl('key')).toBeGreaterThan(MINUTE - 10_000);
  });

  it('that is stale is given with how long, and counts as absent', async () => {
    const { store, entry } = open();
    const writes = ['read', 'add', 'count', 'touch', 'ttl'].map((key) => put(key, 5, { grace: HOUR }));
    await store.write(writes, 'set');
    for (const { key } of writes) await outlive(entry(key));
    const [found] = await store.read(['read']);
    expect(found?.value).toBe(5);
    expect(found?.staleFor).toBeGreaterThan(0);
    expect(found?.staleFor).toBe(Math.floor(found?.staleFor as number));
    expect(await store.ttl('ttl')).toBeUndefined();
    expect(await store.touch('touch', HOUR)).toBe(false);
    const keys: string[] = [];
    for await (const key of store.keys('*')) keys.push(key);
    expect(keys).toEqual([]);
    expect(await store.increment('count', 1, { initial: undefined, ttl: null })).toBeUndefined();
    expect(await store.increment('count', 1, { initial: 10, ttl: MINUTE })).toBe(11);
    expect(Number(await cli('PTTL', entry('count')))).toBeLessThanOrEqual(MINUTE);
    expect(await store.write([put('add', 6)], 'add')).toEqual([true]);
    expect((await store.read(['add']))[0]).toMatchObject({ value: 6 });
    expect((await store.read(['add']))[0]).not.toHaveProperty('staleFor');
  });

  it('that is touched keeps its grace, unless it never becomes stale', async () => {
    const { store, entry } = open();
    await store.write([put('key', 1, { ttl: 10_000, grace: HOUR }), put('ever', 1, { ttl: null })], 'set');
    expect(await store.touch('key', 2 * MINUTE)).toBe(true);
    const left = Number(await cli('PTTL', entry('key')));
    expect(Math.abs(left - HOUR - 2 * MINUTE)).toBeLessThan(5_000);
    expect(await store.ttl('key')).toBeGreaterThan(2 * MINUTE - 5_000);
    expect(await store.touch('key', null)).toBe(true);
    expect(await store.ttl('key')).toBeNull();
    expect(await cli('PTTL', entry('key'))).toBe(-1);
    expect(await store.touch('ever', MINUTE)).toBe(true);
    expect(Number(await cli('PTTL', entry('ever')))).toBeLessThanOrEqual(MINUTE);
    expect(await valueOf(store, 'ever')).toBe(1);
  });

  it('that is expired is stale for its grace, and without one it is gone', async () => {
    const { store, entry, lease } = open();
    await store.write(
      [put('graced', 1, { grace: HOUR }), put('plain', 1), put('ever', 1, { ttl: null })],
      'set',
    );
    await cli('SET', lease('graced'), 'token');
    for (const key of ['graced', 'plain', 'ever']) {
      expect(await store.coherence.expire(key), key).toBe(true);
      expect(await store.coherence.expire(key), key).toBe(false);
    }
    expect((await store.read(['graced']))[0]).toMatchObject({ value: 1 });
    expect((await store.read(['graced']))[0]?.staleFor).toBeGreaterThanOrEqual(0);
    const left = Number(await cli('PTTL', entry('graced')));
    expect(left).toBeGreaterThan(HOUR - 10_000);
    expect(left).toBeLessThanOrEqual(HOUR + 1_000);
    expect(await cli('EXISTS', lease('graced'), entry('plain'), entry('ever'))).toBe(0);
    expect(await store.coherence.expire('missing')).toBe(false);
  });

  it('whose generation is lost is absent, and so is one with another number of generations', async () => {
    const { store, entry, space } = open();
    const part = store.namespace('part');
    await part.write([put('key', 1)], 'set');
    await cli('COPY', space.namespace('part').entryKey('key'), entry('copied'));
    expect(await valueOf(store, 'copied')).toBeUndefined();
    expect(await store.write([put('copied', 2)], 'add')).toEqual([true]);
    await cli('DEL', space.generationKeys[0] as string);
    expect(await valueOf(store, 'copied')).toBeUndefined();
    expect(await valueOf(part, 'key')).toBeUndefined();
  });
});

describe('a process that has not heard of a clear', () => {
  it('adds no second time what another has added since', async () => {
    const { store, again } = open();
    const other = again();
    await Promise.all([store.write([put('x', 1)], 'set'), other.write([put('y', 1)], 'set')]);
    await store.clear();
    expect(await store.write([put('key', 'first')], 'add')).toEqual([true]);
    expect(await other.write([put('key', 'second')], 'add')).toEqual([false]);
    expect(await valueOf(store, 'key')).toBe('first');
  });

  it('counts on, and touches what is there', async () => {
    const { store, again } = open();
    const others = [again(), again()] as const;
    for (const one of [store, ...others]) await one.write([put('x', 1)], 'set');
    await store.clear();
    expect(await store.increment('key', 1, { initial: 0, ttl: MINUTE })).toBe(1);
    expect(await others[0].increment('key', 1, { initial: 0, ttl: MINUTE })).toBe(2);
    expect(await others[1].touch('key', HOUR)).toBe(true);
    expect(await store.ttl('key')).toBeGreaterThan(MINUTE);
  });

  it('takes an entry from before the clear for none', async () => {
    const { store, again } = open();
    const other = again();
    await store.write([put('added', 1), put('counted', 7), put('touched', 1)], 'set');
    await other.clear();
    expect(await store.write([put('added', 2)], 'add')).toEqual([true]);
    expect(await store.increment('counted', 1, { initial: 0, ttl: null })).toBe(1);
    expect(await store.touch('touched', HOUR)).toBe(false);
  });

  it('writes what is valid', async () => {
    const { store, again } = open();
    const other = again();
    await other.write([put('x', 1)], 'set');
    await store.clear();
    await store.write([put('y', 1)], 'set');
    expect(await other.write([put('key', 1)], 'set')).toEqual([true]);
    expect(await valueOf(store, 'key')).toBe(1);
  });
});

describe('a tagged entry', () => {
  const tagged = (key: string, value: unknown, ...tags: string[]): StoreWrite => put(key, value, { tags });

  it('is given with its tags while all of them are the ones it was written under', async () => {
    const { store, space } = open();
    await store.write([tagged('key', 1, 'a', 'b'), tagged('other', 2, 'b'), put('plain', 3)], 'set');
    expect((await store.read(['key']))[0]?.tags).toEqual(['a', 'b']);
    await cli('SET', space.tagKey('a'), `${newGeneration()}:nonce:1`);
    expect(await valueOf(store, 'key')).toBeUndefined();
    expect(await valueOf(store, 'other')).toBe(2);
    await cli('DEL', space.tagKey('b'));
    expect(await valueOf(store, 'other')).toBeUndefined();
    expect(await valueOf(store, 'plain')).toBe(3);
  });

  it('is absent while one of its tags is barred', async () => {
    const { store, space } = open();
    await store.write([tagged('key', 1, 'a')], 'set');
    const value = String(await cli('GET', space.tagKey('a')));
    await cli('SET', space.tagKey('a'), `!${value}`);
    expect(await valueOf(store, 'key')).toBeUndefined();
    await cli('ZADD', space.tagBarrierKey('a'), 1, 'token');
    const written = store.write([tagged('new', 1, 'a'), tagged('free', 1, 'b'), put('plain', 1)], 'set');
    expect(await written).toEqual([false, true, true]);
    expect(await store.write([tagged('added', 1, 'a')], 'add')).toEqual([false]);
    expect(await valueOf(store, 'new')).toBeUndefined();
    expect(await valueOf(store, 'free')).toBe(1);
  });

  it('counts as absent for everything when it is invalid', async () => {
    const { store, space } = open();
    const keys = ['added', 'counted', 'touched', 'left'];
    await store.write(
      keys.map((key) => tagged(key, 5, 'a')),
      'set',
    );
    await cli('DEL', space.tagKey('a'));
    expect(await store.ttl('left')).toBeUndefined();
    const found: string[] = [];
    for await (const key of store.keys('*')) found.push(key);
    expect(found).toEqual([]);
    expect(await store.write([put('added', 6)], 'add')).toEqual([true]);
    expect(await store.increment('counted', 1, { initial: 0, ttl: null })).toBe(1);
    expect(await store.touch('touched', HOUR)).toBe(false);
    expect(await valueOf(store, 'added')).toBe(6);
  });

  it('is added, counted on and touched like any other, and keeps its tags', async () => {
    const { store, entry, space } = open();
    expect(await store.write([tagged('key', 5, 'a', 'ü')], 'add')).toEqual([true]);
    expect(await store.write([tagged('key', 6, 'a')], 'add')).toEqual([false]);
    expect(await store.increment('key', 2, { initial: undefined, ttl: null })).toBe(7);
    expect(await store.increment('key', 2, { initial: undefined, ttl: null })).toBe(9);
    expect(await store.touch('key', HOUR)).toBe(true);
    expect(await store.ttl('key')).toBeGreaterThan(MINUTE);
    expect((await store.read(['key']))[0]).toMatchObject({ value: 9, tags: ['a', 'ü'] });
    const header = openEntry((await redis.server.raw('GET', entry('key'))) as Buffer);
    expect(header?.tags.map(({ tag }) => tag)).toEqual(['a', 'ü']);
    await cli('DEL', space.tagKey('ü'));
    expect(await valueOf(store, 'key')).toBeUndefined();
  });

  it('in the deepest namespace, with the longest tags, is found by all', async () => {
    const { store } = open();
    let part: Store = store;
    for (let depth = 0; depth < 34; depth++) part = (part as typeof store).namespace(String(depth));
    const tags = Array.from({ length: 10 }, (_, index) => `${index}${'x'.repeat(4_000)}`);
    await part.write([tagged('key', 1, ...tags), put('plain', 1)], 'set');
    expect((await part.read(['key']))[0]?.tags).toEqual(tags);
    expect(await part.ttl('key')).toBeGreaterThan(0);
    expect(await part.increment('key', 1, { initial: undefined, ttl: null })).toBe(2);
    expect(await part.increment('plain', 1, { initial: undefined, ttl: null })).toBe(2);
    const keys: string[] = [];
    for await (const key of part.keys('*')) keys.push(key);
    expect(keys.toSorted()).toEqual(['key', 'plain']);
  });

  it('that is overtaken by a later write or removal is left out', async () => {
    const { store, entry } = open();
    const first = store.write([tagged('set', 1, 'new'), tagged('deleted', 1, 'new')], 'set');
    const second = store.write([put('set', 2)], 'set');
    await store.delete(['deleted']);
    expect(await first).toEqual([false, false]);
    expect(await second).toEqual([true]);
    expect(await valueOf(store, 'set')).toBe(2);
    expect(await cli('EXISTS', entry('deleted'))).toBe(0);
  });

  it('lets its tags live as long as it does', async () => {
    const { store, space } = open();
    const year = 365 * 24 * HOUR;
    await store.write([put('year', 1, { ttl: HOUR, grace: year, tags: ['a'] })], 'set');
    expect(Number(await cli('PTTL', space.tagKey('a')))).toBeGreaterThan(year);
    await store.write([put('ever', 1, { ttl: null, tags: ['a'] })], 'set');
    expect(await cli('PTTL', space.tagKey('a'))).toBe(-1);
  });
});

describe('commands', () => {
  const WARM = { evalsha: 1, exists: 1, del: 1, mget: 1 };

  it('up to 16 sets of a turn are one script and a look at the generations', async () => {
    const { store } = open();
    await store.write([put('warm', 1)], 'set');
    const sets = (count: number) => () =>
      Promise.all(Array.from({ length: count }, (_, at) => store.write([put(`key:${at}`, at)], 'set')));
    expect(await commandsOf(redis.server, sets(1))).toEqual({ ...WARM, set: 1 });
    expect(await commandsOf(redis.server, sets(16))).toEqual({ ...WARM, set: 16 });
    expect(await commandsOf(redis.server, sets(17))).toMatchObject({ evalsha: 2, set: 17 });
  });

  it('sets of large values are a script for each megabyte, and still one look', async () => {
    const { store, barrier } = open();
    await store.write([put('warm', 1)], 'set');
    const large = 'x'.repeat(600 * 1024);
    const writes = Array.from({ length: 5 }, (_, at) => put(`key:${at}`, large));
    await cli('ZADD', barrier('key:3'), 1, 'token');
    let written: boolean[] = [];
    const counts = await commandsOf(redis.server, async () => (written = await store.write(writes, 'set')));
    expect(counts).toMatchObject({ evalsha: 3, set: 4, mget: 1 });
    expect(written).toEqual([true, true, true, false, true]);
    expect(await valueOf(store, 'key:4')).toBe(large);
    expect(await valueOf(store, 'key:3')).toBeUndefined();
  });

  it('a lone get is one MGET; one of a tagged entry two, or one where the tags are known', async () => {
    const { store } = open();
    await store.write([put('plain', 1), put('tagged', 2, { tags: ['a', 'b'] })], 'set');
    const get = (key: string, tags?: string[]) => async () =>
      expect((await store.read([key], tags))[0]?.value).toBe(key === 'plain' ? 1 : 2);
    expect(await commandsOf(redis.server, get('plain'))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, get('plain', ['a']))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, get('tagged'))).toEqual({ mget: 2 });
    expect(await commandsOf(redis.server, get('tagged', ['b', 'c', 'a']))).toEqual({ mget: 1 });
    expect(await commandsOf(redis.server, get('tagged', ['b']))).toEqual({ mget: 2 });
  });

  it('tagged entries that are read together look at their tags together', async () => {
    const { store } = open();
    const keys = Array.from({ length: 20 }, (_, at) => `key:${at}`);
    await store.write(
      keys.map((key) => put(key, key, { tags: [key, 'all'] })),
      'set',
    );
    const read = async () => expect((await store.read(keys)).map((one) => one?.value)).toEqual(keys);
    expect(await commandsOf(redis.server, read)).toEqual({ mget: 2 });
    const few = async () => expect(await store.read(keys.slice(0, 3))).toHaveLength(3);
    expect(await commandsOf(redis.server, few)).toEqual({ mget: 2, get: 3 });
  });

  it('a key that several ask for in one turn is fetched once, and each has a value of its own', async () => {
    const { store } = open();
    await store.write([put('key', { list: [1] }), put('other', 2)], 'set');
    let found: unknown[] = [];
    const reads = async () => {
      const all = await Promise.all([
        store.read(['key']),
        store.read(['other', 'key']),
        store.read(['key', 'missing']),
      ]);
      found = all.flat().map((one) => one?.value);
    };
    expect(await commandsOf(redis.server, reads)).toEqual({ mget: 1, get: 3 });
    expect(found).toEqual([{ list: [1] }, 2, { list: [1] }, { list: [1] }, undefined]);
    (found[0] as { list: number[] }).list.push(2);
    expect(found[2]).toEqual({ list: [1] });
    expect(found[3]).not.toBe(found[2]);
  });

  it('a tagged set looks its tags up first, once for all of a call', async () => {
    const { store } = open();
    const writes = ['x', 'y'].map((key) => put(key, 1, { tags: [key, 'all'] }));
    await store.write(writes, 'set');
    const counts = await commandsOf(redis.server, () => store.write(writes, 'set'));
    expect(counts).toEqual({ evalsha: 1, exists: 1, del: 1, set: 2, mget: 2 });
  });

  it('an add of an untagged entry is one script and a look at the generations', async () => {
    const { store } = open();
    await store.write([put('warm', 1)], 'set');
    const add = () => store.write([put('key', 1)], 'add');
    expect(await commandsOf(redis.server, add)).toEqual({ ...WARM, getrange: 1, set: 1 });
    expect(await commandsOf(redis.server, add)).toEqual({ evalsha: 1, getrange: 1, mget: 1 });
  });
});

describe('a server that has forgotten its scripts', () => {
  it('is given them again', async () => {
    const { store } = open();
    const again = async <T>(work: () => Promise<T>): Promise<T> => {
      await cli('SCRIPT', 'FLUSH');
      return work();
    };
    expect(await again(() => store.write([put('key', 1, { tags: ['a'] })], 'set'))).toEqual([true]);
    expect(await again(() => store.write([put('key', 1)], 'add'))).toEqual([false]);
    expect(await again(() => store.increment('key', 1, { initial: undefined, ttl: null }))).toBe(2);
    expect(await again(() => store.touch('key', HOUR))).toBe(true);
    expect(await again(() => store.delete(['key', 'missing']))).toBe(1);
    const many = Array.from({ length: 200 }, (_, at) => put(`key:${at}`, at));
    expect(await again(() => store.write(many, 'set'))).toEqual(many.map(() => true));
    expect(await valueOf(store, 'key:199')).toBe(199);
  });
});

describe('who tracks the keys of a cache', () => {
  it('is told of a set, and of a removal even where there was nothing', async () => {
    const { store, entry } = open();
    await store.write([put('there', 1)], 'set');
    const prefix = entry('').slice(0, entry('').indexOf('{'));
    const set = await toldOf(
      redis.server,
      prefix,
      () => store.write([put('key', 1)], 'set'),
      (keys) => keys.includes(entry('key')),
    );
    expect(set).toEqual([entry('key')]);
    const told = await toldOf(
      redis.server,
      prefix,
      () => store.delete(['there', 'absent']),
      (keys) => keys.length >= 2,
    );
    expect(told.toSorted()).toEqual([`${entry('absent')}!`, entry('there')].toSorted());
    expect(await cli('EXISTS', `${entry('absent')}!`)).toBe(0);
  });
});

describe('what is not an entry', () => {
  afterEach(() => cli('FLUSHALL'));

  it('is a miss, told of by name, and gives way to a set', async () => {
    const { store, entry, unreadable } = open();
    await store.write([put('warm', 1)], 'set');
    await cli('SET', entry('text'), 'some text of another program, longer than a header');
    await cli('SET', entry('old'), '~100loyw3v5n1AAAAAAAAAA-{"a":1}');
    await cli('LPUSH', entry('list'), 'x');
    expect(await store.read(['text', 'old', 'list'])).toEqual([undefined, undefined, undefined]);
    expect(unreadable.toSorted()).toEqual(['old', 'text']);
    expect(await store.ttl('text')).toBeUndefined();
    expect(await store.ttl('list')).toBeUndefined();
    expect(await store.touch('old', HOUR)).toBe(false);
    expect(await store.write([put('text', 1)], 'add')).toEqual([true]);
    expect(await store.write([put('old', 2), put('list', 3)], 'set')).toEqual([true, true]);
    expect((await store.read(['text', 'old', 'list'])).map((one) => one?.value)).toEqual([1, 2, 3]);
  });

  it('is none of what keys() tells', async () => {
    const { store, entry } = open();
    await store.write([put('mine', 1)], 'set');
    await cli('SET', entry('text'), '~2 and not much more');
    await cli('LPUSH', entry('list'), 'x');
    const keys: string[] = [];
    for await (const key of store.keys('*')) keys.push(key);
    expect(keys).toEqual(['mine']);
  });
});

it('an entry is gone from Redis when its grace is over', async () => {
  const { store, entry } = open();
  await store.write([put('key', 1, { ttl: 50, grace: 100 })], 'set');
  await eventually(async () => expect((await store.read(['key']))[0]?.staleFor).toBeGreaterThanOrEqual(0));
  await eventually(async () => expect(await cli('EXISTS', entry('key'))).toBe(0));
});
