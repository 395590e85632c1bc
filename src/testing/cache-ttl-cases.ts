import type { CacheSubject } from './cache-subject.js';
import { failureNameOf } from './failure-of.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const MONTH_AND_A_SECOND = 30 * 24 * 3_600_000 + 1_000;

function isAbout(left: number | null | undefined, expected: number): boolean {
  return typeof left === 'number' && left <= expected && left > expected - 5_000;
}

/** Behaviours 4–7, 25, 26: times to live. */
export const CACHE_TTL_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: "the default ttl is the cache's, any other is the call's",
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: '10m' });
      await cache.set('default', 1);
      await cache.set('number', 1, 5_500);
      await cache.set('text', 1, '5.5s');
      await cache.set('options', 1, { ttl: '1h' });
      await cache.set('month', 1, MONTH_AND_A_SECOND);
      await cache.add('added', 1, '1h');
      await cache.getOrSet('loaded', () => 1, { ttl: '1h' });
      await cache.getOrSetMany(['many'], async () => new Map([['many', 1]]), { ttl: '1h' });
      const hour = 3_600_000;
      const expected = {
        default: 600_000,
        number: 5_500,
        text: 5_500,
        options: hour,
        month: MONTH_AND_A_SECOND,
      };
      for (const [key, ttl] of Object.entries({ ...expected, added: hour })) {
        expect([key, isAbout(await cache.remainingTtl(key), ttl)]).toStrictEqual([key, true]);
      }
      // What is loaded lives for up to a twentieth less, so that not all of it expires at once.
      for (const key of ['loaded', 'many']) {
        const left = await cache.remainingTtl(key);
        expect([key, Number(left) > 0.94 * hour && Number(left) <= hour]).toStrictEqual([key, true]);
      }
    },
  },
  {
    title: 'null never expires, and is not the same as missing',
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: 60_000 });
      await cache.set('set', 1, null);
      await cache.set('options', 1, { ttl: null });
      await cache.add('added', 1, null);
      await cache.getOrSet('loaded', () => 1, { ttl: null });
      for (const key of ['set', 'options', 'added', 'loaded']) {
        expect(await cache.remainingTtl(key)).toBe(null);
        expect((await cache.getEntry(key))?.ttl).toBe(null);
        expect(await cache.ttl(key)).toBe(undefined);
        expect(await cache.has(key)).toBe(true);
      }
      expect(await cache.remainingTtl('missing')).toBe(undefined);
    },
  },
  {
    title: 'a ttl of 0 or less: not readable afterwards, the previous value gone',
    async run(subject, expect) {
      const cache = await subject.cache();
      const writes = [
        () => cache.set('key', 2, { ttl: 0 }),
        () => cache.set('key', 2, { ttl: -1 }),
        () => cache.set('key', 2, '0s'),
        () => cache.set('key', 2, -1),
        () => cache.touch('key', 0),
        () => cache.touch('key', -5),
        () => cache.getOrSet('key', () => 2, { ttl: 0, fresh: true }),
      ];
      for (const write of writes) {
        await cache.set('key', 1);
        await write();
        expect([String(write), await cache.get('key')]).toStrictEqual([String(write), undefined]);
      }
      expect(await cache.add('key', 1, 0)).toBe(false);
      expect(await cache.has('key')).toBe(false);
    },
  },
  {
    title: 'a bare 0 means no expiry, as cache-manager has it',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('set', 1, 0);
      await cache.wrap('wrap', () => 1, 0);
      await cache.mset([{ key: 'mset', value: 1, ttl: 0 }]);
      for (const key of ['set', 'wrap', 'mset']) expect(await cache.remainingTtl(key)).toBe(null);
    },
  },
  {
    title: 'what is no duration is refused, and nothing is written',
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const ttl of ['5 minutes', '', 'x', NaN, Infinity, {}, 1e300] as (string | number)[]) {
        expect(await failureNameOf(cache.add('key', 1, ttl))).toBe('InvalidOptionsError');
        expect(await failureNameOf(cache.touch('key', ttl))).toBe('InvalidOptionsError');
        expect(await failureNameOf(cache.getOrSet('key', () => 1, { ttl }))).toBe('InvalidOptionsError');
        expect(await failureNameOf(cache.set('key', 1, { ttl }))).toBe('InvalidOptionsError');
      }
      expect(await cache.has('key')).toBe(false);
    },
  },
  {
    title: 'touch changes the ttl of what is there',
    needs: ['persist'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'value', 60_000);
      expect(await cache.touch('key', '1h')).toBe(true);
      expect(isAbout(await cache.remainingTtl('key'), 3_600_000)).toBe(true);
      expect(await cache.touch('key', null)).toBe(true);
      expect(await cache.remainingTtl('key')).toBe(null);
      expect(await cache.touch('key', null)).toBe(true);
      expect(await cache.get('key')).toBe('value');
      expect(await cache.touch('missing', null)).toBe(false);
      expect(await cache.touch('missing', '1h')).toBe(false);
      expect(await cache.touch('missing', 0)).toBe(false);
    },
  },
  {
    title: 'touch finds nothing that a clear has dropped',
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const ttl of [60_000, 0] as const) {
        await cache.set('key', 1);
        await cache.clear();
        expect(await cache.touch('key', ttl)).toBe(false);
      }
    },
  },
  {
    title: 'what has expired is gone in every respect, and can be added again',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 1, 60);
      await subject.pass(80);
      expect(await cache.get('key')).toBe(undefined);
      expect(await cache.has('key')).toBe(false);
      expect(await cache.getEntry('key')).toBe(undefined);
      expect(await cache.touch('key', null)).toBe(false);
      expect((await cache.keys().next()).done).toBe(true);
      expect(await cache.add('key', 2)).toBe(true);
      expect(await cache.get('key')).toBe(2);
    },
  },
];
