import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import type { StoreWrite } from '../../src/store/store.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { connectTo } from './redis-caches.js';
import { storeOn, toldOf } from './redis-stores.js';

const MINUTE = 60_000;
let server: RedisServer;
let connection: ManagedConnection;

beforeAll(async () => {
  server = await startRedis({ config: { 'maxmemory-policy': 'noeviction' } });
  connection = (await connectTo(server.url)).connection;
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

const put = (key: string, value: unknown, tags: string[] = []): StoreWrite => ({
  key,
  value,
  ttl: MINUTE,
  tags,
});

/** Runs `work` while the server takes nothing new. */
async function full<T>(work: () => Promise<T>): Promise<T> {
  await server.cli('CONFIG', 'SET', 'maxmemory', '1');
  try {
    return await work();
  } finally {
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
  }
}

describe('a server that is full', () => {
  it('refuses a set, and what it was to replace is gone, with its lease', async () => {
    const { store, entry, lease } = storeOn(connection);
    await store.write([put('a', 1), put('b', 2), put('other', 3)], 'set');
    await server.cli('SET', lease('a'), 'token');
    await full(async () => {
      await expect(store.write([put('a', 5), put('b', 6), put('new', 7)], 'set')).rejects.toThrow(/^OOM /);
    });
    for (const key of [entry('a'), entry('b'), entry('new'), lease('a')]) {
      expect(await server.cli('EXISTS', key)).toBe(0);
    }
    expect((await store.read(['other']))[0]?.value).toBe(3);
  });

  it('wakes whoever waits for the lease of a set that it refused', async () => {
    const { store, entry, lease } = storeOn(connection);
    await store.write([put('warm', 1)], 'set');
    await server.cli('SET', lease('key'), 'token');
    const told = await full(() =>
      toldOf(
        server,
        entry('key'),
        () => store.write([put('key', 1)], 'set').catch(() => undefined),
        (keys) => keys.length > 0,
      ),
    );
    expect(told).toEqual([`${entry('key')}!`]);
  });

  it('refuses a tagged set whose tag is new, and what it was to replace is gone', async () => {
    const { store, entry } = storeOn(connection);
    await store.write([put('key', 1)], 'set');
    await full(async () => {
      await expect(store.write([put('key', 5, ['new'])], 'set')).rejects.toThrow(/^OOM /);
    });
    expect(await server.cli('EXISTS', entry('key'))).toBe(0);
  });

  it('refuses an add and a counter, and what is there stays', async () => {
    const { store } = storeOn(connection);
    await store.write([put('key', 1)], 'set');
    await full(async () => {
      await expect(store.write([put('new', 5)], 'add')).rejects.toThrow(/^OOM /);
      await expect(store.increment('key', 1, { initial: 0, ttl: null })).rejects.toThrow(/^OOM /);
      expect(await store.write([put('key', 5)], 'add')).toEqual([false]);
    });
    expect((await store.read(['key', 'new'])).map((one) => one?.value)).toEqual([1, undefined]);
  });

  it('removes, clears and touches, and tells of a removal of nothing', async () => {
    const { store, entry, lease } = storeOn(connection);
    await store.write([put('a', 1), put('b', 2)], 'set');
    await server.cli('SET', lease('absent'), 'token');
    await full(async () => {
      expect(await store.touch('b', 60 * MINUTE)).toBe(true);
      const told = await toldOf(
        server,
        entry('').slice(0, entry('').indexOf('{')),
        async () => expect(await store.delete(['a', 'absent'])).toBe(1),
        (keys) => keys.length >= 2,
      );
      expect(told.toSorted()).toEqual([`${entry('absent')}!`, entry('a')].toSorted());
      expect(await store.ttl('b')).toBeGreaterThan(MINUTE);
      await store.clear();
      expect((await store.read(['b']))[0]).toBeUndefined();
    });
    expect(await server.cli('EXISTS', lease('absent'))).toBe(0);
  });

  it('makes an entry stale that has a grace', async () => {
    const { store, entry } = storeOn(connection);
    await store.write([{ key: 'key', value: 1, ttl: MINUTE, grace: MINUTE }], 'set');
    await full(async () => expect(await store.coherence.expire('key')).toBe(true));
    expect((await store.read(['key']))[0]?.staleFor).toBeGreaterThanOrEqual(0);
    expect(Number(await server.cli('PTTL', entry('key')))).toBeLessThanOrEqual(MINUTE);
  });
});
