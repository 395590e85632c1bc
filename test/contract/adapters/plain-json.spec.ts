import { setTimeout as sleep } from 'node:timers/promises';
import { redisInsStore } from 'cache-manager-redis-yet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCodec } from '../../../src/codec/create-codec.js';
import { InvalidOptionsError, NotANumberError, SerializationError } from '../../../src/errors.js';
import { plainJsonStore } from '../../../src/store/plain-json-store.js';
import type { Store } from '../../../src/store/store.js';
import { storeConformance } from '../../../src/testing/store-suite.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { connect, ground, list, openStore, put, unique, values, type Ground } from './harness.js';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

async function open(
  prefix = `${unique()}:`,
): Promise<{ store: Store; prefix: string; base: Ground; old: ReturnType<typeof redisInsStore> }> {
  const connection = await connect(server);
  const base = ground('json', connection);
  const store = await openStore(plainJsonStore({ prefix }), base);
  const old = redisInsStore(connection.client as never, { keyPrefix: prefix.slice(0, -1) });
  return { store, prefix, base, old };
}

storeConformance(
  { describe, it, expect },
  {
    name: 'plain JSON',
    open: async () => ({ store: (await open()).store, pass: (milliseconds) => sleep(milliseconds) }),
    capabilities: { namespaces: false },
  },
);

describe('plain JSON beside cache-manager-redis-yet', () => {
  it('reads what it wrote, with its time to live', async () => {
    const { store, old } = await open();
    await old.set('user:1', { name: 'Žofie', tags: ['a'], none: null }, 5_500);
    await old.set('forever', 0);
    expect(await values(store, 'user:1', 'forever', 'missing')).toStrictEqual([
      { name: 'Žofie', tags: ['a'], none: null },
      0,
      undefined,
    ]);
    expect(await store.ttl('user:1')).toBeLessThanOrEqual(5_500);
    expect(await store.ttl('user:1')).toBeGreaterThan(0);
    expect(await store.ttl('forever')).toBe(null);
  });

  it('writes what it reads', async () => {
    const { store, old, prefix } = await open();
    await store.write(
      [
        { key: 'a', value: { list: [1, 'two', false] }, ttl: 60_000 },
        { key: 'b', value: 'text', ttl: null },
      ],
      'set',
    );
    expect(await old.get('a')).toStrictEqual({ list: [1, 'two', false] });
    expect(await old.get('b')).toBe('text');
    expect(await server.cli('GET', `${prefix}a`)).toBe('{"list":[1,"two",false]}');
    expect(await server.cli('PTTL', `${prefix}a`)).toBeGreaterThan(50_000);
    expect(await server.cli('PTTL', `${prefix}b`)).toBe(-1);
  });

  it('counts on the integers that it wrote, and it reads the sums', async () => {
    const { store, old, prefix } = await open();
    await old.set('count', 41, 60_000);
    expect(await store.increment('count', 1, { initial: undefined, ttl: null })).toBe(42);
    expect(await old.get('count')).toBe(42);
    expect(await server.cli('PTTL', `${prefix}count`)).toBeGreaterThan(50_000);
  });

  it.each([['"7"'], ['7.5'], ['[7]'], ['9007199254740991'], ['007'], ['-0'], ['']])(
    'leaves %s alone when it is told to count on it',
    async (text) => {
      const { store, prefix } = await open();
      await server.cli('SET', `${prefix}k`, text);
      const counted = store.increment('k', 1, { initial: 0, ttl: null });
      await expect(counted).rejects.toThrow(NotANumberError);
      expect(await server.cli('GET', `${prefix}k`)).toBe(text);
    },
  );

  it('leaves a list alone when it is told to count on it', async () => {
    const { store, prefix } = await open();
    await server.cli('RPUSH', `${prefix}k`, '1');
    await expect(store.increment('k', 1, { initial: 0, ttl: null })).rejects.toThrow(NotANumberError);
  });
});

