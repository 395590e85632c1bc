import type { CacheSubject } from './cache-subject.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

/** A promise to be kept from outside. */
function promised<T>(): { promise: Promise<T>; keep: (value: T) => void } {
  let keep!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (keep = resolve));
  return { promise, keep };
}

/** What is loaded while its key changes is too old to be stored. */
export const CACHE_OVERTAKEN_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'what is loaded while its key is set, removed or cleared is not stored',
    async run(subject, expect) {
      const cache = await subject.cache();
      const changes: [() => Promise<unknown>, unknown][] = [
        [() => cache.set('key', 'newer'), 'newer'],
        [() => cache.mset([{ key: 'key', value: 'newer' }]), 'newer'],
        [() => cache.add('key', 'newer'), 'newer'],
        [() => cache.del('key'), undefined],
        [() => cache.mdel(['x', 'key']), undefined],
        [() => cache.clear(), undefined],
        [() => cache.set('key', undefined), undefined],
        [() => cache.set('key', 1, { ttl: 0 }), undefined],
        [() => cache.touch('key', 0), undefined],
      ];
      for (const [change, expected] of changes) {
        await cache.del('key');
        const loaded = await cache.getOrSet<string>('key', async () => {
          await change();
          return 'older';
        });
        expect([String(change), loaded, await cache.get('key')]).toStrictEqual([
          String(change),
          'older',
          expected,
        ]);
      }
    },
  },
  {
    title: 'nor is it stored by getOrSetMany and by the refresh of wrap',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.getOrSetMany(['a', 'b'], async () => {
        await cache.del('a');
        return new Map([
          ['a', 'older'],
          ['b', 'good'],
        ]);
      });
      expect(await cache.mget(['a', 'b'])).toStrictEqual([undefined, 'good']);
      const load = promised<string>();
      const begun = promised<void>();
      const loader = (): Promise<string> => (begun.keep(), load.promise);
      const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
      await cache.set('key', 'old', 1_000);
      expect(await cache.wrap('key', loader, 60_000, 50_000)).toBe('old');
      await begun.promise;
      await cache.set('key', 'newer');
      load.keep('older');
      await refreshed;
      expect(await cache.get('key')).toBe('newer');
    },
  },
  {
    title: 'a caller who comes after a removal does not get what was loaded before it',
    async run(subject, expect) {
      const cache = await subject.cache();
      const old = promised<string>();
      const begun = promised<void>();
      const before = cache.getOrSet('key', () => (begun.keep(), old.promise));
      await begun.promise;
      await cache.del('key');
      const after = cache.getOrSet('key', async () => 'new');
      expect(await after).toBe('new');
      old.keep('old');
      expect(await before).toBe('old');
      expect(await cache.get('key')).toBe('new');
    },
  },
  {
    title: 'a removal at any moment of a load leaves nothing behind',
    async run(subject, expect) {
      for (let turns = 0; turns < 40; turns++) {
        // A cache of its own each time, so that the first write of a cache is tried as well as a later one.
        const cache = await subject.cache({ name: `cache ${turns >> 1}` });
        let loaded!: () => void;
        const loading = new Promise<void>((resolve) => (loaded = resolve));
        const load = (): string => (loaded(), 'old');
        const result = cache.getOrSet('key', load);
        await loading;
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await cache.del('key');
        await result;
        expect([turns, await cache.get('key')]).toStrictEqual([turns, undefined]);
      }
    },
  },
];
