import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { openCaches, type CacheSetup } from '../../src/testing/index.js';
import { connectTo, SharedRedis } from './redis-caches.js';

const redis = new SharedRedis();
let elsewhere: ManagedConnection;

beforeAll(async () => {
  elsewhere = (await connectTo(redis.server.url)).connection;
});
afterAll(() => elsewhere.close());

let prefixes = 0;

/** The same caches as two processes have them: each with a connection and a memory of its own. */
function open(): [here: CacheSetup, there: CacheSetup] {
  const keyPrefix = `two${++prefixes}`;
  const on = (connection: ManagedConnection): CacheSetup =>
    openCaches({
      store: 'redis',
      clock: systemClock,
      keyPrefix,
      connections: new Map([['default', connection]]),
    });
  return [on(redis.connection), on(elsewhere)];
}

describe('two processes with the same cache', () => {
  it('see what the other writes, removes, counts and clears', async () => {
    const [here, there] = await Promise.all(open().map((setup) => setup.cache()));
    if (!here || !there) throw new Error('There are two.');
    await here.set('key', { a: new Date(0) });
    expect(await there.get('key')).toEqual({ a: new Date(0) });
    await there.del('key');
    expect(await here.get('key')).toBe(undefined);
    await Promise.all([here, there, here, there].map((cache) => cache.incr('n', 1, { initial: 0 })));
    expect(await here.get('n')).toBe(4);
    expect(await Promise.all([here.add('once', 1), there.add('once', 2)])).toContain(false);
    await there.namespace('part').set('key', 1);
    await here.namespace('part').clear();
    expect(await there.namespace('part').get('key')).toBe(undefined);
    await there.clear();
    expect(await here.mget(['n', 'once'])).toEqual([undefined, undefined]);
  });

  it('a write after the other has cleared is kept, whatever the writer knew', async () => {
    const [here, there] = await Promise.all(open().map((setup) => setup.cache()));
    if (!here || !there) throw new Error('There are two.');
    const writes: (() => Promise<unknown>)[] = [
      () => here.set('key', 'value'),
      () => here.mset([{ key: 'key', value: 'value' }]),
      () => here.add('key', 'value'),
      () => here.getOrSet('key', () => 'value'),
      () => here.getOrSet('key', () => 'value', { fresh: true }),
      () => here.getOrSetMany(['key'], async () => new Map([['key', 'value']])),
      () => here.wrap('key', () => 'value'),
    ];
    for (const write of writes) {
      await here.set('old', 1);
      await there.clear();
      await write();
      expect(await there.get('key'), String(write)).toBe('value');
      expect(await here.mget(['key', 'old'])).toEqual(['value', undefined]);
    }
    await here.incr('count', 1, { initial: 5 });
    await there.clear();
    expect(await here.incr('count', 1, { initial: 0 })).toBe(1);
    expect(await here.touch('key', null)).toBe(false);
  });

  it('no write is lost and none comes back while one clears and the other writes', async () => {
    const [here, there] = await Promise.all(open().map((setup) => setup.cache()));
    if (!here || !there) throw new Error('There are two.');
    for (let round = 0; round < 60; round++) {
      const before = `before ${round}`;
      const during = Array.from({ length: 5 }, (_, index) => `during ${round} ${index}`);
      await here.set(before, 1);
      const clear = there.clear();
      const writes = during.map((key) => here.set(key, key));
      await clear;
      const after = await here.set('after', round);
      await Promise.all(writes);
      expect(await here.get(before)).toBe(undefined);
      expect(await there.get('after')).toBe(after);
      // Each was written before or after the clear, and both processes see the same.
      const seen = await Promise.all([here.mget(during), there.mget(during)]);
      expect(seen[0]).toEqual(seen[1]);
    }
  });

  it('many who clear and write at once come to an end', async () => {
    const [here, there] = await Promise.all(open().map((setup) => setup.cache({ onError: 'throw' })));
    if (!here || !there) throw new Error('There are two.');
    const storm = async (): Promise<void> => {
      for (let round = 0; round < 50; round++) await there.clear();
    };
    const writing = async (): Promise<void> => {
      for (let round = 0; round < 50; round++) await here.set('key', round);
    };
    await Promise.all([storm(), writing()]);
    await here.set('key', 'last');
    expect(await there.get('key')).toBe('last');
  });

  it('two versions of a cache live side by side, and a changed version hides the old entries', async () => {
    const [here, there] = open();
    const old = await here.cache({ name: 'c', version: 1 });
    const next = await there.cache({ name: 'c', version: 2 });
    await old.set('key', 'one');
    expect(await next.get('key')).toBe(undefined);
    await next.set('key', 'two');
    expect(await old.get('key')).toBe('one');
    await next.clear();
    expect(await old.get('key')).toBe('one');
    expect(await (await there.cache({ name: 'c', version: 1 })).get('key')).toBe('one');
  });
});
