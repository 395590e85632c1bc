import { failureNameOf } from './failure-of.js';
import type { StoreCapability, StoreSubject } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const write = (key: string, value: unknown, ttl: number | null = 60_000) => ({ key, value, ttl });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `key ${index}`);

/** Entries: read, written, added, removed, cleared. */
export const STORE_ENTRY_CASES: readonly BehaviourCase<StoreSubject, StoreCapability>[] = [
  {
    title: 'answers a missing key with undefined',
    async run({ store }, expect) {
      expect(await store.read(['missing'])).toStrictEqual([undefined]);
    },
  },
  {
    title: 'gives back what was written, with the time of writing',
    async run({ store }, expect) {
      const value = { name: 'Žlutý', list: [1, 'two', true], deep: { none: [] } };
      expect(await store.write([write('key', value)], 'set')).toStrictEqual([true]);
      const [entry] = await store.read(['key']);
      expect(entry?.value).toStrictEqual(value);
      expect(Number.isFinite(entry?.createdAt)).toBe(true);
    },
  },
  {
    title: 'keeps null apart from a missing key',
    needs: ['null'],
    async run({ store }, expect) {
      await store.write([write('key', null)], 'set');
      expect((await store.read(['key']))[0]?.value).toBe(null);
    },
  },
  {
    title: 'answers in the order of the keys, with gaps and repetitions',
    async run({ store }, expect) {
      await store.write([write('a', 1), write('b', 2)], 'set');
      const found = await store.read(['b', 'missing', 'a', 'b']);
      expect(found.map((entry) => entry?.value)).toStrictEqual([2, undefined, 1, 2]);
    },
  },
  {
    title: 'takes no keys and no writes',
    async run({ store }, expect) {
      expect(await store.read([])).toStrictEqual([]);
      expect(await store.write([], 'set')).toStrictEqual([]);
      expect(await store.delete([])).toBe(0);
    },
  },
  {
    title: 'writes and reads hundreds of entries at once',
    async run({ store }, expect) {
      const keys = numbered(700);
      const written = await store.write(
        keys.map((key, index) => write(key, index)),
        'set',
      );
      expect(written).toStrictEqual(keys.map(() => true));
      const found = await store.read(keys);
      expect(found.map((entry) => entry?.value)).toStrictEqual(keys.map((_, index) => index));
    },
  },
  {
    title: 'the last of two writes to one key stands',
    async run({ store }, expect) {
      await store.write([write('key', 1), write('key', 2)], 'set');
      expect((await store.read(['key']))[0]?.value).toBe(2);
    },
  },
  {
    title: 'writes called one after the other take effect in that order',
    needs: ['atomic'],
    async run({ store }, expect) {
      await Promise.all(numbered(20).map((_, index) => store.write([write('key', index)], 'set')));
      expect((await store.read(['key']))[0]?.value).toBe(19);
    },
  },
  {
    title: 'calls made one after the other take effect in that order, whatever they are',
    needs: ['atomic', 'persist'],
    async run({ store }, expect) {
      await store.write([write('before', 1)], 'set');
      const set = (key: string): Promise<boolean[]> => store.write([write(key, 1)], 'set');
      await Promise.all([set('removed'), store.delete(['removed'])]);
      await Promise.all([store.delete(['before']), set('before')]);
      const [, touched] = await Promise.all([set('touched'), store.touch('touched', 5_000)]);
      const [, left] = await Promise.all([set('asked'), store.ttl('asked')]);
      const [, added] = await Promise.all([set('added'), store.write([write('added', 2)], 'add')]);
      expect([touched, typeof left, added]).toStrictEqual([true, 'number', [false]]);
      const found = await store.read(['removed', 'before', 'touched', 'added']);
      expect(found.map((entry) => entry?.value)).toStrictEqual([undefined, 1, 1, 1]);
      await Promise.all([set('cleared'), store.clear(), set('kept')]);
      const rest = await store.read(['before', 'cleared', 'kept']);
      expect(rest.map((entry) => entry?.value)).toStrictEqual([undefined, undefined, 1]);
    },
  },
  {
    title: 'a value changed by its writer or by a reader does not change for others',
    async run({ store }, expect) {
      const value = { list: [1] };
      await store.write([write('key', value)], 'set');
      value.list.push(2);
      const [mine] = await store.read(['key']);
      try {
        (mine as { value: typeof value }).value.list.push(3);
      } catch {
        // A frozen value is as good as a copy.
      }
      expect((await store.read(['key']))[0]?.value).toStrictEqual({ list: [1] });
    },
  },
  {
    title: 'writes nothing when one of the values cannot be stored',
    async run({ store }, expect) {
      const bad = store.write([write('a', 1), write('b', () => 1)], 'set');
      expect((await failureNameOf(bad)) === undefined).toBe(false);
      expect(await store.read(['a', 'b'])).toStrictEqual([undefined, undefined]);
    },
  },
  {
    title: 'adds only what is absent, and says so',
    async run({ store }, expect) {
      await store.write([write('a', 'first', null)], 'set');
      const added = await store.write([write('a', 'second', 1_000), write('b', 'new')], 'add');
      expect(added).toStrictEqual([false, true]);
      const found = await store.read(['a', 'b']);
      expect(found.map((entry) => entry?.value)).toStrictEqual(['first', 'new']);
      expect(await store.ttl('a')).toBe(null);
    },
  },
  {
    title: 'of many who add the same key at once, one does',
    needs: ['atomic'],
    async run({ store }, expect) {
      const added = await Promise.all(
        numbered(20).map((_, index) => store.write([write('key', index)], 'add')),
      );
      expect(added.filter(([one]) => one).length).toBe(1);
    },
  },
  {
    title: 'removes keys and counts those that were there',
    async run({ store }, expect) {
      await store.write([write('a', 1), write('b', 2)], 'set');
      expect(await store.delete(['a', 'missing'])).toBe(1);
      expect(await store.delete(['a'])).toBe(0);
      expect((await store.read(['a', 'b'])).map((entry) => entry?.value)).toStrictEqual([undefined, 2]);
    },
  },
  {
    title: 'removes hundreds of keys at once',
    async run({ store }, expect) {
      const keys = numbered(450);
      await store.write(
        keys.map((key) => write(key, key)),
        'set',
      );
      expect(await store.delete(keys)).toBe(450);
      expect((await store.read(keys)).every((entry) => entry === undefined)).toBe(true);
    },
  },
  {
    title: 'clear drops every entry; later writes stay',
    async run({ store }, expect) {
      await store.write([write('a', 1), write('b', 2, null)], 'set');
      await store.clear();
      expect(await store.read(['a', 'b'])).toStrictEqual([undefined, undefined]);
      expect(await store.ttl('b')).toBe(undefined);
      expect(await store.touch('b', null)).toBe(false);
      expect(await store.write([write('a', 3)], 'add')).toStrictEqual([true]);
      expect((await store.read(['a']))[0]?.value).toBe(3);
    },
  },
];
