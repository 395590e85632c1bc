import type { NamedCache } from '../cache/named-cache.js';
import { shareCache, type CacheSubject } from './cache-subject.js';
import { failureNameOf } from './failure-of.js';
import { HeldLoader } from './held-loader.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

type Case = BehaviourCase<CacheSubject, StoreCapability>;

const TEXTS = ['a', 'A', 'a:b', '{a}', '*', ' ', '#seq', '__proto__', 'ključ 🗝'];

/** Every way in which an entry comes by tags. Each stores 1 under `key`, carrying `tag` and `other`. */
const WAYS: Readonly<Record<string, (cache: NamedCache, key: string) => Promise<unknown>>> = {
  set: (cache, key) => cache.set(key, 1, { tags: ['tag', 'other'] }),
  getOrSet: (cache, key) => cache.getOrSet(key, () => 1, { tags: ['tag', 'other'] }),
  getOrSetMany: (cache, key) =>
    cache.getOrSetMany([key], async () => new Map([[key, 1]]), { tags: ['other', 'tag'] }),
  'a loader': (cache, key) =>
    cache.getOrSet(key, (context) => {
      context.tags('tag', 'other');
      return 1;
    }),
  'a call and its loader': (cache, key) =>
    cache.getOrSet(key, async (context) => (context.tags('tag', 'tag'), 1), { tags: ['other'] }),
};

const tagged: readonly Case[] = Object.entries(WAYS).map(([way, store]) => ({
  title: `an entry that was tagged by ${way} is gone once one of its tags is invalidated`,
  needs: ['tags'],
  async run(subject, expect) {
    const cache = await subject.cache();
    for (const tag of ['tag', 'other']) {
      await store(cache, 'key');
      expect(await cache.get('key')).toBe(1);
      expect([...((await cache.getEntry('key'))?.tags ?? [])].sort()).toStrictEqual(['other', 'tag']);
      await cache.invalidateTags(tag);
      expect(await cache.get('key')).toBe(undefined);
    }
  },
}));

