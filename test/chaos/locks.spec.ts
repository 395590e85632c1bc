import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { RedisConnection } from '../../src/connection/connection.js';
import { RedisUnavailableError } from '../../src/errors.js';
import { KeySpace } from '../../src/key/key-space.js';
import type { Lock, Locks } from '../../src/lock/lock.js';
import { redisLocks } from '../../src/lock/redis-locks.js';
import { connectTo } from '../contract/redis-caches.js';
import { spawnTypeScript } from '../support/child-process.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

const PREFIX = 'locks';
const space = KeySpace.of({ keyPrefix: PREFIX, cache: 'c', version: undefined });
const KEY = space.lockKey('job');

async function server(): Promise<RedisServer> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return redis;
}

/** Locks over a connection of their own. `wrap` stands in front of it. */
async function locksOn(
  { url }: RedisServer,
  { deadline = 5_000, wrap = (one: RedisConnection) => one } = {},
): Promise<Locks> {
  const { connection } = await connectTo(url, { deadline });
  onTestFinished(() => connection.close());
  return redisLocks({ connection: wrap(connection), space, clock: systemClock });
}

/** What cuts a connection off from Redis at once: nothing is sent any more, and nothing arrives. */
function cutter(): { cut: boolean; wrap(connection: RedisConnection): RedisConnection } {
  const state = {
    cut: false,
    wrap: (connection: RedisConnection): RedisConnection =>
      new Proxy(connection, {
        get(target, name) {
          if (state.cut && name === 'evaluate') {
            return () => Promise.reject(new RedisUnavailableError('default', 'cut off'));
          }
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? (member.bind(target) as unknown) : member;
        },
      }),
  };
  return state;
}

function lossOf({ signal }: Lock): Promise<unknown> {
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true }),
  );
}

describe('locks of several processes', () => {
  it('keep four of them from counting at the same time', { timeout: 120_000 }, async () => {
    const redis = await server();
    await redis.cli('SET', 'count', 0);
    const fixture = new URL('./lock-counter.fixture.ts', import.meta.url);
    const counters = Array.from({ length: 4 }, () => spawnTypeScript(fixture, [redis.url, PREFIX, '200']));
    onTestFinished(() => counters.forEach((one) => void one.kill('SIGKILL')));
    const ended = counters.map(async (one) => {
      let printed = '';
      for (const stream of [one.stdout, one.stderr]) {
        stream.on('data', (text: Buffer) => (printed += text.toString()));
      }
      await once(one, 'close');
      return printed.trim();
    });
    expect(await Promise.all(ended)).toEqual(['done', 'done', 'done', 'done']);
    expect(await redis.cli('GET', 'count')).toBe('800');
    const fences = ((await redis.cli('LRANGE', 'fences', 0, -1)) as string[]).map(Number);
    expect(fences).toHaveLength(800);
    expect(fences.every((fence, index) => index === 0 || fence > (fences[index - 1] as number))).toBe(true);
  });

  it('become free when the one that holds it is killed', async () => {
    const redis = await server();
    const locks = await locksOn(redis);
    const fixture = new URL('./lock-holder.fixture.ts', import.meta.url);
    const holder = spawnTypeScript(fixture, [redis.url, PREFIX, '1000']);
    onTestFinished(() => void holder.kill('SIGKILL'));
    const [printed] = (await once(holder.stdout, 'data')) as [Buffer];
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await locks.lock('job', { wait: '1m' });
    expect(lock.fence).toBeGreaterThan(Number(printed.toString()));
    await lock.release();
  });
});

describe('a holder that is cut off from Redis', () => {
  it('hears that the lock is lost before anybody else is given it', async () => {
    const redis = await server();
    const line = cutter();
    const [locks, others] = [await locksOn(redis, line), await locksOn(redis)];
    const lock = await locks.lock('job', { ttl: 600 });
    line.cut = true;
    let aborted = false;
    lock.signal.addEventListener('abort', () => (aborted = true));
    const next = await others.lock('job', { wait: '1m' });
    expect(aborted).toBe(true);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    expect(next.fence).toBeGreaterThan(lock.fence);
    expect(await lock.release()).toBe(false);
    expect(await next.release()).toBe(true);
  });

  it('hears it while Redis hangs, and does not hold it when Redis goes on', async () => {
    const redis = await server();
    const [locks, others] = [await locksOn(redis, { deadline: 100 }), await locksOn(redis)];
    const lock = await locks.lock('job', { ttl: 600 });
    redis.pause();
    expect(await lossOf(lock)).toMatchObject({ code: 'LOCK_LOST' });
    redis.resume();
    // The renewals that were waiting in its socket revive nothing.
    const next = await others.lock('job', { wait: '1m' });
    expect(next.fence).toBeGreaterThan(lock.fence);
    expect(await lock.release()).toBe(false);
    expect(await next.release()).toBe(true);
  });
});

describe('a lock whose answer was lost', () => {
  it('is refused to who asked for it, and given back long before it expires', async () => {
    const redis = await server();
    const [locks, others] = [await locksOn(redis, { deadline: 100 }), await locksOn(redis)];
    // The scripts are known to the server, so that one command takes the lock.
    await (await locks.lock('job')).release();
    redis.pause();
    await expect(locks.lock('job', { ttl: '1h' })).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    redis.resume();
    const lock = await others.lock('job', { wait: '1m' });
    expect(await lock.release()).toBe(true);
  });

  it('is given back later, where that could not be done at once', async () => {
    const redis = await server();
    const line = cutter();
    const [locks, others] = [await locksOn(redis, line), await locksOn(redis)];
    const lock = await locks.lock('job', { ttl: '1h' });
    line.cut = true;
    await expect(lock.release()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await expect(others.lock('job', { wait: 0 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    line.cut = false;
    const next = await others.lock('job', { wait: '1m' });
    expect(await next.release()).toBe(true);
  });

  it('is a refusal at once while Redis is down', async () => {
    const redis = await server();
    const locks = await locksOn(redis, { deadline: 100 });
    await redis.kill();
    await eventually(async () => {
      await expect(locks.lock('job', { wait: '1h' })).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    });
  });
});

it('a lock that was removed by another hand is lost to its holder', async () => {
  const redis = await server();
  const locks = await locksOn(redis);
  const lock = await locks.lock('job', { ttl: 300 });
  const lost = lossOf(lock);
  await redis.cli('SET', KEY, 'a person');
  expect(await lost).toMatchObject({ code: 'LOCK_LOST' });
  expect(await lock.release()).toBe(false);
  expect(await redis.cli('GET', KEY)).toBe('a person');
});