describe('plain JSON', () => {
  it('takes what is no JSON and what is no string for a miss, and tells of it', async () => {
    const { store, prefix, base } = await open();
    await server.cli('SET', `${prefix}text`, 'not { json');
    await server.cli('RPUSH', `${prefix}list`, '1');
    await server.cli('SET', `${prefix}good`, '1');
    expect(await values(store, 'text', 'list', 'good')).toStrictEqual([undefined, undefined, 1]);
    expect(base.unreadable).toStrictEqual(['text', 'list']);
  });

  it('refuses what JSON does not keep, and writes nothing then', async () => {
    const { store, prefix } = await open();
    const writing = store.write(
      [
        { key: 'a', value: 1, ttl: null },
        { key: 'b', value: new Date(0), ttl: null },
      ],
      'set',
    );
    await expect(writing).rejects.toThrow(SerializationError);
    expect(await server.cli('EXISTS', `${prefix}a`, `${prefix}b`)).toBe(0);
  });

  it('leaves properties that are undefined out, as JSON does', async () => {
    const { store } = await open();
    await put(store, 'k', { a: 1, b: undefined });
    expect(await values(store, 'k')).toStrictEqual([{ a: 1 }]);
  });

  it('takes a prefix with the signs of a glob for what it is', async () => {
    const { store } = await open('a*[b]?:');
    await server.cli('SET', 'aXb?:other', '1');
    await put(store, 'mine', 1);
    expect(await list(store.keys('*'))).toStrictEqual(['mine']);
    await store.clear();
    expect(await values(store, 'mine')).toStrictEqual([undefined]);
    expect(await server.cli('EXISTS', 'aXb?:other')).toBe(1);
  });

  it('clears hundreds of keys below its prefix and no other, without KEYS or FLUSHDB', async () => {
    const { store, prefix } = await open();
    await server.cli('CONFIG', 'RESETSTAT');
    await server.cli('SET', 'sess:1', 'a session');
    const entries = Array.from({ length: 1_200 }, (_, index) => ({
      key: `k${index}`,
      value: index,
      ttl: null,
    }));
    await store.write(entries, 'set');
    await store.clear();
    expect(await server.cli('EXISTS', ...entries.slice(0, 50).map(({ key }) => prefix + key))).toBe(0);
    expect(await list(store.keys('*'))).toStrictEqual([]);
    expect(await server.cli('GET', 'sess:1')).toBe('a session');
    expect(await server.cli('INFO', 'commandstats')).not.toMatch(/cmdstat_(keys|flushdb|flushall):/);
  });

  it('without a prefix refuses whatever would reach the keys of others', async () => {
    const { store } = await open('');
    await server.cli('SET', 'sess:2', 'a session');
    await put(store, 'user:1', 1);
    await expect(store.clear()).rejects.toThrow(InvalidOptionsError);
    await expect(list(store.keys('*'))).rejects.toThrow('nothing tells its keys from those of others');
    await expect(list(store.keys('[u]ser:*'))).rejects.toThrow(InvalidOptionsError);
    expect(await list(store.keys('user:*'))).toStrictEqual(['user:1']);
    expect(await server.cli('EXISTS', 'sess:2', 'user:1')).toBe(2);
  });

  it('needs a connection and a prefix', async () => {
    expect(() => plainJsonStore({} as never)).toThrow('plainJsonStore.prefix');
    expect(() => plainJsonStore(undefined as never)).toThrow('plainJsonStore.prefix');
    const base = ground('json');
    await expect(openStore(plainJsonStore({ prefix: 'a:' }), base)).rejects.toThrow('needs a connection');
  });

  it('asks for a codec that refuses what would be lost', () => {
    const { format } = plainJsonStore({ prefix: 'a:' });
    const options = { types: [Date], serializer: undefined, compressor: undefined, maxBytes: Infinity };
    expect(() => createCodec({ ...options, format: format ?? 'entry' })).toThrow(InvalidOptionsError);
  });
});
