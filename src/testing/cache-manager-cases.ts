import type { NamedCache } from '../cache/named-cache.js';
import type { CacheSubject } from './cache-subject.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const EVENTS = ['get', 'mget', 'set', 'mset', 'del', 'mdel', 'clear', 'ttl', 'refresh'] as const;

function recordEvents(cache: NamedCache): [event: string, data: unknown][] {
  const seen: [event: string, data: unknown][] = [];
  for (const event of EVENTS) {
    cache.on(event as 'get', (data) => seen.push([event, data]));
  }
  return seen;
}

/** cache-manager's `Cache`. */
export const CACHE_MANAGER_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'set gives the value, mset the list with its ttls, the others true',
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: 60_000 });
      const value = { a: 1 };
      expect(await cache.set('key', value)).toBe(value);
      expect(
        await cache.mset([
          { key: 'a', value: 1, ttl: 5_000 },
          { key: 'b', value: 2 },
        ]),
      ).toStrictEqual([
        { key: 'a', value: 1, ttl: 5_000 },
        { key: 'b', value: 2, ttl: 60_000 },
      ]);
      expect(await cache.del('missing')).toBe(true);
      expect(await cache.mdel(['a', 'missing'])).toBe(true);
      expect(await cache.clear()).toBe(true);
      expect(await cache.disconnect()).toBe(undefined);
      expect(await cache.set('key', 'after disconnect')).toBe('after disconnect');
      expect(cache.cacheId()).toBe('default');
    },
  },
  {
    title: 'ttl is when an entry expires',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 1, 60_000);
      const [expires, left] = await Promise.all([cache.ttl('key'), cache.remainingTtl('key')]);
      expect(
        Math.abs((expires ?? 0) - (left ?? 0) - ((await cache.getEntry('key'))?.createdAt ?? 0)) < 5_000,
      ).toBe(true);
      expect(await cache.ttl('missing')).toBe(undefined);
    },
  },
  {
    title: 'tells what it did; a miss tells nothing',
    async run(subject, expect) {
      const cache = await subject.cache();
      const seen = recordEvents(cache);
      await cache.get('key');
      await cache.set('key', 1);
      await cache.get('key');
      await cache.mset([{ key: 'a', value: 2, ttl: 5_000 }]);
      await cache.mget(['a', 'b']);
      await cache.del('a');
      await cache.mdel(['a', 'b']);
      await cache.clear();
      expect(seen).toStrictEqual([
        ['set', { key: 'key', value: 1, store: 'primary' }],
        ['get', { key: 'key', value: 1, store: 'primary' }],
        ['mset', { list: [{ key: 'a', value: 2, ttl: 5_000 }] }],
        ['mget', { keys: ['a', 'b'], values: [2, undefined] }],
        ['del', { key: 'a' }],
        ['mdel', { keys: ['a', 'b'] }],
        ['clear', undefined],
      ]);
    },
  },
  {
    title: 'off stops telling',
    async run(subject, expect) {
      const cache = await subject.cache();
      let told = 0;
      const listener = (): void => void (told += 1);
      cache.on('set', listener);
      await cache.set('key', 1);
      cache.off('set', listener);
      await cache.set('key', 2);
      expect(told).toBe(1);
    },
  },
  {
    title: 'wrap takes ttl and threshold as numbers, functions of the value, or options',
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: '10m' });
      await cache.wrap('default', () => 1);
      await cache.wrap('number', async () => 1, 60_000);
      await cache.wrap(
        'function',
        () => 60_000,
        (value) => value,
      );
      await cache.wrap('options', () => 1, { ttl: 60_000 });
      await cache.wrap('options function', () => 60_000, { ttl: (value) => value });
      for (const key of ['number', 'function', 'options', 'options function']) {
        const left = (await cache.remainingTtl(key)) ?? 0;
        expect([key, left > 50_000 && left <= 60_000]).toStrictEqual([key, true]);
      }
      expect(((await cache.remainingTtl('default')) ?? 0) > 590_000).toBe(true);
    },
  },
  {
    title: 'wrap with raw gives the value and when it expires, if it does',
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const hit of [false, true]) {
        const raw = await cache.wrap('key', () => ({ a: 1 }), { ttl: 60_000, raw: true });
        expect([hit, raw.value, Number.isSafeInteger(raw.expires)]).toStrictEqual([hit, { a: 1 }, true]);
        const forever = await cache.wrap('forever', () => 1, { ttl: 0, raw: true });
        expect([hit, forever]).toStrictEqual([hit, { value: 1 }]);
      }
    },
  },
  {
    title: 'wrap refreshes a hit with little left, once and in the background',
    async run(subject, expect) {
      const cache = await subject.cache();
      const seen = recordEvents(cache);
      let loads = 0;
      const load = async (): Promise<number> => (loads += 1);
      const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
      await cache.set('key', 0, 30_000);
      expect(await cache.wrap('key', load, 3_600_000, 10_000)).toBe(0);
      expect(loads).toBe(0);
      const served = await Promise.all([1, 2, 3].map(() => cache.wrap('key', load, 3_600_000, () => 60_000)));
      expect(served).toStrictEqual([0, 0, 0]);
      await refreshed;
      expect(loads).toBe(1);
      expect(await cache.get('key')).toBe(1);
      expect(((await cache.remainingTtl('key')) ?? 0) > 3_000_000).toBe(true);
      expect(seen.filter(([event]) => event === 'refresh')).toStrictEqual([
        ['refresh', { key: 'key', value: 1 }],
      ]);
    },
  },
  {
    title: 'a refresh that fails is told and harms nobody',
    async run(subject, expect) {
      const cache = await subject.cache();
      const error = new Error('boom');
      const refreshed = new Promise((resolve) => cache.on('refresh', resolve));
      await cache.set('key', 'old', 1_000);
      const load = (): Promise<string> => Promise.reject(error);
      expect(await cache.wrap('key', load, { refreshThreshold: 50_000 })).toBe('old');
      expect(await refreshed).toStrictEqual({ key: 'key', value: 'old', error });
      expect(await cache.get('key')).toBe('old');
    },
  },
  {
    title: 'an entry that never expires is never refreshed',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'old', null);
      const load = (): Promise<string> => Promise.reject(new Error('not asked'));
      expect(await cache.wrap('key', load, { refreshThreshold: 1e9 })).toBe('old');
    },
  },
  {
    title: 'the first of its stores is a Keyv over the same entries',
    async run(subject, expect) {
      const cache = await subject.cache({ ttl: 60_000 });
      const [keyv] = cache.stores;
      if (keyv === undefined) throw new Error('There is no store.');
      await keyv.set('key', { a: new Date(0) }, 5_000);
      expect(await cache.get('key')).toStrictEqual({ a: new Date(0) });
      expect(((await cache.remainingTtl('key')) ?? 0) <= 5_000).toBe(true);
      await cache.set('other', 1, null);
      expect(await keyv.get(['key', 'other', 'missing'])).toStrictEqual([{ a: new Date(0) }, 1, undefined]);
      expect(await keyv.get('other', { raw: true })).toStrictEqual({ value: 1 });
      expect(await keyv.has('other')).toBe(true);
      expect(await keyv.has('missing')).toBe(false);
      expect(await keyv.delete('other')).toBe(true);
      expect(await cache.has('other')).toBe(false);
      await keyv.clear();
      expect(await cache.has('key')).toBe(false);
    },
  },
];
