import type { CacheSubject } from './cache-subject.js';
import { failureNameOf } from './failure-of.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

class Money {
  constructor(readonly amount: number) {}
}

const SHARED = { shared: true };

/** Values that come back exactly, kind included. */
const VALUES: Readonly<Record<string, unknown>> = {
  'the text "2"': '2',
  'the number 2': 2,
  true: true,
  false: false,
  zero: 0,
  'minus zero': -0,
  'an empty text': '',
  'a fraction': 1.345620002,
  'a large number': 1e300,
  NaN: NaN,
  Infinity: -Infinity,
  'a text of every plane': 'Žluťoučký 🐎 𝒳 \u0000 \ud800',
  'nested objects and arrays': { a: [{ b: { c: [1, [2, [null]]] } }], empty: {}, list: [] },
  'undefined inside': { a: undefined, list: [undefined, 1] },
  'a key __proto__': JSON.parse('{"__proto__": {"admin": true}}') as unknown,
  'a Buffer': Buffer.from([0, 255, 128, 10]),
  'an empty Buffer': Buffer.alloc(0),
  'a Uint8Array inside': { bytes: new Uint8Array([1, 2, 3]) },
  'a Date': new Date('2024-02-29T12:00:00.123Z'),
  'a Map': new Map<unknown, unknown>([
    ['a', 1],
    [{ key: 1 }, new Set([1, '1'])],
  ]),
  'a Set': new Set([new Date(0), null, undefined]),
  'a BigInt': 123_456_789_012_345_678_901n,
  'a BigInt inside': [1n, { n: -1n }],
  'one object twice': [SHARED, SHARED],
  'a value that looks like an entry': '~10',
};

/** Behaviours 1, 2, 8–10: values and whether they are there. */
export const CACHE_VALUE_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'a missing key is undefined everywhere',
    async run(subject, expect) {
      const cache = await subject.cache();
      expect(await cache.get('missing')).toBe(undefined);
      expect(await cache.has('missing')).toBe(false);
      expect(await cache.getEntry('missing')).toBe(undefined);
      expect(await cache.mget(['missing'])).toStrictEqual([undefined]);
    },
  },
  ...Object.entries(VALUES).map(([kind, value]) => ({
    title: `gives back exactly: ${kind}`,
    async run(
      subject: CacheSubject,
      expect: (actual: unknown) => { toStrictEqual(expected: unknown): unknown },
    ) {
      const cache = await subject.cache();
      await cache.set('key', value);
      expect(await cache.get('key')).toStrictEqual(value);
      expect(await cache.mget(['key'])).toStrictEqual([value]);
      expect((await cache.getEntry('key'))?.value).toStrictEqual(value);
    },
  })),
  {
    // Two of them are not equal to every test runner.
    title: 'gives back exactly: an invalid Date',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', new Date(NaN));
      for (const found of [
        await cache.get('key'),
        (await cache.mget(['key']))[0],
        (await cache.getEntry('key'))?.value,
      ]) {
        expect(found instanceof Date && Number.isNaN(found.getTime())).toBe(true);
      }
    },
  },
  {
    title: 'null is a value: present, and not loaded again',
    needs: ['null'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', null);
      expect(await cache.get('key')).toBe(null);
      expect(await cache.has('key')).toBe(true);
      expect(await cache.getOrSet<unknown>('key', () => 'loaded')).toBe(null);
      expect(await cache.wrap<unknown>('key', () => 'loaded')).toBe(null);
      expect(await cache.add('key', 1)).toBe(false);
    },
  },
  {
    title: 'undefined is never cached, and drops what was there',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 1);
      expect(await cache.set('key', undefined)).toBe(undefined);
      expect(await cache.has('key')).toBe(false);
      expect(await cache.add('key', undefined)).toBe(false);
    },
  },
  {
    title: 'add keeps the first value and its ttl',
    async run(subject, expect) {
      const cache = await subject.cache();
      expect(await cache.add('key', 'first', null)).toBe(true);
      expect(await cache.add('key', 'second', '1s')).toBe(false);
      expect(await cache.get('key')).toBe('first');
      expect(await cache.remainingTtl('key')).toBe(null);
      await cache.del('key');
      expect(await cache.add('key', 'third')).toBe(true);
    },
  },
  {
    title: 'what cannot be serialised is refused, and nothing is written',
    async run(subject, expect) {
      const cache = await subject.cache();
      const circle: { self?: unknown } = {};
      circle.self = circle;
      await cache.set('key', 'before');
      for (const value of [() => 1, { call: () => 1 }, Symbol('s'), circle]) {
        expect(await failureNameOf(cache.set('key', value))).toBe('SerializationError');
        expect(await failureNameOf(cache.add('absent', value))).toBe('SerializationError');
        const many = [
          { key: 'other', value: 1 },
          { key: 'key', value },
        ];
        expect(await failureNameOf(cache.mset<unknown>(many))).toBe('SerializationError');
      }
      expect(await cache.mget(['key', 'absent', 'other'])).toStrictEqual(['before', undefined, undefined]);
    },
  },
  {
    title: 'a value larger than maxBytes is refused, and nothing is written',
    async run(subject, expect) {
      const cache = await subject.cache({ maxBytes: 100 });
      await cache.set('key', 'before');
      expect(await failureNameOf(cache.set('key', 'x'.repeat(200)))).toBe('PayloadTooLargeError');
      expect(await cache.get('key')).toBe('before');
    },
  },
  {
    title: 'an instance of an unlisted class is given back and not cached, and drops what was there',
    async run(subject, expect) {
      const cache = await subject.cache();
      const money = new Money(1);
      await cache.set('key', 'before');
      expect(await cache.set('key', money)).toBe(money);
      expect(await cache.has('key')).toBe(false);
      expect(await cache.add('key', { deep: [money] })).toBe(false);
      await cache.mset<unknown>([
        { key: 'key', value: money },
        { key: 'other', value: 1 },
      ]);
      expect(await cache.mget(['key', 'other'])).toStrictEqual([undefined, 1]);
      expect(subject.events.count('uncacheable')).toBe(3);
    },
  },
  {
    title: 'an instance of a listed class comes back as one',
    async run(subject, expect) {
      const cache = await subject.cache({ types: [Money] });
      await cache.set('key', { price: new Money(5) });
      expect(await cache.get('key')).toStrictEqual({ price: new Money(5) });
    },
  },
  {
    title: 'an entry tells its value, its ttl and its age',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', { a: 1 }, '1h');
      const entry = await cache.getEntry('key');
      expect(entry?.value).toStrictEqual({ a: 1 });
      expect(entry !== undefined && entry.ttl !== null && entry.ttl > 3_590_000).toBe(true);
      expect(Number.isSafeInteger(entry?.createdAt)).toBe(true);
    },
  },
  {
    title: 'a key that is no text is refused',
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const key of [undefined, null, 1, {}] as unknown as string[]) {
        expect(await failureNameOf(cache.get(key))).toBe('InvalidOptionsError');
        expect(await failureNameOf(cache.set(key, 1))).toBe('InvalidOptionsError');
        expect(await failureNameOf(cache.mget([key]))).toBe('InvalidOptionsError');
      }
    },
  },
];
