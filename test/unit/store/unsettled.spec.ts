import { beforeEach, describe, expect, it } from 'vitest';
import { RedisUnavailableError } from '../../../src/errors.js';
import { Unsettled } from '../../../src/store/unsettled.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const unavailable = new RedisUnavailableError('default', 'no answer within 250 ms');
const fail = (): Promise<never> => Promise.reject(unavailable);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection that a test takes up and down. */
class HandConnection {
  available = true;
  readonly listeners = new Set<(voided: boolean) => void>();

  onUp(listener: (voided: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  up(voided = true): void {
    this.available = true;
    for (const listener of this.listeners) listener(voided);
  }
}

let clock: FakeClock;
let connection: HandConnection;
/** What was repeated, in order. */
let repeated: string[];
/** What becomes of a repetition. */
let outcome: () => Promise<unknown>;
let told: boolean[];
let unsettled: Unsettled;

beforeEach(() => {
  clock = new FakeClock();
  connection = new HandConnection();
  repeated = [];
  outcome = async () => undefined;
  told = [];
  const repeat = (what: string): Promise<unknown> => {
    repeated.push(what);
    return outcome();
  };
  unsettled = new Unsettled({
    connection,
    clock,
    repeat: {
      keys: (keys) => repeat(`keys ${keys.join()}`),
      tags: (tags) => repeat(`tags ${tags.join()}`),
      all: () => repeat('all'),
    },
    told: (pending) => told.push(pending),
  });
});

/** An operation on keys whose outcome nobody knows. */
async function lose(...keys: string[]): Promise<void> {
  await expect(unsettled.guardKeys(keys, fail)).rejects.toBe(unavailable);
}

async function loseTags(...tags: string[]): Promise<void> {
  await expect(unsettled.guardTags(tags, fail)).rejects.toBe(unavailable);
}

async function pass(milliseconds: number): Promise<void> {
  clock.advance(milliseconds);
  await turn();
}

describe('what becomes unsettled', () => {
  it('is what was not answered, until it was repeated', async () => {
    await lose('a', 'b');
    expect(['a', 'b', 'c'].map((key) => unsettled.has(key))).toEqual([true, true, false]);
    expect(unsettled.hasTag('a')).toBe(false);
    await pass(100);
    expect(repeated).toEqual(['keys a,b']);
    expect(unsettled.has('a')).toBe(false);
    expect(told).toEqual([true, false]);
  });

  it.each([
    "READONLY You can't write against a read only replica.",
    // As Redis 6 says it of a script.
    "ERR Error running script (call to f_c2b): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
  ])('is what a Redis that takes no writes has refused, removals included: %s', async (message) => {
    const refused = new Error(message);
    await expect(unsettled.guardKeys(['k'], () => Promise.reject(refused))).rejects.toBe(refused);
    expect(unsettled.has('k')).toBe(true);
    clock.advance(100);
    await turn();
    expect(unsettled.has('k')).toBe(false);
  });

  it('is not what was answered, nor what Redis refused', async () => {
    expect(await unsettled.guardKeys(['a'], async () => 1)).toBe(1);
    const refused = new Error('OOM command not allowed');
    await expect(unsettled.guardKeys(['a'], () => Promise.reject(refused))).rejects.toBe(refused);
    expect(unsettled.has('a')).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('tells tags from keys', async () => {
    await loseTags('a');
    expect([unsettled.has('a'), unsettled.hasTag('a'), unsettled.all]).toEqual([false, true, false]);
    await pass(100);
    expect(repeated).toEqual(['tags a']);
    expect(unsettled.hasTag('a')).toBe(false);
  });

  it('is everything after a clear that was not answered', async () => {
    await expect(unsettled.guardAll(fail)).rejects.toBe(unavailable);
    expect([unsettled.has('a'), unsettled.hasTag('a'), unsettled.all]).toEqual([true, true, true]);
    await pass(100);
    expect(repeated).toEqual(['all']);
    expect([unsettled.has('a'), unsettled.hasTag('a'), unsettled.all]).toEqual([false, false, false]);
  });

  it.each([
    ['10,001 keys', 10_001, (names: string[]) => lose(...names)],
    ['1,001 tags', 1_001, (names: string[]) => loseTags(...names)],
  ])('is everything from %s on', async (_, count, loseAll) => {
    const names = Array.from({ length: count }, (__, index) => `k${index}`);
    await loseAll(names.slice(1));
    expect(unsettled.all).toBe(false);
    await loseAll(names.slice(0, 1));
    expect(unsettled.all).toBe(true);
    await lose('one more');
    await pass(100);
    expect(repeated).toEqual(['all']);
    expect([unsettled.all, unsettled.has('one more')]).toEqual([false, false]);
  });

  it('is told for the first and for the last only', async () => {
    await lose('a');
    await lose('b');
    await loseTags('c');
    expect(told).toEqual([true]);
    await pass(100);
    expect(told).toEqual([true, false]);
  });
});

describe('the repetition', () => {
  it('waits for the connection, and comes at once with it', async () => {
    connection.available = false;
    await lose('a');
    await pass(60_000);
    expect(repeated).toEqual([]);
    connection.up();
    expect(repeated).toEqual(['keys a']);
    await turn();
    expect(unsettled.has('a')).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('backs off from 100 ms to 1 s on a connection that says that it is up', async () => {
    outcome = fail;
    await lose('a');
    const times: number[] = [];
    for (let before = 0; clock.monotonic() < 5_000; before = repeated.length) {
      await pass(50);
      if (repeated.length > before) times.push(clock.monotonic());
    }
    expect(times).toEqual([100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
    expect(unsettled.has('a')).toBe(true);
  });

  it('begins with short pauses again after it has succeeded', async () => {
    outcome = fail;
    await lose('a');
    await pass(100);
    outcome = async () => undefined;
    await pass(200);
    expect(unsettled.has('a')).toBe(false);
    await lose('a');
    await pass(100);
    expect(repeated).toHaveLength(3);
  });

  it('begins with short pauses again after the connection has come up', async () => {
    outcome = fail;
    await lose('a');
    await pass(100);
    await pass(200);
    connection.up();
    await turn();
    expect(repeated).toHaveLength(3);
    await pass(100);
    expect(repeated).toHaveLength(4);
  });

  it('goes in chunks', async () => {
    await lose(...Array.from({ length: 300 }, (_, index) => `k${index}`));
    await pass(100);
    expect(repeated.map((one) => one.split(',').length)).toEqual([128, 128, 44]);
    expect(unsettled.has('k299')).toBe(false);
  });

  it('settles what was acknowledged when a later chunk fails', async () => {
    await lose(...Array.from({ length: 130 }, (_, index) => `k${index}`));
    outcome = () => (repeated.length > 1 ? fail() : Promise.resolve());
    await pass(100);
    expect([unsettled.has('k0'), unsettled.has('k129')]).toEqual([false, true]);
  });

  it('does not settle what has failed once more meanwhile', async () => {
    await lose('a', 'b');
    let acknowledge: () => void = () => undefined;
    outcome = () =>
      new Promise<void>((resolve) => {
        acknowledge = resolve;
      });
    await pass(100);
    await lose('a');
    outcome = fail;
    acknowledge();
    await turn();
    expect([unsettled.has('a'), unsettled.has('b')]).toEqual([true, false]);
    expect(repeated).toEqual(['keys a,b', 'keys a']);
  });

  it('of everything does not settle a key that has failed meanwhile', async () => {
    await expect(unsettled.guardAll(fail)).rejects.toBe(unavailable);
    let acknowledge: () => void = () => undefined;
    outcome = () =>
      new Promise<void>((resolve) => {
        acknowledge = resolve;
      });
    await pass(100);
    await lose('a');
    outcome = fail;
    acknowledge();
    await turn();
    expect(unsettled.has('a')).toBe(true);
  });

  it('goes on at once when the connection has come up while it was on its way', async () => {
    await lose('a');
    let reject: (error: Error) => void = () => undefined;
    outcome = () => new Promise((_, no) => (reject = no));
    await pass(100);
    outcome = async () => undefined;
    connection.up();
    expect(repeated).toHaveLength(1);
    reject(unavailable);
    await turn();
    expect(repeated).toHaveLength(2);
    expect(unsettled.has('a')).toBe(false);
  });

  it('goes on when Redis refuses it', async () => {
    outcome = () => Promise.reject(new Error('READONLY You cannot write against a read only replica.'));
    await lose('a');
    await pass(100);
    expect(unsettled.has('a')).toBe(true);
    outcome = async () => undefined;
    await pass(200);
    expect(unsettled.has('a')).toBe(false);
  });
});

describe('where the socket before could not be made void', () => {
  it('what was pending is repeated once more after 5 s, and served in between', async () => {
    connection.available = false;
    await lose('a');
    await loseTags('t');
    connection.up(false);
    await turn();
    expect(repeated).toEqual(['tags t', 'keys a']);
    await pass(4_999);
    expect([unsettled.has('a'), unsettled.hasTag('t')]).toEqual([false, false]);
    expect(repeated).toHaveLength(2);
    await pass(1);
    expect(repeated).toEqual(['tags t', 'keys a', 'tags t', 'keys a']);
    expect([unsettled.has('a'), unsettled.hasTag('t')]).toEqual([false, false]);
    await pass(60_000);
    expect(repeated).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  it('so is a clear', async () => {
    connection.available = false;
    await expect(unsettled.guardAll(fail)).rejects.toBe(unavailable);
    connection.up(false);
    await pass(5_000);
    expect(repeated).toEqual(['all', 'all']);
  });

  it('what became unsettled later is not', async () => {
    connection.up(false);
    await lose('a');
    await pass(60_000);
    expect(repeated).toEqual(['keys a']);
  });
});

describe('when it is closed', () => {
  it('nothing is repeated any more, and nothing waits', async () => {
    connection.available = false;
    await lose('a');
    connection.up(false);
    await turn();
    await lose('b');
    unsettled.close();
    expect([clock.pending, connection.listeners.size]).toEqual([0, 0]);
    await lose('c');
    await pass(60_000);
    expect(repeated).toEqual(['keys a']);
  });
});
