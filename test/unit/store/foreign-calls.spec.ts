import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../../src/codec/create-codec.js';
import { RedisUnavailableError } from '../../../src/errors.js';
import { KeySpace } from '../../../src/key/key-space.js';
import { ForeignCalls } from '../../../src/store/foreign-calls.js';
import { keyvStore } from '../../../src/store/keyv-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

/** Longer than a call may take. */
const TOO_LONG = 3_000;
const AGES = 30_000;

function never(): Promise<never> {
  return new Promise(() => {});
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

async function hang(calls: ForeignCalls, clock: FakeClock, times: number): Promise<void> {
  for (let at = 0; at < times; at++) {
    const call = outcome(calls.run(never));
    clock.advance(TOO_LONG);
    expect(await call).toBeInstanceOf(RedisUnavailableError);
  }
}

describe("calls of somebody else's store", () => {
  it('give what the call gives, and its error as it is', async () => {
    const calls = new ForeignCalls('x', new FakeClock());
    expect(await calls.run(async () => 7)).toBe(7);
    const error = new Error('own');
    expect(await outcome(calls.run(() => Promise.reject(error)))).toBe(error);
    const thrown = calls.run(() => {
      throw error;
    });
    expect(await outcome(thrown)).toBe(error);
  });

  it('are rejected in time when there is no answer, and a late one is swallowed', async () => {
    const clock = new FakeClock();
    const calls = new ForeignCalls('x', clock);
    let fail: (error: Error) => void = () => {};
    const call = calls.run(() => new Promise((_, reject) => (fail = reject)));
    clock.advance(TOO_LONG);
    await expect(call).rejects.toThrow('"x" is unavailable: it did not answer in time');
    fail(new Error('late'));
    expect(await calls.run(async () => 1)).toBe(1);
  });

  it('are not made any more after several without an answer in a row', async () => {
    const clock = new FakeClock();
    const calls = new ForeignCalls('x', clock);
    await hang(calls, clock, 5);
    let made = 0;
    const further = Array.from({ length: 100 }, () => outcome(calls.run(async () => ++made)));
    for (const error of await Promise.all(further)) expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(made).toBe(0);
  });

  it('are made again once a late answer comes', async () => {
    const clock = new FakeClock();
    const calls = new ForeignCalls('x', clock);
    let answer: (value: number) => void = () => {};
    const first = outcome(calls.run(() => new Promise((resolve) => (answer = resolve))));
    clock.advance(TOO_LONG);
    await first;
    await hang(calls, clock, 4);
    expect(await outcome(calls.run(async () => 1))).toBeInstanceOf(RedisUnavailableError);
    answer(7);
    await Promise.resolve();
    await Promise.resolve();
    expect(await calls.run(async () => 1)).toBe(1);
  });

  it('are tried again when the lost ones are given up, one at a time', async () => {
    const clock = new FakeClock();
    const calls = new ForeignCalls('x', clock);
    await hang(calls, clock, 5);
    clock.advance(AGES);
    await hang(calls, clock, 1);
    expect(await outcome(calls.run(async () => 1))).toBeInstanceOf(RedisUnavailableError);
    clock.advance(AGES);
    expect(await calls.run(async () => 1)).toBe(1);
  });

  it('leave no timer when they are answered', async () => {
    const clock = new FakeClock();
    const calls = new ForeignCalls('x', clock);
    await calls.run(async () => 1);
    clock.advance(TOO_LONG);
    expect(clock.pending).toBe(0);
  });
});

describe('a cache in a Keyv that does not answer', () => {
  it('finds it out of reach, and later writes of the key are not held up', async () => {
    const clock = new FakeClock(Date.now());
    let hangs = true;
    const map = new Map<string, unknown>();
    const adapter = {
      get: (key: string) => (hangs ? never() : map.get(key)),
      set: (key: string, value: unknown) => (hangs ? never() : map.set(key, value)),
      delete: (key: string) => map.delete(key),
      clear: () => map.clear(),
    };
    const options = { types: [], serializer: undefined, compressor: undefined, maxBytes: Infinity };
    const store = keyvStore(new Keyv({ store: adapter as never }), {
      cache: 'hanging',
      space: KeySpace.of({ keyPrefix: 'cache', cache: 'hanging', version: undefined }),
      codec: createCodec({ ...options, format: 'entry' }),
      clock,
      unreadable: () => {},
    });
    const write = outcome(store.write([{ key: 'k', value: 1, ttl: null }], 'set'));
    const read = outcome(store.read(['other']));
    clock.advance(TOO_LONG);
    expect(await write).toBeInstanceOf(RedisUnavailableError);
    expect(await read).toBeInstanceOf(RedisUnavailableError);
    hangs = false;
    expect(await store.write([{ key: 'k', value: 2, ttl: null }], 'set')).toStrictEqual([true]);
    expect((await store.read(['k']))[0]?.value).toBe(2);
  });
});
