import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisCacheError } from '../../../src/errors.js';
import { cachesOn, connectTo, type TestConnection } from '../../contract/redis-caches.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

describe('a Redis that is full and may evict nothing', () => {
  let server: RedisServer;
  let connected: TestConnection;
  beforeAll(async () => {
    server = await startRedis();
    connected = await connectTo(server.url);
  });
  afterAll(async () => {
    await connected.connection.close();
    await server.stop();
  });
  /** Leaves no room for one more byte. */
  const fill = (): Promise<unknown> => server.cli('CONFIG', 'SET', 'maxmemory', '1');
  const makeRoom = (): Promise<unknown> => server.cli('CONFIG', 'SET', 'maxmemory', '0');

  it('reads, removes and clears, refuses writes by the policy, and the connection stays up', async () => {
    const { cache, events } = cachesOn(connected.connection);
    const open = await cache({ name: 'open' });
    const strict = await cache({ name: 'strict', onError: 'throw' });
    await open.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    await fill();
    expect(await open.get('a')).toBe(1);
    expect(await open.set('c', 3)).toBe(3);
    expect(await open.get('c')).toBeUndefined();
    expect(await open.add('c', 3)).toBe(false);
    expect(await open.getOrSet('d', () => 'loaded')).toBe('loaded');
    await expect(strict.set('c', 3)).rejects.toThrow(RedisCacheError);
    await expect(strict.set('c', 3)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(events.of('error').every(({ error }) => error.message.includes('OOM'))).toBe(true);
    expect(await open.del('a')).toBe(true);
    expect(await open.get('a')).toBeUndefined();
    expect(await open.clear()).toBe(true);
    expect(await open.get('b')).toBeUndefined();
    expect(connected.connection.available).toBe(true);

    await makeRoom();
    await open.set('c', 3);
    expect(await open.get('c')).toBe(3);
    expect(await open.get('b')).toBeUndefined();
  });
});
