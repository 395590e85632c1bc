import type { NamedCache } from '../cache/named-cache.js';
import { passUntil, settled, shareCache, type CacheSubject } from './cache-subject.js';
import { failureOf } from './failure-of.js';
import { HeldLoader } from './held-loader.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

type Case = BehaviourCase<CacheSubject, StoreCapability>;

const REVALIDATE = { ttl: '1h', stale: { revalidate: '1h' } } as const;
const ERROR = { ttl: '1h', stale: { error: '1h' } } as const;
const boom = new Error('boom');
const fail = (): never => {
  throw boom;
};

/** What makes the entry `key`, which carries `tag`, invalid for good. */
const INVALIDATIONS: Readonly<Record<string, (cache: NamedCache) => Promise<unknown>>> = {
  removed: (cache) => cache.del('key'),
  cleared: (cache) => cache.clear(),
  'invalidated by its tag': (cache) => cache.invalidateTags('tag'),
  mutated: (cache) => cache.mutate({ keys: ['key'] }, () => undefined),
  'removed by a pattern': (cache) => cache.deletePattern('k*'),
};

const invalidated: readonly Case[] = Object.entries(INVALIDATIONS).flatMap(([what, invalidate]) => [
  {
    title: `what was ${what} is not served as stale`,
    needs: ['stale', 'tags', 'barriers'],
    async run(subject, expect) {
      for (const options of [REVALIDATE, ERROR]) {
        const cache = await subject.cache(options);
        for (const early of [true, false]) {
          await cache.set('key', 'old', { tags: ['tag'] });
          if (early) await cache.expire('key');
          await invalidate(cache);
          expect(await failureOf(cache.getOrSet('key', fail))).toBe(boom);
          expect(await cache.getEntry('key')).toBe(undefined);
        }
      }
    },
  },
  {
    title: `what is ${what} in another process while it is loaded anew is not served as stale`,
    needs: ['stale', 'tags', 'barriers', 'processes'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject, ERROR);
      await here.set('key', 'old', { tags: ['tag'] });
      await here.expire('key');
      const loader = new HeldLoader<string>();
      const loading = failureOf(here.getOrSet('key', loader.load));
      await loader.begun();
      await invalidate(there);
      await heard();
      loader.fail(boom);
      expect(await settled(subject, loading)).toBe(boom);
      expect(await settled(subject, failureOf(there.getOrSet('key', fail)))).toBe(boom);
    },
  },
]);

