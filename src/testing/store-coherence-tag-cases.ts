import {
  begin,
  fill,
  load,
  OVERTAKEN,
  put,
  STORED,
  valuesOf,
  write,
  type CoherenceCapability,
  type CoherenceSubject,
} from './store-coherence-subject.js';
import type { BehaviourCase } from './test-runner.js';

/** Tags: any number of entries made invalid at once. */
export const STORE_COHERENCE_TAG_CASES: readonly BehaviourCase<CoherenceSubject, CoherenceCapability>[] = [
  {
    title: 'a tag takes every entry with it that carries it, in all namespaces, and no other',
    async run({ stores: [here, there] }, expect) {
      const part = here.namespace('part');
      const keys = Array.from({ length: 200 }, (_, index) => `key ${index}`);
      await here.write(
        keys.map((key) => write(key, key, { tags: ['tag', `tag of ${key}`] })),
        'set',
      );
      await load(part, 'key', 1, { tags: ['tag'] });
      await put(here, 'other', 1, { tags: ['other'] });
      await put(here, 'none', 1);
      await there.coherence.invalidateTags(['tag']);
      expect((await valuesOf(here, ...keys)).filter((one) => one !== undefined).length).toBe(0);
      expect(await valuesOf(part, 'key')).toStrictEqual([undefined]);
      expect(await valuesOf(here, 'other', 'none')).toStrictEqual([1, 1]);
    },
  },
  {
    title: 'an entry says which tags it carries',
    async run({ stores: [here, there] }, expect) {
      await put(here, 'set', 1, { tags: ['a', 'b:}ä'] });
      await load(here, 'loaded', 1, { tags: ['a'] });
      await put(here, 'none', 1);
      const found = await there.read(['set', 'loaded', 'none']);
      expect(found.map((one) => one?.tags ?? [])).toStrictEqual([['a', 'b:}ä'], ['a'], []]);
    },
  },
  {
    title: 'an entry is absent in every respect once one of its tags was invalidated',
    async run({ stores: [here, there] }, expect) {
      await put(here, 'key', 1, { tags: ['a', 'b'] });
      await there.coherence.invalidateTags(['b']);
      expect(await valuesOf(here, 'key')).toStrictEqual([undefined]);
      expect([await here.touch('key', 1_000), await here.ttl('key')]).toStrictEqual([false, undefined]);
      expect(await here.coherence.expire('key')).toBe(false);
      expect(await here.increment('key', 1, { initial: undefined, ttl: null })).toBe(undefined);
      expect(await here.write([write('key', 2)], 'add')).toStrictEqual([true]);
      await there.coherence.invalidateTags(['a', 'b']);
      expect(await valuesOf(here, 'key')).toStrictEqual([2]);
    },
  },
  {
    title:
      'several tags are invalidated at one moment: nobody sees some of their entries gone and others not',
    async run({ stores: [here, there] }, expect) {
      const tags = Array.from({ length: 50 }, (_, index) => `tag ${index}`);
      const pairs = tags.map((tag) => write(tag, 1, { tags: [tag] }));
      await here.write([...pairs, write('all', 1, { tags })], 'set');
      const progress = { done: false };
      const invalidating = there.coherence.invalidateTags(tags).then(() => (progress.done = true));
      const seen = new Set<number>();
      do seen.add((await valuesOf(here, ...tags)).filter((one) => one === 1).length);
      while (!progress.done);
      await invalidating;
      seen.delete(tags.length);
      seen.delete(0);
      expect([...seen]).toStrictEqual([]);
      expect((await valuesOf(here, ...tags)).filter((one) => one !== undefined).length).toBe(0);
    },
  },
  {
    title: 'what was loaded before one of its tags was invalidated is not stored',
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key', { tags: ['a', 'b'] });
      await there.coherence.invalidateTags(['b', 'c']);
      expect(await fill(here, lease, 'older', { tags: ['a', 'b'] })).toStrictEqual(OVERTAKEN);
      expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
      expect(await load(here, 'key', 'newer', { tags: ['a', 'b'] })).toStrictEqual(STORED);
      expect(await valuesOf(there, 'key')).toStrictEqual(['newer']);
    },
  },
  {
    title: 'tags that only the result names are carried',
    async run({ stores: [here, there] }, expect) {
      const lease = await begin(here, 'key', { tags: ['declared'] });
      expect(await fill(here, lease, 1, { tags: ['declared', 'new', 'other'] })).toStrictEqual(STORED);
      const again = await begin(there, 'again');
      expect(await fill(there, again, 1, { tags: ['new'] })).toStrictEqual(STORED);
      await there.coherence.invalidateTags(['new']);
      expect(await valuesOf(here, 'key', 'again')).toStrictEqual([undefined, undefined]);
    },
  },
  {
    title:
      'a tag that only the result names, and that was invalidated during the load, keeps it from being stored',
    async run({ stores: [here, there] }, expect) {
      await load(here, 'known', 1, { tags: ['known'] });
      for (const tag of ['known', 'never used']) {
        const lease = await begin(here, 'key', { tags: ['declared'] });
        await there.coherence.invalidateTags([tag]);
        expect(await fill(here, lease, 1, { tags: ['declared', tag] })).toStrictEqual(OVERTAKEN);
        expect(await valuesOf(there, 'key')).toStrictEqual([undefined]);
      }
    },
  },
  {
    title:
      'a tag that only the result names is stored though it was invalidated before the load, or another since',
    async run({ stores: [here, there] }, expect) {
      await load(here, 'known', 1, { tags: ['known'] });
      await there.coherence.invalidateTags(['known']);
      const lease = await begin(here, 'key');
      await there.coherence.invalidateTags(['other']);
      expect(await fill(here, lease, 1, { tags: ['known'] })).toStrictEqual(STORED);
      expect(await valuesOf(there, 'key')).toStrictEqual([1]);
    },
  },
  {
    title: 'an invalidation of nothing, and of tags that no entry carries, is none',
    async run({ stores: [here, there] }, expect) {
      await put(here, 'key', 1, { tags: ['tag'] });
      await there.coherence.invalidateTags([]);
      await there.coherence.invalidateTags(['other', 'other']);
      expect(await valuesOf(here, 'key')).toStrictEqual([1]);
    },
  },
];
