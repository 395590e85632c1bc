import type { CacheSubject } from './cache-subject.js';
import { failureNameOf } from './failure-of.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

/** Behaviours 15–17: counters. */
export const CACHE_COUNTER_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'incr of a missing key needs an initial value',
    needs: ['increment'],
    async run(subject, expect) {
      const cache = await subject.cache();
      expect(await failureNameOf(cache.incr('key'))).toBe('NotANumberError');
      expect(await cache.has('key')).toBe(false);
      expect(await cache.incr('key', 5, { initial: 10, ttl: '1m' })).toBe(15);
      const left = await cache.remainingTtl('key');
      expect(typeof left === 'number' && left > 50_000 && left <= 60_000).toBe(true);
      expect(await cache.decr('key', 20)).toBe(-5);
      expect(await cache.incr('key')).toBe(-4);
      expect(await cache.get('key')).toBe(-4);
    },
  },
  {
    title: 'a counter that is started has the ttl of the cache, unless it is given one',
    needs: ['increment'],
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: '10m' });
      await cache.incr('default', 1, { initial: 0 });
      await cache.incr('forever', 1, { initial: 0, ttl: null });
      const left = await cache.remainingTtl('default');
      expect(typeof left === 'number' && left > 590_000).toBe(true);
      expect(await cache.remainingTtl('forever')).toBe(null);
    },
  },
  {
    title: 'a hundred increments at once add a hundred and leave the ttl',
    needs: ['increment', 'atomic'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 1, '1h');
      const sums = await Promise.all(
        Array.from({ length: 100 }, () => cache.incr('key', 1, { initial: 0, ttl: '1s' })),
      );
      expect(new Set(sums).size).toBe(100);
      expect(await cache.get('key')).toBe(101);
      expect(((await cache.remainingTtl('key')) ?? 0) > 3_000_000).toBe(true);
    },
  },
  {
    title: 'past 2^53 − 1 and on what is no integer it refuses, and the value stays',
    needs: ['increment'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const values = [Number.MAX_SAFE_INTEGER, 0.5, '5', { n: 1 }, [], true, 5n, new Date(0), -0];
      for (const value of values) {
        await cache.set('key', value);
        expect(await failureNameOf(cache.incr('key'))).toBe('NotANumberError');
        expect(await cache.get('key')).toStrictEqual(value);
      }
    },
  },
  {
    title: 'only integers are added, and a counter lives for some time',
    needs: ['increment'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const wrong = [
        cache.incr('key', 0.5, { initial: 0 }),
        cache.incr('key', NaN, { initial: 0 }),
        cache.incr('key', 2 ** 53, { initial: 0 }),
        cache.incr('key', 1, { initial: 1.5 }),
        cache.incr('key', 1, { initial: 0, ttl: 0 }),
      ];
      for (const one of wrong) expect(await failureNameOf(one)).toBe('InvalidOptionsError');
      expect(await cache.has('key')).toBe(false);
    },
  },
  {
    title: 'a loader that runs while a counter is changed does not overwrite it',
    needs: ['increment'],
    async run(subject, expect) {
      const cache = await subject.cache();
      let counted: Promise<number> | undefined;
      const loaded = cache.getOrSet('key', () => {
        counted = cache.incr('key', 1, { initial: 41 });
        return 0;
      });
      expect(await loaded).toBe(0);
      expect(await counted).toBe(42);
      expect(await cache.get('key')).toBe(42);
    },
  },
];
