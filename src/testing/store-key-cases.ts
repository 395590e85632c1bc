import { isDivisible, type DivisibleStore, type Store } from '../store/store.js';
import type { StoreCapability, StoreSubject } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

/** Keys that a careless store mixes up, splits or loses. */
const AWKWARD_KEYS = [
  '',
  ' ',
  'a',
  'A',
  'a:b',
  'a/b',
  '1:a/b',
  '{a}',
  '}{',
  '%',
  '%-',
  '%25',
  '*',
  'a*',
  '?',
  '[a]',
  '\\',
  '\0',
  '\0\0',
  '\n\r\t',
  '__proto__',
  'constructor',
  'ključ 🗝 鍵',
  '\ud800',
  '\udc00',
  'e\u0301',
  '\u00e9',
  'x'.repeat(3_000),
];

async function keysOf(store: Store, glob: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys(glob)) keys.push(key);
  return keys.sort();
}

async function writeAll(store: Store, keys: readonly string[]): Promise<void> {
  await store.write(
    keys.map((key) => ({ key, value: key, ttl: null })),
    'set',
  );
}

function divisible(store: Store): DivisibleStore {
  if (!isDivisible(store)) throw new TypeError('The store has no method "namespace".');
  return store;
}

/** Keys of any text, globs, and the parts of a store. */
export const STORE_KEY_CASES: readonly BehaviourCase<StoreSubject, StoreCapability>[] = [
  {
    title: 'keeps apart keys of any text',
    async run({ store }, expect) {
      await writeAll(store, AWKWARD_KEYS);
      const found = await store.read(AWKWARD_KEYS);
      expect(found.map((entry) => entry?.value)).toStrictEqual(AWKWARD_KEYS);
      expect(await store.delete(AWKWARD_KEYS)).toBe(AWKWARD_KEYS.length);
    },
  },
  {
    title: 'lists keys of any text, each once',
    needs: ['keys'],
    async run({ store }, expect) {
      await writeAll(store, AWKWARD_KEYS);
      expect(await keysOf(store, '*')).toStrictEqual([...AWKWARD_KEYS].sort());
    },
  },
  {
    title: 'lists what a glob matches',
    needs: ['keys'],
    async run({ store }, expect) {
      await writeAll(store, ['user:1', 'user:2', 'user:10', 'Xuser:1', 'us*r:1', 'order:1']);
      expect(await keysOf(store, 'user:?')).toStrictEqual(['user:1', 'user:2']);
      expect(await keysOf(store, 'user:*')).toStrictEqual(['user:1', 'user:10', 'user:2']);
      expect(await keysOf(store, '[ou]*:1')).toStrictEqual(['order:1', 'us*r:1', 'user:1']);
      expect(await keysOf(store, 'us\\*r:1')).toStrictEqual(['us*r:1']);
      expect(await keysOf(store, 'user:1')).toStrictEqual(['user:1']);
      expect(await keysOf(store, 'user')).toStrictEqual([]);
    },
  },
  {
    title: 'lists neither what has expired nor what was cleared',
    needs: ['keys'],
    async run({ store, pass }, expect) {
      await writeAll(store, ['old']);
      await store.clear();
      await store.write([{ key: 'short', value: 1, ttl: 60 }], 'set');
      await writeAll(store, ['new']);
      await pass(80);
      expect(await keysOf(store, '*')).toStrictEqual(['new']);
    },
  },
  {
    title: 'a namespace has keys of its own',
    needs: ['namespaces', 'keys'],
    async run({ store }, expect) {
      const a = divisible(store).namespace('a');
      const b = divisible(store).namespace('b');
      const nested = a.namespace('b');
      for (const [part, value] of [
        [store, 0],
        [a, 1],
        [b, 2],
        [nested, 3],
      ] as const) {
        await part.write([{ key: 'key', value, ttl: null }], 'set');
      }
      const found = await Promise.all([store, a, b, nested].map((part) => part.read(['key'])));
      expect(found.map(([entry]) => entry?.value)).toStrictEqual([0, 1, 2, 3]);
      for (const part of [store, a, b, nested]) expect(await keysOf(part, '*')).toStrictEqual(['key']);
      expect(await a.delete(['key'])).toBe(1);
      expect((await nested.read(['key']))[0]?.value).toBe(3);
    },
  },
  {
    title: 'namespaces of any name and keys that look like them are independent',
    needs: ['namespaces'],
    async run({ store }, expect) {
      const names = AWKWARD_KEYS.filter((name) => name !== '');
      const parts = names.map((name) => divisible(store).namespace(name));
      await writeAll(store, AWKWARD_KEYS);
      await Promise.all(parts.map((part, index) => writeAll(part, [`in ${index}`, 'a/b', ''])));
      for (const [index, part] of parts.entries()) {
        const found = await part.read([`in ${index}`, `in ${index + 1}`, 'a/b']);
        expect(found.map((entry) => entry?.value)).toStrictEqual([`in ${index}`, undefined, 'a/b']);
      }
      const found = await store.read(AWKWARD_KEYS);
      expect(found.map((entry) => entry?.value)).toStrictEqual(AWKWARD_KEYS);
    },
  },
  {
    title: 'clear of a namespace drops it and what is below, and nothing else',
    needs: ['namespaces'],
    async run({ store }, expect) {
      const a = divisible(store).namespace('a');
      const other = divisible(store).namespace('a2');
      const nested = a.namespace('x');
      for (const part of [store, a, other, nested]) await writeAll(part, ['key']);
      await a.clear();
      const left = await Promise.all([store, a, other, nested].map((part) => part.read(['key'])));
      expect(left.map(([entry]) => entry?.value)).toStrictEqual(['key', undefined, 'key', undefined]);
      await writeAll(nested, ['key']);
      await store.clear();
      const none = await Promise.all([store, a, other, nested].map((part) => part.read(['key'])));
      expect(none.every(([entry]) => entry === undefined)).toBe(true);
      await writeAll(nested, ['key']);
      expect((await nested.read(['key']))[0]?.value).toBe('key');
    },
  },
];
