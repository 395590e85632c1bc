import { describe, expect, it } from 'vitest';
import { Deadlines, type Awaited } from '../../../src/connection/deadline.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const DEADLINE = 250;

class Waiting implements Awaited {
  due = 0;
  expired = false;
  previous: Awaited | undefined = undefined;
  next: Awaited | undefined = undefined;
  expirations = 0;

  expire(): void {
    this.expirations += 1;
  }
}

function setUp(patience = 1_000): { clock: FakeClock; deadlines: Deadlines; stuck: number[] } {
  const clock = new FakeClock();
  const stuck: number[] = [];
  const deadlines = new Deadlines({
    clock,
    deadline: DEADLINE,
    patience,
    stuck: () => stuck.push(clock.monotonic()),
  });
  return { clock, deadlines, stuck };
}

function add(deadlines: Deadlines, chunks = 1, extra = 0): Waiting {
  const entry = new Waiting();
  deadlines.add(entry, chunks, extra);
  return entry;
}

describe('Deadlines', () => {
  it('expires what is not answered, between one and 1.2 deadlines', () => {
    const { clock, deadlines } = setUp();
    const first = add(deadlines);
    clock.advance(40);
    const second = add(deadlines);
    clock.advance(259);
    expect([first.expirations, second.expirations]).toEqual([0, 0]);
    clock.advance(1);
    expect(first.expirations).toBe(1);
    clock.advance(40);
    expect(second.expirations).toBe(1);
  });

  it('does not expire what was answered, wherever it stands among the others', () => {
    const { clock, deadlines } = setUp();
    const [a, b, c, d] = [add(deadlines), add(deadlines), add(deadlines), add(deadlines)];
    deadlines.settle(b);
    deadlines.settle(a);
    deadlines.settle(d);
    clock.advance(1_000);
    expect([a, b, c, d].map(({ expirations }) => expirations)).toEqual([0, 0, 1, 0]);
    deadlines.settle(c);
    expect(deadlines.idle).toBe(true);
  });

  it.each([120, 2_000, 60_000])('counts a stall of %i ms of our own process as one tick', (stall) => {
    const { clock, deadlines } = setUp();
    const entry = add(deadlines);
    clock.stall(stall, () => deadlines.settle(entry));
    clock.advance(1_000);
    expect(entry.expirations).toBe(0);
  });

  it('survives stalls one after the other, as long as answers are read between them', () => {
    const { clock, deadlines } = setUp();
    let entry = add(deadlines);
    for (let round = 0; round < 20; round += 1) {
      clock.stall(400, () => deadlines.settle(entry));
      expect(entry.expirations).toBe(0);
      entry = add(deadlines);
    }
  });

  it('reads what has arrived before it expires anything', () => {
    const { clock, deadlines } = setUp();
    const entry = add(deadlines);
    clock.advance(250);
    clock.stall(50, () => deadlines.settle(entry));
    expect(entry.expirations).toBe(0);
  });

  it('still finds out that Redis hangs when our process stalls again and again', () => {
    const { clock, deadlines } = setUp();
    const entry = add(deadlines);
    for (let round = 0; round < 6; round += 1) clock.stall(300);
    expect(entry.expirations).toBe(1);
  });

  it('allows one deadline per chunk, and the extra time on top', () => {
    const { clock, deadlines } = setUp();
    const many = add(deadlines, 3);
    const large = add(deadlines, 1, 500);
    clock.advance(749);
    expect([many.expirations, large.expirations]).toEqual([0, 0]);
    clock.advance(51);
    expect([many.expirations, large.expirations]).toEqual([1, 1]);
  });

  it('runs its timer only while something is in flight', () => {
    const { clock, deadlines } = setUp();
    expect(clock.pending).toBe(0);
    const entry = add(deadlines);
    add(deadlines);
    expect(clock.pending).toBe(1);
    deadlines.settle(entry);
    clock.advance(100);
    expect(clock.pending).toBe(1);
    const { clock: other, deadlines: answered } = setUp();
    answered.settle(add(answered));
    other.advance(50);
    expect(other.pending).toBe(0);
  });

  it('tells that it is stuck once the oldest entry is much older than its deadline, and on each tick', () => {
    const { clock, deadlines, stuck } = setUp(1_000);
    const entry = add(deadlines);
    clock.advance(1_250);
    expect(stuck).toEqual([]);
    clock.advance(100);
    expect(stuck).toEqual([1_300, 1_350]);
    deadlines.settle(entry);
    clock.advance(1_000);
    expect(stuck).toHaveLength(2);
  });

  it('is not stuck while newer entries are answered and the oldest is', () => {
    const { clock, deadlines, stuck } = setUp(1_000);
    for (let round = 0; round < 50; round += 1) {
      const entry = add(deadlines);
      clock.advance(100);
      deadlines.settle(entry);
    }
    expect(stuck).toEqual([]);
  });

  it('lets all expire that still waits when it is closed, and stops its timer', () => {
    const { clock, deadlines } = setUp();
    const entry = add(deadlines);
    deadlines.close();
    expect(entry.expirations).toBe(1);
    expect(clock.pending).toBe(0);
    clock.advance(1_000);
    expect(entry.expirations).toBe(1);
  });
});