/** Stale values: past their time, and served all the same for as long as the options say. */
export const CACHE_STALE_CASES: readonly Case[] = [
  ...invalidated,
  {
    title: 'expire ends the time of an entry: it is a miss, and found no more by expire',
    async run(subject, expect) {
      for (const options of [{}, { ttl: null }]) {
        const cache = await subject.cache(options);
        await cache.set('key', 'old');
        expect([await cache.expire('key'), await cache.expire('key')]).toStrictEqual([true, false]);
        expect([await cache.get('key'), await cache.has('key')]).toStrictEqual([undefined, false]);
        expect(await failureOf(cache.getOrSet('key', fail))).toBe(boom);
        expect(await cache.getOrSet('key', () => 'new')).toBe('new');
        expect(await cache.get('key')).toBe('new');
        await cache.clear();
      }
    },
  },
  {
    title: 'revalidate: the old value is given at once, while one load makes it fresh',
    needs: ['stale'],
    async run(subject, expect) {
      const cache = await subject.cache(REVALIDATE);
      await cache.set('key', 'old');
      await cache.expire('key');
      const loader = new HeldLoader<string>();
      const callers = Array.from({ length: 20 }, () => cache.getOrSet('key', loader.load));
      const found = await settled(subject, Promise.all(callers));
      expect(found).toStrictEqual(found.map(() => 'old'));
      await loader.begun();
      expect(await cache.getOrSet('key', loader.load)).toBe('old');
      expect(loader.calls).toBe(1);
      loader.give('new');
      await passUntil(subject, async () => (await cache.get('key')) === 'new');
      expect(await cache.getOrSet('key', loader.load)).toBe('new');
      expect(loader.calls).toBe(1);
    },
  },
  {
    title: 'revalidate: a stale entry is no hit of any other method, and getEntry says what it is',
    needs: ['stale', 'keys'],
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: 80, stale: { revalidate: '1h' } });
      await cache.set('key', 'old');
      await subject.pass(120);
      expect([await cache.get('key'), cache.peek('key'), await cache.has('key')]).toStrictEqual([
        undefined,
        undefined,
        false,
      ]);
      expect([await cache.mget(['key']), await cache.remainingTtl('key')]).toStrictEqual([
        [undefined],
        undefined,
      ]);
      expect(await cache.touch('key', 1_000)).toBe(false);
      const keys: string[] = [];
      for await (const key of cache.keys()) keys.push(key);
      expect(keys).toStrictEqual([]);
      const entry = await cache.getEntry('key');
      expect([entry?.value, entry?.stale]).toStrictEqual(['old', true]);
      expect(await cache.add('key', 'added')).toBe(true);
      expect((await cache.getEntry('key'))?.value).toBe('added');
    },
  },
  {
    title: 'error: the old value is given when its loader fails; without one the failure is',
    needs: ['stale'],
    async run(subject, expect) {
      const cache = await subject.cache(ERROR);
      expect(await failureOf(cache.getOrSet('absent', fail))).toBe(boom);
      await cache.set('key', 'old');
      await cache.expire('key');
      const found = await Promise.all(Array.from({ length: 20 }, () => cache.getOrSet('key', fail)));
      expect(found).toStrictEqual(found.map(() => 'old'));
      expect(await cache.get('key')).toBe(undefined);
    },
  },
  {
    title: 'error: a loader that works is waited for',
    needs: ['stale'],
    async run(subject, expect) {
      const cache = await subject.cache(ERROR);
      await cache.set('key', 'old');
      await cache.expire('key');
      expect(await cache.getOrSet('key', async () => 'new')).toBe('new');
      expect(await cache.get('key')).toBe('new');
    },
  },
  {
    title: 'a stale value is not served for longer than the options say',
    needs: ['stale'],
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: 60, stale: { revalidate: 60, error: 60 } });
      await cache.set('key', 'old');
      await subject.pass(150);
      expect(await failureOf(cache.getOrSet('key', fail))).toBe(boom);
      expect(await cache.getEntry('key')).toBe(undefined);
    },
  },
  {
    title: 'each of many keys has an old value of its own',
    needs: ['stale'],
    async run(subject, expect) {
      const cache = await subject.cache(ERROR);
      await cache.mset([
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ]);
      await Promise.all([cache.expire('a'), cache.expire('b')]);
      expect([...(await cache.getOrSetMany(['a', 'b'], fail))]).toStrictEqual([
        ['a', 1],
        ['b', 2],
      ]);
      expect(await failureOf(cache.getOrSetMany(['a', 'absent'], fail))).toBe(boom);
    },
  },
  {
    title: 'a loader sees the old value, and may say that it is still right',
    needs: ['stale'],
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: '1h', stale: { error: '1h' } });
      await cache.set('key', { etag: 1 });
      await cache.expire('key');
      const seen: unknown[] = [];
      const found = await cache.getOrSet<{ etag: number }>('key', (context) => {
        seen.push(context.stale);
        return context.notModified();
      });
      expect([found, seen]).toStrictEqual([{ etag: 1 }, [{ etag: 1 }]]);
      expect(await cache.get('key')).toStrictEqual({ etag: 1 });
    },
  },
  {
    title: 'revalidate: one load in all processes makes it fresh, and all are given the old value meanwhile',
    needs: ['stale', 'processes'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject, REVALIDATE);
      await here.set('key', 'old');
      await there.expire('key');
      await heard();
      const loader = new HeldLoader<string>();
      const callers = [here, there, here, there].map((cache) => cache.getOrSet('key', loader.load));
      expect(await settled(subject, Promise.all(callers))).toStrictEqual(['old', 'old', 'old', 'old']);
      await loader.begun();
      for (const cache of [there, here]) expect(await cache.getOrSet('key', loader.load)).toBe('old');
      expect(loader.calls).toBe(1);
      loader.give('new');
      await passUntil(subject, async () => (await there.get('key')) === 'new');
      await passUntil(subject, async () => (await here.get('key')) === 'new');
    },
  },
];
