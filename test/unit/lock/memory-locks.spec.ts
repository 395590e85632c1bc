import { describe, expect, it } from 'vitest';
import { underLock, type Lock } from '../../../src/lock/lock.js';
import { memoryLocks } from '../../../src/lock/memory-locks.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('locks in memory', () => {
  it('go to who has waited longest, but for those who gave up', async () => {
    const clock = new FakeClock();
    const locks = memoryLocks({ clock });
    const lock = await locks.lock('job');
    const order: number[] = [];
    const waits = [1_000, 10, 1_000].map((wait, index) =>
      locks.lock('job', { wait }).then(
        (next) => {
          order.push(index);
          return next.release();
        },
        () => order.push(-index),
      ),
    );
    clock.advance(10);
    await lock.release();
    await Promise.all(waits);
    expect(order.filter((index) => index >= 0)).toEqual([0, 2]);
    expect(order).toContain(-1);
    expect(clock.pending).toBe(0);
  });

  it('have fences that grow from one life of the process to the next', async () => {
    const clock = new FakeClock();
    const first = await memoryLocks({ clock }).lock('job');
    clock.advance(1);
    const locks = memoryLocks({ clock });
    const second = await locks.lock('job');
    clock.jumpTo(0);
    const third = await locks.lock('other');
    expect(second.fence).toBeGreaterThan(first.fence);
    expect(third.fence).toBe(second.fence + 1);
  });

  it('leave no timer behind after ten thousand were waited for', async () => {
    const clock = new FakeClock();
    const locks = memoryLocks({ clock });
    let most = 0;
    const each = Array.from({ length: 10_000 }, async (_, index) => {
      const lock = await locks.lock(`job ${index % 10}`, { wait: '1h' });
      most = Math.max(most, clock.pending);
      await lock.release();
    });
    await Promise.all(each);
    expect(most).toBeGreaterThan(1_000);
    expect(clock.pending).toBe(0);
  });
});

describe('work under a lock', () => {
  const take = (): Promise<Lock> => memoryLocks({ clock: new FakeClock() }).lock('job');

  /** A lock that cannot be given back. */
  const stuck = async (): Promise<Lock> => {
    const { name, fence, signal } = await take();
    const release = (): Promise<boolean> => Promise.reject(new Error('out of reach'));
    return { name, fence, signal, release, [Symbol.asyncDispose]: async () => {} };
  };
  const unheard = (): never => expect.fail('nothing failed');

  it('gives it back when the work is done, and when it fails', async () => {
    const done = await take();
    const seen = await underLock(done, async (lock) => [lock, await Promise.resolve(1)], unheard);
    expect(seen).toEqual([done, 1]);
    expect(await done.release()).toBe(false);
    for (const work of [() => Promise.reject(new Error('work')), () => expect.fail('work')]) {
      const failed = await take();
      await expect(underLock(failed, work, unheard)).rejects.toThrow('work');
      expect(await failed.release()).toBe(false);
    }
  });

  it('stands when the lock cannot be given back', async () => {
    const told: unknown[] = [];
    expect(
      await underLock(
        await stuck(),
        () => 'value',
        (error) => told.push(error),
      ),
    ).toBe('value');
    const failing = underLock(
      await stuck(),
      () => Promise.reject(new Error('work')),
      (error) => told.push(error),
    );
    await expect(failing).rejects.toThrow('work');
    expect(told.map(String)).toEqual(['Error: out of reach', 'Error: out of reach']);
  });
});
