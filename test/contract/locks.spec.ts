import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { KeySpace } from '../../src/key/key-space.js';
import { memoryLocks } from '../../src/lock/memory-locks.js';
import { redisLocks } from '../../src/lock/redis-locks.js';
import { FakeClock, lockConformance } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { connectTo, SharedRedis } from './redis-caches.js';

const runner = { describe, expect, it };

lockConformance(runner, {
  name: 'memory',
  capabilities: { lost: false },
  open() {
    const clock = new FakeClock();
    const locks = memoryLocks({ clock });
    return { locks, others: locks, pass: (milliseconds) => clock.advance(milliseconds) };
  },
});

const redis = new SharedRedis();
let second: ManagedConnection;
beforeAll(async () => {
  second = (await connectTo(redis.server.url)).connection;
});
afterAll(() => second.close());

let prefixes = 0;
const newSpace = (): KeySpace =>
  KeySpace.of({ keyPrefix: `locks${++prefixes}`, cache: 'c', version: undefined });

lockConformance(runner, {
  name: 'redis, two connections',
  open() {
    const space = newSpace();
    const on = (connection: ManagedConnection) => redisLocks({ connection, space, clock: systemClock });
    return {
      locks: on(redis.connection),
      others: on(second),
      takeAway: (name) => redis.server.cli('DEL', space.lockKey(name)),
      pass: (milliseconds) => sleep(milliseconds),
    };
  },
});

describe('a lock in Redis', () => {
  it('expires, and leaves nothing but its fence, which expires as well', async () => {
    const space = newSpace();
    const locks = redisLocks({ connection: redis.connection, space, clock: systemClock });
    const key = space.lockKey('job');
    const lock = await locks.lock('job', { ttl: '1h' });
    const left = Number(await redis.server.cli('PTTL', key));
    expect(left).toBeGreaterThan(3_500_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    expect(Number(await redis.server.cli('PTTL', `${key}#fence`))).toBeGreaterThan(left);
    await lock.release();
    expect(await redis.server.cli('KEYS', `${key.split(':')[0]}:*`)).toEqual([`${key}#fence`]);
  });

  it('is renewed when a third of its time has passed, its fence too', async () => {
    const space = newSpace();
    const locks = redisLocks({ connection: redis.connection, space, clock: systemClock });
    const key = space.lockKey('job');
    const lock = await locks.lock('job', { ttl: 6_000 });
    await redis.server.cli('PEXPIRE', key, 4_000);
    await redis.server.cli('PEXPIRE', `${key}#fence`, 4_000);
    await eventually(async () => expect(Number(await redis.server.cli('PTTL', key))).toBeGreaterThan(4_000));
    expect(Number(await redis.server.cli('PTTL', `${key}#fence`))).toBeGreaterThan(6_000);
    expect(await lock.release()).toBe(true);
  });

  it('has a key apart from that of an entry', async () => {
    const space = newSpace();
    await redis.server.cli('SET', space.entryKey('job'), 'cached');
    const locks = redisLocks({ connection: redis.connection, space, clock: systemClock });
    await (await locks.lock('job', { wait: 0 })).release();
    expect(await redis.server.cli('GET', space.entryKey('job'))).toBe('cached');
  });

  it('is given a fence that grows also when the last one was evicted, or is from the future', async () => {
    const space = newSpace();
    const locks = redisLocks({ connection: redis.connection, space, clock: systemClock });
    const fenceKey = `${space.lockKey('job')}#fence`;
    const take = async (): Promise<number> => {
      const lock = await locks.lock('job');
      await lock.release();
      return lock.fence;
    };
    const first = await take();
    await redis.server.cli('DEL', fenceKey);
    const afterEviction = await take();
    expect(afterEviction).toBeGreaterThan(first);
    // The clock of the server was put back by an hour.
    await redis.server.cli('SET', fenceKey, String(afterEviction + 3_600_000_000));
    expect(await take()).toBe(afterEviction + 3_600_000_001);
    expect(await take()).toBe(afterEviction + 3_600_000_002);
  });

  it('that never expires, by some other hand, is waited for in vain and not forced', async () => {
    const space = newSpace();
    const locks = redisLocks({ connection: redis.connection, space, clock: systemClock });
    await redis.server.cli('SET', space.lockKey('job'), 'a person');
    await expect(locks.lock('job', { wait: 20 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(await redis.server.cli('GET', space.lockKey('job'))).toBe('a person');
  });

  it('leaves no timer behind, after ten thousand', { timeout: 120_000 }, async () => {
    const waiting = new Set<object>();
    const schedule: Clock['schedule'] = (delay, callback, awake) => {
      const one = {};
      waiting.add(one);
      const cancel = systemClock.schedule(
        delay,
        () => {
          waiting.delete(one);
          callback();
        },
        awake,
      );
      return () => {
        waiting.delete(one);
        cancel();
      };
    };
    const clock = { ...systemClock, schedule };
    const locks = redisLocks({ connection: redis.connection, space: newSpace(), clock });
    let most = 0;
    for (let round = 0; round < 20; round++) {
      const each = Array.from({ length: 500 }, async (_, index) => {
        const lock = await locks.lock(`job ${index % 499}`, { ttl: '1h', wait: '1h' });
        most = Math.max(most, waiting.size);
        await lock.release();
      });
      await Promise.all(each);
    }
    expect(most).toBeGreaterThan(2);
    expect(waiting.size).toBe(0);
  });

  it('is one round trip to take and one to give back', async () => {
    const space = newSpace();
    const calls = { sent: 0 };
    const counting = new Proxy(redis.connection, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name === 'evaluate') calls.sent += 1;
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const locks = redisLocks({ connection: counting, space, clock: systemClock });
    await (await locks.lock('job')).release();
    expect(calls.sent).toBe(2);
  });
});
