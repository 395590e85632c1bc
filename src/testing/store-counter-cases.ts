import { failureNameOf } from './failure-of.js';
import type { StoreCapability, StoreSubject } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const FROM_ZERO = { initial: 0, ttl: null } as const;
const NOT_STARTED = { initial: undefined, ttl: null } as const;

const write = (value: unknown, ttl: number | null = null) => ({ key: 'key', value, ttl });

/** Integers that are added to in one atomic step. */
export const STORE_COUNTER_CASES: readonly BehaviourCase<StoreSubject, StoreCapability>[] = [
  {
    title: 'a missing key starts at the initial value, with the ttl',
    needs: ['increment'],
    async run({ store }, expect) {
      expect(await store.increment('key', 5, { initial: 10, ttl: 60_000 })).toBe(15);
      expect((await store.read(['key']))[0]?.value).toBe(15);
      const left = await store.ttl('key');
      expect(typeof left === 'number' && left > 0 && left <= 60_000).toBe(true);
    },
  },
  {
    title: 'without an initial value a missing key stays missing',
    needs: ['increment'],
    async run({ store }, expect) {
      expect(await store.increment('key', 1, NOT_STARTED)).toBe(undefined);
      expect(await store.read(['key'])).toStrictEqual([undefined]);
    },
  },
  {
    title: 'adds to an integer, up and down, and keeps its ttl',
    needs: ['increment'],
    async run({ store }, expect) {
      await store.write([write(-3, 3_600_000)], 'set');
      expect(await store.increment('key', 5, { initial: 100, ttl: 1 })).toBe(2);
      expect(await store.increment('key', -7, NOT_STARTED)).toBe(-5);
      expect(((await store.ttl('key')) ?? 0) > 3_500_000).toBe(true);
      await store.write([write(1, null)], 'set');
      await store.increment('key', 1, { initial: 0, ttl: 1_000 });
      expect(await store.ttl('key')).toBe(null);
    },
  },
  {
    title: 'a hundred at once add up',
    needs: ['increment', 'atomic'],
    async run({ store }, expect) {
      await Promise.all(Array.from({ length: 100 }, () => store.increment('key', 1, FROM_ZERO)));
      expect((await store.read(['key']))[0]?.value).toBe(100);
    },
  },
  {
    title: 'counts up to ±(2^53 − 1) and not beyond',
    needs: ['increment'],
    async run({ store }, expect) {
      const most = Number.MAX_SAFE_INTEGER;
      await store.write([write(most - 1)], 'set');
      expect(await store.increment('key', 1, FROM_ZERO)).toBe(most);
      expect(await failureNameOf(store.increment('key', 1, FROM_ZERO))).toBe('NotANumberError');
      expect((await store.read(['key']))[0]?.value).toBe(most);
      await store.write([write(-most)], 'set');
      expect(await failureNameOf(store.increment('key', -1, FROM_ZERO))).toBe('NotANumberError');
      expect(await store.increment('key', 1, FROM_ZERO)).toBe(-most + 1);
    },
  },
  {
    title: 'refuses what is no integer and leaves it as it is',
    needs: ['increment'],
    async run({ store }, expect) {
      for (const value of [1.5, '1', '', 'text', true, [1], { one: 1 }, 2 ** 53, 1e21]) {
        await store.write([write(value)], 'set');
        expect(await failureNameOf(store.increment('key', 1, FROM_ZERO))).toBe('NotANumberError');
        expect((await store.read(['key']))[0]?.value).toStrictEqual(value);
      }
    },
  },
  {
    title: 'null is there, and no integer',
    needs: ['increment', 'null'],
    async run({ store }, expect) {
      await store.write([write(null)], 'set');
      expect(await failureNameOf(store.increment('key', 1, FROM_ZERO))).toBe('NotANumberError');
    },
  },
  {
    title: 'starts anew after a clear and after the expiry',
    needs: ['increment'],
    async run({ store, pass }, expect) {
      await store.increment('key', 7, FROM_ZERO);
      await store.clear();
      expect(await store.increment('key', 1, { initial: 0, ttl: 60 })).toBe(1);
      await pass(80);
      expect(await store.increment('key', 1, { initial: 0, ttl: null })).toBe(1);
      expect(await store.ttl('key')).toBe(null);
    },
  },
];