/** Tags: every entry that carries one is invalid once it was invalidated. */
export const CACHE_TAG_CASES: readonly Case[] = [
  ...tagged,
  {
    title: 'an entry whose tag was invalidated is absent in every respect',
    needs: ['tags', 'increment'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 1, { tags: ['tag'] });
      await cache.invalidateTags(['tag']);
      expect(await Promise.all([cache.get('key'), cache.getEntry('key')])).toStrictEqual([
        undefined,
        undefined,
      ]);
      expect([await cache.has('key'), await cache.touch('key', 1_000)]).toStrictEqual([false, false]);
      expect([await cache.ttl('key'), await cache.remainingTtl('key')]).toStrictEqual([undefined, undefined]);
      expect([cache.peek('key'), await cache.mget(['key'])]).toStrictEqual([undefined, [undefined]]);
      expect(await cache.expire('key')).toBe(false);
      expect(await failureNameOf(cache.incr('key'))).toBe('NotANumberError');
      expect(await cache.getOrSet('key', () => 2, { ttl: 0 })).toBe(2);
      expect(await cache.add('key', 3)).toBe(true);
    },
  },
  {
    title: 'several tags are invalidated together, however they are given; other entries stay',
    needs: ['tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const list = ['b', 'c', 'missing'];
      const given = ['b', ['b', 'c', 'b'], new Set(list), list.values()];
      for (const tags of given) {
        for (const tag of ['a', 'b', 'c']) await cache.set(tag, tag, { tags: [tag] });
        await cache.set('none', 'none');
        await cache.invalidateTags(tags);
        const kept = typeof tags === 'string' ? 'c' : undefined;
        expect(await cache.mget(['a', 'b', 'c', 'none'])).toStrictEqual(['a', undefined, kept, 'none']);
      }
      await cache.invalidateTags([]);
      expect(await cache.get('a')).toBe('a');
    },
  },
  {
    title: 'a tag may be of any text, and each is another',
    needs: ['tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const tag of TEXTS) {
        for (const one of TEXTS) await cache.set(one, one, { tags: [one] });
        await cache.invalidateTags(tag);
        const kept = TEXTS.map((one) => (one === tag ? undefined : one));
        expect(await cache.mget(TEXTS)).toStrictEqual(kept);
      }
    },
  },
  {
    title: 'what is stored under a tag after its invalidation stays',
    needs: ['tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      for (let round = 0; round < 3; round++) {
        await cache.invalidateTags('tag');
        await cache.set('set', round, { tags: ['tag'] });
        await cache.getOrSet('loaded', () => round, { tags: ['tag'] });
        expect(await cache.mget(['set', 'loaded'])).toStrictEqual([round, round]);
      }
    },
  },
  {
    title: 'a new value carries its own tags, and none of those of the old one',
    needs: ['tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'old', { tags: ['old'] });
      await cache.set('key', 'new', { tags: ['new'] });
      await cache.invalidateTags('old');
      expect(await cache.get('key')).toBe('new');
      await cache.set('key', 'bare');
      await cache.invalidateTags('new');
      expect(await cache.get('key')).toBe('bare');
    },
  },
  {
    title: 'tags belong to the whole cache, its namespaces included, and to no other cache',
    needs: ['tags', 'namespaces'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const part = cache.namespace('part');
      const other = await subject.cache({ name: 'other' });
      const all = [cache, part, part.namespace('part'), other];
      for (const whole of [cache, part]) {
        for (const one of all) await one.set('key', 1, { tags: ['tag'] });
        await whole.invalidateTags('tag');
        const found = await Promise.all(all.map((one) => one.get('key')));
        expect(found).toStrictEqual([undefined, undefined, undefined, 1]);
      }
    },
  },
  {
    title: 'an entry whose ttl or number is changed keeps its tags',
    needs: ['tags', 'increment'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('touched', 1, { tags: ['tag'] });
      await cache.set('counted', 1, { tags: ['tag'] });
      expect([await cache.touch('touched', null), await cache.incr('counted', 2)]).toStrictEqual([true, 3]);
      await cache.invalidateTags('tag');
      expect(await cache.mget(['touched', 'counted'])).toStrictEqual([undefined, undefined]);
    },
  },
  ...['declared', 'named'].map((kind): Case => ({
    title: `what is loaded while a tag that is ${kind === 'named' ? 'named by its result' : 'known before'} is invalidated is not stored`,
    needs: ['tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const old = new HeldLoader<string>();
      const tags = kind === 'named' ? [] : ['tag'];
      const loading = cache.getOrSet(
        'key',
        async (context) => {
          const value = await old.load();
          if (kind === 'named') context.tags('tag');
          return value;
        },
        { tags },
      );
      await old.begun();
      await cache.invalidateTags('tag');
      old.give('old');
      expect(await loading).toBe('old');
      expect(await cache.get('key')).toBe(undefined);
      expect(await cache.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe('new');
      expect(await cache.get('key')).toBe('new');
    },
  })),
  {
    title: 'a caller who comes after an invalidation does not get what was loaded before it',
    needs: ['tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const old = new HeldLoader<string>();
      const before = cache.getOrSet('key', old.load, { tags: ['tag'] });
      await old.begun();
      await cache.invalidateTags(['tag']);
      expect(await cache.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe('new');
      old.give('old');
      expect(await before).toBe('old');
      expect(await cache.get('key')).toBe('new');
    },
  },
  {
    title: 'an invalidation in one process goes for all',
    needs: ['tags', 'processes'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject);
      for (let round = 0; round < 3; round++) {
        for (const [way, store] of Object.entries(WAYS)) await store(here, way);
        await here.set('none', 1);
        const ways = Object.keys(WAYS);
        expect(await there.mget([...ways, 'none'])).toStrictEqual([...ways.map(() => 1), 1]);
        await there.invalidateTags('tag');
        expect(await there.mget(ways)).toStrictEqual(ways.map(() => undefined));
        await heard();
        expect(await here.mget([...ways, 'none'])).toStrictEqual([...ways.map(() => undefined), 1]);
      }
    },
  },
];
