import type { CacheSubject } from './cache-subject.js';
import { failureOf } from './failure-of.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const FIFTY = Array.from({ length: 50 }, (_, index) => index);

/** Behaviour 28 within one process: who shares a load, and how its result is kept. */
export const CACHE_FLIGHT_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'fifty concurrent callers of a cold key share one loader',
    async run(subject, expect) {
      const cache = await subject.cache();
      let loads = 0;
      const load = async (): Promise<{ n: number }> => ({ n: (loads += 1) });
      const found = await Promise.all(
        FIFTY.map((index) => (index % 5 === 0 ? cache.wrap('key', load) : cache.getOrSet('key', load))),
      );
      expect(loads).toBe(1);
      expect(found).toStrictEqual(FIFTY.map(() => ({ n: 1 })));
      expect(cache.stats().coalesced).toBe(49);
      expect(await cache.get('key')).toStrictEqual({ n: 1 });
      expect(await cache.getOrSet('key', load)).toStrictEqual({ n: 1 });
    },
  },
  {
    title: 'an undefined result is shared like any other, and not cached',
    async run(subject, expect) {
      const cache = await subject.cache();
      let loads = 0;
      const load = async (): Promise<undefined> => void (loads += 1);
      const found = await Promise.all(FIFTY.map(() => cache.getOrSet('key', load)));
      expect(found).toStrictEqual(FIFTY.map(() => undefined));
      expect(loads).toBe(1);
      expect(await cache.has('key')).toBe(false);
      await cache.getOrSet('key', load);
      expect(loads).toBe(2);
    },
  },
  {
    title: 'a failure reaches all who wait, is not cached, and frees the key',
    async run(subject, expect) {
      const cache = await subject.cache();
      let loads = 0;
      const boom = new Error('boom');
      const load = async (): Promise<number> => {
        loads += 1;
        throw boom;
      };
      const failures = await Promise.all(FIFTY.map(() => failureOf(cache.getOrSet('key', load))));
      expect(failures.every((failure) => failure === boom)).toBe(true);
      expect(loads).toBe(1);
      expect(await failureOf(cache.getOrSetMany(['key', 'b'], load as never))).toBe(boom);
      const synchronous = cache.getOrSet('key', () => {
        throw boom;
      });
      expect(await failureOf(synchronous)).toBe(boom);
      expect(await cache.getOrSet('key', () => 'works')).toBe('works');
    },
  },
  {
    title: 'fresh loads whatever is cached, and stores the result',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'old');
      expect(await cache.getOrSet('key', () => 'new', { fresh: true })).toBe('new');
      expect(await cache.get('key')).toBe('new');
      const many = await cache.getOrSetMany(['key'], async () => new Map([['key', 'newer']]), {
        fresh: true,
      });
      expect(many.get('key')).toBe('newer');
      expect(await cache.get('key')).toBe('newer');
    },
  },
  {
    title: 'a fresh result that is not to be stored drops the old one; a skipped one leaves it',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'old');
      await cache.getOrSet<unknown>('key', (context) => context.skip(), { fresh: true });
      expect(await cache.get('key')).toBe('old');
      await cache.getOrSet<unknown>('key', () => undefined, { fresh: true });
      expect(await cache.get('key')).toBe(undefined);
      class Unlisted {}
      await cache.set('key', 'old');
      await cache.getOrSet<unknown>('key', () => new Unlisted(), { fresh: true });
      expect(await cache.get('key')).toBe(undefined);
      await cache.set('key', 'old');
      await cache.getOrSetMany(['key'], async () => new Map(), { fresh: true });
      expect(await cache.get('key')).toBe(undefined);
    },
  },
  {
    title: 'a loader is told its key, may set the ttl, and may skip storing',
    async run(subject, expect) {
      const cache = await subject.cache();
      const key = await cache.getOrSet('key', (context) => {
        context.ttl('1h');
        return context.key;
      });
      expect(key).toBe('key');
      expect(((await cache.remainingTtl('key')) ?? 0) > 3_000_000).toBe(true);
      await cache.getOrSet('forever', (context) => (context.ttl(null), 1));
      expect(await cache.remainingTtl('forever')).toBe(null);
      expect(await cache.getOrSet('skipped', (context) => (context.skip(), 1))).toBe(1);
      expect(await cache.getOrSet('zero', (context) => (context.ttl(0), 1))).toBe(1);
      expect(await cache.mget(['skipped', 'zero'])).toStrictEqual([undefined, undefined]);
    },
  },
  {
    title: 'a result that cannot be cached is given to everyone, to each one of its own',
    async run(subject, expect) {
      const cache = await subject.cache();
      class Unlisted {
        changed = false;
      }
      const found = await Promise.all(FIFTY.map(() => cache.getOrSet('key', async () => new Unlisted())));
      expect(found.every((one) => one instanceof Unlisted && !one.changed)).toBe(true);
      expect(new Set(found).size).toBe(50);
      expect(await cache.has('key')).toBe(false);
      const many = await Promise.all(
        FIFTY.map(() => cache.getOrSetMany(['key'], async () => new Map([['key', new Unlisted()]]))),
      );
      expect(new Set(many.map((one) => one.get('key'))).size).toBe(50);
    },
  },
  {
    title: 'getOrSetMany joins what is being loaded, and loads only the rest',
    async run(subject, expect) {
      const cache = await subject.cache();
      const asked: string[][] = [];
      const load = async (missing: string[]): Promise<Map<string, string>> => {
        asked.push(missing);
        return new Map(missing.map((key) => [key, `loaded ${key}`]));
      };
      const [a, ab, bc] = await Promise.all([
        cache.getOrSet('a', async () => 'a alone'),
        cache.getOrSetMany(['a', 'b'], load),
        cache.getOrSetMany(['c', 'b', 'a'], load),
      ]);
      expect(a).toBe('a alone');
      expect([...ab]).toStrictEqual([
        ['a', 'a alone'],
        ['b', 'loaded b'],
      ]);
      expect([...bc.values()]).toStrictEqual(['loaded c', 'loaded b', 'a alone']);
      expect(asked.sort()).toStrictEqual([['b'], ['c']]);
    },
  },
  {
    title: 'who joins a key that a loader of many does not know asks its own loader',
    async run(subject, expect) {
      const cache = await subject.cache();
      const [, one, many] = await Promise.all([
        cache.getOrSetMany(['key'], async () => new Map()),
        cache.getOrSet('key', async () => 'known'),
        cache.getOrSetMany(['key'], async () => new Map([['key', 'known too']])),
      ]);
      expect(one).toBe('known');
      expect([...many]).toStrictEqual([['key', 'known too']]);
    },
  },
];
