import { settled, shareCache, type CacheSubject } from './cache-subject.js';
import { failureNameOf, failureOf } from './failure-of.js';
import { HeldLoader } from './held-loader.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const boom = new Error('boom');

/** Mutations: work on the source behind a barrier, and an invalidation at its end. */
export const CACHE_MUTATE_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'gives what the work gives, and invalidates its keys before and after',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.mset([
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
        { key: 'c', value: 3 },
      ]);
      const seen = await cache.mutate({ keys: new Set(['a', 'b']) }, () => cache.mget(['a', 'b', 'c']));
      expect(seen).toStrictEqual([undefined, undefined, 3]);
      expect(await cache.mget(['a', 'b', 'c'])).toStrictEqual([undefined, undefined, 3]);
    },
  },
  {
    title: 'throws what the work throws, and invalidates all the same',
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'before');
      const failing = cache.mutate({ keys: ['key'] }, () => {
        throw boom;
      });
      expect(await failureOf(failing)).toBe(boom);
      expect(await cache.getOrSet('key', () => 'new')).toBe('new');
      expect(await cache.get('key')).toBe('new');
    },
  },
  {
    title: 'what is loaded while the work runs is given and not kept',
    async run(subject, expect) {
      const cache = await subject.cache();
      const seen = await cache.mutate({ keys: ['key'] }, async () => [
        await cache.getOrSet('key', () => 'old'),
        await cache.get('key'),
      ]);
      expect(seen).toStrictEqual(['old', undefined]);
      expect(await cache.getOrSet('key', () => 'new')).toBe('new');
      expect(await cache.get('key')).toBe('new');
    },
  },
  {
    title: 'what is loaded before and ends while the work runs, or after it, is not kept',
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const ends of ['while', 'after']) {
        const old = new HeldLoader<string>();
        const loading = cache.getOrSet('key', old.load);
        await old.begun();
        await cache.mutate({ keys: ['key'] }, async () => {
          if (ends === 'while') old.give('old');
          if (ends === 'while') await loading;
        });
        if (ends === 'after') old.give('old');
        expect(await loading).toBe('old');
        expect(await cache.get('key')).toBe(undefined);
      }
    },
  },
  {
    title: 'needs targets and work',
    async run(subject, expect) {
      const cache = await subject.cache();
      for (const wrong of [undefined, {}, { keys: [] }, { keys: 'key' }, { key: ['key'] }, { tags: [''] }]) {
        const failure = await failureNameOf(cache.mutate(wrong as never, () => 1));
        expect([wrong, failure]).toStrictEqual([wrong, 'InvalidOptionsError']);
      }
      expect(await failureNameOf(cache.mutate({ keys: ['key'] }, 'work' as never))).toBe(
        'InvalidOptionsError',
      );
    },
  },
  {
    title: 'what is set or added while the work runs is not kept',
    needs: ['barriers'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.mutate({ keys: ['key'] }, async () => {
        expect(await cache.set('key', 'old')).toBe('old');
        expect(await cache.add('key', 'old')).toBe(false);
        expect(await cache.get('key')).toBe(undefined);
        await cache.set('other', 1);
      });
      expect(await cache.mget(['key', 'other'])).toStrictEqual([undefined, 1]);
      expect(await cache.add('key', 'new')).toBe(true);
    },
  },
  {
    title: 'does the same for everything that carries a tag',
    needs: ['barriers', 'tags'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('key', 'before', { tags: ['tag', 'other'] });
      await cache.mutate({ tags: 'tag' }, async () => {
        expect(await cache.get('key')).toBe(undefined);
        expect(await cache.getOrSet('key', () => 'old', { tags: ['other', 'tag'] })).toBe('old');
        await cache.set('set', 'old', { tags: ['tag'] });
        await cache.getOrSet('named', (context) => (context.tags('tag'), 'old'));
        expect(await cache.mget(['key', 'set', 'named'])).toStrictEqual([undefined, undefined, undefined]);
      });
      expect(await cache.mget(['key', 'set', 'named'])).toStrictEqual([undefined, undefined, undefined]);
      expect(await cache.getOrSet('key', () => 'new', { tags: ['tag'] })).toBe('new');
      expect(await cache.get('key')).toBe('new');
    },
  },
  {
    title: 'goes for all processes while the work runs',
    needs: ['barriers', 'processes'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject);
      await there.set('key', 'before');
      await there.get('key');
      await here.mutate({ keys: ['key'] }, async () => {
        await heard();
        expect(await there.get('key')).toBe(undefined);
        expect(
          await settled(
            subject,
            there.getOrSet('key', () => 'old'),
          ),
        ).toBe('old');
        await there.set('key', 'old');
        expect(await there.add('key', 'old')).toBe(false);
        expect([await there.get('key'), await here.get('key')]).toStrictEqual([undefined, undefined]);
      });
      await heard();
      expect(
        await settled(
          subject,
          there.getOrSet('key', () => 'new'),
        ),
      ).toBe('new');
      expect([await there.get('key'), await here.get('key')]).toStrictEqual(['new', 'new']);
    },
  },
  {
    title: 'of several at once, also in several processes, the last one to end lets values in again',
    needs: ['barriers', 'processes'],
    async run(subject, expect) {
      const { here, there, heard } = await shareCache(subject);
      const works = [new HeldLoader<void>(), new HeldLoader<void>()];
      const [first, second] = [here, there].map((cache, index) =>
        cache.mutate({ keys: ['key'] }, () => works[index]?.load()),
      );
      await Promise.all(works.map((work) => work.begun()));
      works[0]?.give();
      await first;
      await here.set('key', 'old');
      expect(await here.get('key')).toBe(undefined);
      works[1]?.give();
      await second;
      await here.set('key', 'new');
      await heard();
      expect([await here.get('key'), await there.get('key')]).toStrictEqual(['new', 'new']);
    },
  },
];
