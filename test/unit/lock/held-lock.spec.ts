import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HeldLock, safeTime, type LockHold } from '../../../src/lock/held-lock.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const TTL = 3_000;
const SAFE = safeTime(TTL);

/** A held lock whose renewals are answered by the test. */
class Place implements LockHold {
  readonly clock = new FakeClock();
  readonly lock: HeldLock;
  /** When each renewal was asked for. */
  readonly renewals: number[] = [];
  /** What a renewal is answered with. */
  answer: () => Promise<boolean> = async () => true;
  ours: () => Promise<boolean> = async () => true;
  abandoned = 0;

  constructor(askedAt = 0) {
    const parts = { name: 'job', fence: 7, ttl: TTL, askedAt, clock: this.clock };
    this.lock = new HeldLock(parts, this);
  }

  renew(): Promise<boolean> {
    this.renewals.push(this.clock.monotonic());
    return this.answer();
  }

  release(): Promise<boolean> {
    return this.ours();
  }

  abandon(): void {
    this.abandoned += 1;
  }

  /** Lets time pass in steps, each with what comes of it. */
  async pass(milliseconds: number, step = 50): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.clock.advance(Math.min(step, milliseconds - passed));
      await turn();
    }
  }

  /** What the signal says without being asked for: only a timer can have aborted it. */
  watch(): { aborted: () => boolean } {
    const { signal } = this.lock;
    return { aborted: () => signal.aborted };
  }
}

const unreachable = (): Promise<boolean> => Promise.reject(new Error('out of reach'));

describe('a held lock', () => {
  it('is renewed each time that a third of its ttl has passed, for as long as it is held', async () => {
    const place = new Place();
    await place.pass(TTL * 4);
    expect(place.renewals.length).toBe(12);
    expect(place.renewals.slice(0, 3)).toEqual([1_000, 2_000, 3_000]);
    expect(place.lock.signal.aborted).toBe(false);
    expect(await place.lock.release()).toBe(true);
    expect(place.clock.pending).toBe(0);
    await place.pass(TTL);
    expect(place.renewals.length).toBe(12);
  });

  it('is lost before its ttl has passed since the last confirmed renewal was sent', async () => {
    const place = new Place();
    const watched = place.watch();
    await place.pass(1_000);
    place.answer = unreachable;
    await place.pass(SAFE - 1, 1);
    expect(watched.aborted()).toBe(false);
    await place.pass(1);
    expect(watched.aborted()).toBe(true);
    expect(place.clock.monotonic()).toBeLessThan(1_000 + TTL);
    expect(place.lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', name: 'LockLostError' });
    expect((place.lock.signal.reason as Error).message).toContain('"job"');
    // A renewal may have arrived without an answer.
    expect([place.abandoned, place.clock.pending]).toEqual([1, 0]);
    expect(await place.lock.release()).toBe(false);
  });

  it('is counted from the sending of a renewal, not from its answer', async () => {
    const place = new Place();
    const watched = place.watch();
    let reply!: (ours: boolean) => void;
    place.answer = () => new Promise((resolve) => (reply = resolve));
    await place.pass(1_000);
    await place.pass(SAFE - 1_001, 1);
    reply(true);
    await turn();
    place.answer = unreachable;
    // It lives on from 1,000 on, when it was asked for.
    await place.pass(1_000, 1);
    expect(watched.aborted()).toBe(false);
    await place.pass(1, 1);
    expect(watched.aborted()).toBe(true);
  });

  it('is asked for again soon where a renewal fails, and kept by one that is answered', async () => {
    const place = new Place();
    place.answer = () => (place.renewals.length < 4 ? unreachable() : Promise.resolve(true));
    await place.pass(TTL * 2);
    expect(place.renewals.slice(0, 5)).toEqual([1_000, 1_150, 1_300, 1_450, 2_450]);
    expect(place.lock.signal.aborted).toBe(false);
  });

  it('is lost when a renewal says so', async () => {
    const place = new Place();
    const watched = place.watch();
    place.answer = async () => false;
    await place.pass(1_000);
    expect(watched.aborted()).toBe(true);
    expect([place.abandoned, place.clock.pending]).toEqual([0, 0]);
  });

  it('is lost to a process that was paused, before any of its timers has run', () => {
    const place = new Place();
    place.clock.stall(TTL, () => undefined);
    expect(place.lock.signal.aborted).toBe(true);
    const other = new Place();
    const before = other.watch();
    let seen: boolean | undefined;
    other.clock.schedule(0, () => (seen = other.lock.signal.aborted));
    expect(before.aborted()).toBe(false);
    other.clock.stall(TTL);
    expect(seen).toBe(true);
  });

  it('whose answer came late lives no longer for that', async () => {
    const place = new Place(-2_000);
    place.answer = unreachable;
    const watched = place.watch();
    expect(place.renewals).toEqual([]);
    await place.pass(SAFE - 2_001, 1);
    expect(watched.aborted()).toBe(false);
    expect(place.renewals[0]).toBeLessThan(50);
    await place.pass(1, 1);
    expect(watched.aborted()).toBe(true);
  });

  it('is not renewed, lost or told of a loss by what is answered after it was given back', async () => {
    for (const late of [true, false, 'error'] as const) {
      const place = new Place();
      let answer!: () => void;
      place.answer = () =>
        new Promise((resolve, reject) => {
          answer = () => (late === 'error' ? reject(new Error('late')) : resolve(late));
        });
      await place.pass(1_000);
      await place.lock.release();
      answer();
      await turn();
      expect([place.lock.signal.aborted, place.clock.pending, place.abandoned]).toEqual([false, 0, 0]);
    }
  });

  it('that cannot be given back now is given back later', async () => {
    const place = new Place();
    place.ours = unreachable;
    await expect(place.lock.release()).rejects.toThrow('out of reach');
    expect([place.abandoned, place.clock.pending]).toEqual([1, 0]);
    expect(await place.lock.release()).toBe(false);
    await expect(new Place().lock[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });
});
