import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { systemClock } from '../../../src/clock.js';
import { RedisUnavailableError } from '../../../src/errors.js';
import { openCaches, type CacheSetup } from '../../../src/testing/index.js';
import { connectTo, type TestConnection } from '../../contract/redis-caches.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { METHODS } from '../../unit/cache/every-method.js';

const DEADLINE = 200;

/** A server, a connection to it, and a cache for each policy. */
class Outage {
  readonly server: RedisServer;
  readonly link: TestConnection;
  readonly caches: CacheSetup;

  private constructor(server: RedisServer, link: TestConnection) {
    this.server = server;
    this.link = link;
    const connections = new Map([['default', link.connection]]);
    this.caches = openCaches({ store: 'redis', clock: systemClock, connections });
  }

  static async prepare(): Promise<Outage> {
    const server = await startRedis();
    return new Outage(server, await connectTo(server.url, { deadline: DEADLINE }));
  }

  cache(onError: 'open' | 'throw'): Promise<NamedCache> {
    return this.caches.cache({ name: onError, onError });
  }

  /** Waits until the connection is up or down. */
  async until(available: boolean): Promise<void> {
    await eventually(() => expect(this.link.connection.available).toBe(available), { timeout: 15_000 });
  }

  async end(): Promise<void> {
    await this.link.connection.close();
    await this.server.kill();
  }
}

/** Errors that came of waiting for the deadline, in contrast to those that came at once. */
function waited(caches: CacheSetup): number {
  return caches.events.of('error').filter(({ error }) => error.message.includes('no answer within')).length;
}

const OUTAGES = {
  'is killed': {
    begin: (server: RedisServer) => server.kill(),
    end: (server: RedisServer) => server.start(),
  },
  hangs: {
    begin: async (server: RedisServer) => server.pause(),
    end: async (server: RedisServer) => server.resume(),
  },
};

describe.each(Object.entries(OUTAGES))('Redis %s', (_, { begin, end }) => {
  let outage: Outage;

  beforeAll(async () => {
    outage = await Outage.prepare();
    for (const policy of ['open', 'throw'] as const) {
      await (await outage.cache(policy)).set('key', 'before');
    }
    await begin(outage.server);
  });
  afterAll(async () => {
    if (outage.server.running) outage.server.resume();
    await outage.end();
  });

  it('a hundred calls cost a few deadlines in all', async () => {
    const cache = await outage.cache('open');
    outage.caches.events.clear();
    for (let call = 0; call < 100; call++) expect(await cache.get('key')).toBe(undefined);
    expect(outage.caches.events.count('error')).toBe(100);
    expect(waited(outage.caches)).toBeLessThanOrEqual(5);
    expect(outage.link.connection.available).toBe(false);
  });

  it.each(Object.entries(METHODS))('with onError open: %s', async (__, { call, open }) => {
    await outage.until(false);
    outage.caches.events.clear();
    expect(await call(await outage.cache('open'))).toStrictEqual(open);
    expect(waited(outage.caches)).toBe(0);
  });

  it.each(Object.entries(METHODS))('with onError throw: %s', async (__, { call, open, throws = true }) => {
    await outage.until(false);
    const answer = call(await outage.cache('throw'));
    if (throws) await expect(answer).rejects.toBeInstanceOf(RedisUnavailableError);
    else expect(await answer).toStrictEqual(open);
  });

  it('concurrent callers of a cold key share one loader all the same', async () => {
    const cache = await outage.cache('open');
    let loads = 0;
    const found = await Promise.all(
      Array.from({ length: 50 }, () => cache.getOrSet('cold', async () => (loads += 1))),
    );
    expect(found).toEqual(Array.from({ length: 50 }, () => 1));
  });

  it('the end of it is found without a restart, and told once', async () => {
    const cache = await outage.cache('throw');
    await end(outage.server);
    await outage.until(true);
    await eventually(async () => {
      await cache.set('key', 'after');
      expect(await cache.get('key')).toBe('after');
    });
    expect(await cache.incr('count', 1, { initial: 0 })).toBe(1);
    expect(outage.link.events.of('connection').map(({ state }) => state)).toEqual(['up', 'down', 'up']);
  });
});

describe('Redis comes back empty', () => {
  it('costs misses, and no write under the forgotten generations', async () => {
    const outage = await Outage.prepare();
    try {
      const cache = await outage.cache('throw');
      const part = cache.namespace('part');
      await Promise.all([cache.set('key', 'before'), part.set('key', 'before')]);
      await outage.server.restart();
      await eventually(() => {
        const states = outage.link.events.of('connection').map(({ state }) => state);
        expect(states).toEqual(['up', 'down', 'up']);
      });
      const found = await eventually(() => Promise.all([cache.get('key'), part.get('key')]));
      expect(found).toEqual([undefined, undefined]);
      await Promise.all([cache.set('key', 'after'), part.set('key', 'after'), cache.add('added', 1)]);
      expect(await Promise.all([cache.get('key'), part.get('key'), cache.get('added')])).toEqual([
        'after',
        'after',
        1,
      ]);
    } finally {
      await outage.end();
    }
  });
});

describe('Redis is full', () => {
  it('writes are refused with OOM and told, reads go on, removals make room', async () => {
    const server = await startRedis();
    const { connection } = await connectTo(server.url);
    const caches = openCaches({
      store: 'redis',
      clock: systemClock,
      connections: new Map([['default', connection]]),
    });
    try {
      const open = await caches.cache({ name: 'c' });
      const strict = await caches.cache({ name: 'c', onError: 'throw' });
      await open.set('key', 'value');
      await server.cli('CONFIG', 'SET', 'maxmemory', '1');
      caches.events.clear();
      expect(await open.set('other', 1)).toBe(1);
      expect(await open.add('other', 1)).toBe(false);
      expect(await open.getOrSet('other', () => 'loaded')).toBe('loaded');
      expect(caches.events.of('error').map(({ error }) => error.message.slice(0, 3))).toEqual([
        'OOM',
        'OOM',
        'OOM',
      ]);
      await expect(strict.set('other', 1)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
      await expect(strict.mset([{ key: 'other', value: 1 }])).rejects.toMatchObject({
        code: 'REDIS_REFUSED',
      });
      expect(await strict.getOrSet('other', () => 'loaded')).toBe('loaded');
      expect(await open.get('key')).toBe('value');
      expect(await open.del('key')).toBe(true);
      expect(connection.available).toBe(true);
    } finally {
      await connection.close();
      await server.kill();
    }
  });
});
