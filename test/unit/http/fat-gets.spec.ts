import { Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { FatGets } from '../../../src/http/fat-gets.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** Runs of one route: those that were started, and how to end them. */
function runsOf(count: number) {
  const clock = new FakeClock();
  const fatGets = new FatGets(clock, 1_000);
  const started: number[] = [];
  const ends = Array.from({ length: count }, () => new Subject<unknown>());
  const subscriptions = ends.map((end, index) =>
    fatGets
      .queue(
        new Observable((subscriber) => {
          started.push(index);
          return end.subscribe(subscriber);
        }),
      )
      .subscribe({ error: () => {} }),
  );
  return { clock, started, ends, subscriptions };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('GETs with a body', () => {
  it('run sixteen at a time, the others in turn, however those before them end', () => {
    const { started, ends, subscriptions } = runsOf(20);
    expect(started).toEqual(upTo(16));
    ends[3]?.complete();
    ends[4]?.error(new Error('failed'));
    subscriptions[5]?.unsubscribe();
    expect(started).toEqual(upTo(19));
  });

  it('do not run any more where the client has left before its turn', () => {
    const { started, ends, subscriptions, clock } = runsOf(18);
    subscriptions[16]?.unsubscribe();
    ends[0]?.complete();
    clock.advance(1_000);
    expect(started).toEqual([...upTo(16), 17]);
  });

  it('wait no longer than they may, and leave no timer', () => {
    const { started, ends, clock } = runsOf(17);
    clock.advance(999);
    expect(started).toHaveLength(16);
    clock.advance(1);
    expect(started).toHaveLength(17);
    for (const end of ends) end.complete();
    expect(clock.pending).toBe(0);
  });

  it('give on what a run gives', () => {
    const values: unknown[] = [];
    const run = new Subject<unknown>();
    new FatGets(new FakeClock(), 1_000).queue(run).subscribe((value) => values.push(value));
    run.next(1);
    run.next(2);
    expect(values).toEqual([1, 2]);
  });
});
