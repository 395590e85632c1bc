import type { NamedCache } from '../cache/named-cache.js';
import type { CacheSubject } from './cache-subject.js';
import type { SetupCacheOptions } from './open-caches.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase, TestRunner } from './test-runner.js';

async function keysOf(cache: NamedCache, glob?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of cache.keys(glob)) keys.push(key);
  return keys.sort();
}

/** Caches that look alike to a careless scheme of keys. */
const LOOKALIKES: readonly SetupCacheOptions[] = [
  { name: 'a' },
  { name: 'b' },
  { name: 'a@1' },
  { name: 'a', keyPrefix: '' },
  { name: 'a', keyPrefix: 'other' },
  { name: 'a', keyPrefix: 'test:a' },
  { name: 'a:v', keyPrefix: 'test' },
  { name: 'a', keyPrefix: 't*' },
  { name: 'a', keyPrefix: '[tes]' },
  { name: 'a{b}', keyPrefix: 'test' },
];
const VERSIONED: readonly SetupCacheOptions[] = [
  ...LOOKALIKES,
  { name: 'a', version: 1 },
  { name: 'a', version: 2 },
];

async function keepTheirEntries(
  subject: CacheSubject,
  expect: TestRunner['expect'],
  lookalikes: readonly SetupCacheOptions[],
): Promise<void> {
  const caches = await Promise.all(lookalikes.map((options) => subject.cache(options)));
  await Promise.all(caches.map((one, index) => one.set('key', index)));
  const found = await Promise.all(caches.map((one) => one.get('key')));
  expect(found).toStrictEqual(caches.map((_, index) => index));
  await caches[0]?.clear();
  const left = await Promise.all(caches.map((one) => one.has('key')));
  expect(left).toStrictEqual(caches.map((_, index) => index !== 0));
}

async function listTheirKeys(
  subject: CacheSubject,
  expect: TestRunner['expect'],
  lookalikes: readonly SetupCacheOptions[],
): Promise<void> {
  const caches = await Promise.all(lookalikes.map((options) => subject.cache(options)));
  // A prefix that stands here as a whole is that of other tests, too.
  await Promise.all(caches.map((one) => one.clear()));
  await Promise.all(caches.map((one, index) => one.mset([{ key: `key ${index}`, value: 1 }])));
  for (const [index, one] of caches.entries()) {
    expect(await keysOf(one)).toStrictEqual([`key ${index}`]);
    expect(await one.deletePattern('*')).toBe(1);
  }
}

/** Behaviours 18–20, 31: caches, versions, prefixes and namespaces do not see each other. */
export const CACHE_SEPARATION_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'the same key in other caches and prefixes is another',
    run: (subject, expect) => keepTheirEntries(subject, expect, LOOKALIKES),
  },
  {
    title: 'the same key in other versions is another',
    needs: ['versions'],
    run: (subject, expect) => keepTheirEntries(subject, expect, VERSIONED),
  },
  {
    title: 'keys and deletePattern stay within their cache',
    needs: ['keys'],
    run: (subject, expect) => listTheirKeys(subject, expect, LOOKALIKES),
  },
  {
    title: 'keys and deletePattern stay within their version',
    needs: ['keys', 'versions'],
    run: (subject, expect) => listTheirKeys(subject, expect, VERSIONED),
  },
  {
    title: 'a namespace has keys and a clear of its own',
    needs: ['namespaces', 'keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const [a, b] = [cache.namespace('a'), cache.namespace('b')];
      const nested = a.namespace('a');
      expect(nested.name).toBe('default/a/a');
      for (const part of [cache, a, b, nested]) await part.set('key', part.name);
      expect(await Promise.all([cache, a, b, nested].map((part) => part.get('key')))).toStrictEqual(
        [cache, a, b, nested].map((part) => part.name),
      );
      expect(await keysOf(cache)).toStrictEqual(['key']);
      expect(await keysOf(a)).toStrictEqual(['key']);
      await a.clear();
      expect(await Promise.all([cache, a, b, nested].map((part) => part.has('key')))).toStrictEqual([
        true,
        false,
        true,
        false,
      ]);
      await nested.set('key', 1);
      await cache.clear();
      expect(await Promise.all([cache, a, b, nested].map((part) => part.has('key')))).toStrictEqual([
        false,
        false,
        false,
        false,
      ]);
    },
  },
  {
    title: 'the same namespace asked for twice is one',
    needs: ['namespaces'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.namespace('a').set('key', 1);
      expect(await cache.namespace('a').get('key')).toBe(1);
      await cache.namespace('a').clear();
      await cache.namespace('a').set('key', 2);
      expect(await cache.namespace('a').get('key')).toBe(2);
    },
  },
  {
    title: 'a load in a namespace is never taken for one of a key that looks like it',
    needs: ['namespaces'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const part = cache.namespace('abc');
      const loads = await Promise.all([
        part.getOrSet('k', async () => 'of the part'),
        cache.getOrSet('3:abc/k', async () => 'of the whole'),
        cache.getOrSet('abc/k', async () => 'of another key'),
        part.namespace('k').getOrSet('', async () => 'of the part of the part'),
        part.getOrSet('1:k/', async () => 'of a key of the part'),
      ]);
      expect(loads).toStrictEqual([
        'of the part',
        'of the whole',
        'of another key',
        'of the part of the part',
        'of a key of the part',
      ]);
    },
  },
  {
    title: 'every cache keeps its own options',
    async run(subject, expect) {
      const short = await subject.cache({ name: 'short', ttl: '1m' });
      const long = await subject.cache({ name: 'long', ttl: null, maxBytes: 1_000 });
      await short.set('key', 1);
      await long.set('key', 1);
      const left = await short.remainingTtl('key');
      expect(typeof left === 'number' && left <= 60_000 && left > 50_000).toBe(true);
      expect(await long.remainingTtl('key')).toBe(null);
      expect(await short.set('large', 'x'.repeat(2_000))).toBe('x'.repeat(2_000));
    },
  },
];
