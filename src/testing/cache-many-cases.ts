import type { CacheSubject } from './cache-subject.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

function* generated(...keys: string[]): Generator<string> {
  yield* keys;
}

/** Behaviours 12–14: many keys at once. */
export const CACHE_MANY_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'mget answers in order, with gaps and repetitions',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.mset([
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ]);
      expect(await cache.mget(['b', 'x', 'a', 'b'])).toStrictEqual([2, undefined, 1, 2]);
    },
  },
  {
    title: 'takes any iterable, an empty generator too',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('a', 1);
      expect(await cache.mget(new Set(['a', 'b']))).toStrictEqual([1, undefined]);
      expect(await cache.mget(generated('a'))).toStrictEqual([1]);
      expect(await cache.mget(generated())).toStrictEqual([]);
      expect(await cache.mset([])).toStrictEqual([]);
      expect(await cache.mdel(generated())).toBe(true);
      expect(await cache.mdel(generated('a'))).toBe(true);
      expect(await cache.has('a')).toBe(false);
      const none = await cache.getOrSetMany(generated(), async () => Promise.reject(new Error('not asked')));
      expect(none.size).toBe(0);
    },
  },
  {
    title: 'mset keeps the ttl of each, and drops what is not to be stored',
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: '10m' });
      await cache.mset([
        { key: 'gone', value: 'old' },
        { key: 'undone', value: 'old' },
      ]);
      await cache.mset<unknown>([
        { key: 'default', value: 1 },
        { key: 'own', value: 2, ttl: 60_000 },
        { key: 'forever', value: 3, ttl: 0 },
        { key: 'gone', value: 4, ttl: -1 },
        { key: 'undone', value: undefined },
      ]);
      const [byDefault, own] = await Promise.all([cache.remainingTtl('default'), cache.remainingTtl('own')]);
      expect(typeof byDefault === 'number' && byDefault > 590_000 && byDefault <= 600_000).toBe(true);
      expect(typeof own === 'number' && own > 50_000 && own <= 60_000).toBe(true);
      expect(await cache.remainingTtl('forever')).toBe(null);
      expect(await cache.mget(['gone', 'undone'])).toStrictEqual([undefined, undefined]);
    },
  },
  {
    title: 'of two items of one key the last stands, also when it is not to be stored',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.mset<unknown>([
        { key: 'a', value: 1 },
        { key: 'a', value: 2 },
        { key: 'b', value: 1 },
        { key: 'b', value: undefined },
        { key: 'c', value: undefined },
        { key: 'c', value: 1 },
      ]);
      expect(await cache.mget(['a', 'b', 'c'])).toStrictEqual([2, undefined, 1]);
    },
  },
  {
    title: 'ten thousand keys go through',
    async run(subject, expect) {
      const cache = await subject.cache();
      const keys = Array.from({ length: 10_000 }, (_, index) => `key:${index}`);
      await cache.mset(keys.map((key, index) => ({ key, value: index })));
      const found = await cache.mget<number>(keys);
      expect(found.every((value, index) => value === index)).toBe(true);
      expect(await cache.mdel(keys)).toBe(true);
      expect((await cache.mget(keys)).every((value) => value === undefined)).toBe(true);
    },
  },
  {
    title: 'getOrSetMany loads what is missing in one call, in the order of the keys',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('b', 'cached');
      const asked: string[][] = [];
      const load = async (missing: string[]): Promise<Map<string, string>> => {
        asked.push(missing);
        return new Map(missing.filter((key) => key !== 'none').map((key) => [key, `loaded ${key}`]));
      };
      const found = await cache.getOrSetMany(['c', 'b', 'none', 'a', 'c'], load);
      expect(asked).toStrictEqual([['c', 'none', 'a']]);
      expect([...found]).toStrictEqual([
        ['c', 'loaded c'],
        ['b', 'cached'],
        ['a', 'loaded a'],
      ]);
      expect(await cache.mget(['a', 'none'])).toStrictEqual(['loaded a', undefined]);
      await cache.getOrSetMany(['b', 'a'], load);
      expect(asked.length).toBe(1);
    },
  },
  {
    title: 'what a loader of many gives beyond the question is not stored',
    async run(subject, expect) {
      const cache = await subject.cache();
      const found = await cache.getOrSetMany(
        ['a'],
        async () =>
          new Map([
            ['a', 1],
            ['b', 2],
          ]),
      );
      expect([...found]).toStrictEqual([['a', 1]]);
      expect(await cache.has('b')).toBe(false);
    },
  },
  {
    title: 'one value that cannot be stored does not keep the others out',
    async run(subject, expect) {
      const cache = await subject.cache({ maxBytes: 1_000 });
      class Unlisted {}
      const values = new Map<string, unknown>([
        ['good', 1],
        ['unlisted', new Unlisted()],
        ['function', () => 1],
        ['large', 'x'.repeat(2_000)],
        ['fine', 2],
      ]);
      const found = await cache.getOrSetMany(values.keys(), async () => values);
      expect([...found]).toStrictEqual([...values]);
      expect(await cache.mget(values.keys())).toStrictEqual([1, undefined, undefined, undefined, 2]);
      expect(subject.events.count('uncacheable')).toBe(3);
    },
  },
];
