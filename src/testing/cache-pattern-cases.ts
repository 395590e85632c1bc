import type { NamedCache } from '../cache/named-cache.js';
import type { CacheSubject } from './cache-subject.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const AWKWARD = [
  '',
  'a:b',
  '{x}',
  'x}y{',
  '*',
  '[a]',
  '\\',
  '%7B',
  '%',
  'line\nbreak',
  '\0',
  '鍵🗝',
  '\ud800',
];

async function keysOf(cache: NamedCache, glob?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of cache.keys(glob)) keys.push(key);
  return keys.sort();
}

/** Behaviours 20–24: keys by pattern. */
export const CACHE_PATTERN_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'keys gives the keys as they were written, each once',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache({ keyPrefix: 'pre:{fix}*', name: 'na:me' });
      await cache.mset(AWKWARD.map((key) => ({ key, value: key })));
      expect(await keysOf(cache)).toStrictEqual([...AWKWARD].sort());
      expect(await cache.mget(AWKWARD)).toStrictEqual(AWKWARD);
    },
  },
  {
    title: 'deletePattern removes what matches and counts it',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const keys = ['foo-aa', 'foo-ab', 'foo-bb', 'foo-bc', 'x foo-a y'];
      await cache.mset(keys.map((key) => ({ key, value: 1 })));
      expect(await cache.deletePattern('*foo-a*')).toBe(3);
      expect(await keysOf(cache)).toStrictEqual(['foo-bb', 'foo-bc']);
      expect(await cache.deletePattern('nothing*')).toBe(0);
      expect(await cache.deletePattern('foo-b[b]')).toBe(1);
      expect(await cache.deletePattern('*')).toBe(1);
    },
  },
  {
    title: 'what stands escaped in a pattern is meant as it is',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.mset(['a*', 'ab', 'a?', '[ab]', 'a'].map((key) => ({ key, value: 1 })));
      expect(await cache.deletePattern('a\\*')).toBe(1);
      expect(await cache.deletePattern('\\[ab]')).toBe(1);
      expect(await keysOf(cache, 'a?')).toStrictEqual(['a?', 'ab']);
    },
  },
  {
    title: 'thousands of keys are listed and removed',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const keys = Array.from(
        { length: 3_000 },
        (_, index) => `${index % 2 === 0 ? 'even' : 'odd'}:${index}`,
      );
      await cache.mset(keys.map((key) => ({ key, value: 1 })));
      expect(await keysOf(cache)).toStrictEqual([...keys].sort());
      expect(await cache.deletePattern('even:*')).toBe(1_500);
      expect((await keysOf(cache)).length).toBe(1_500);
    },
  },
  {
    title: 'what is being loaded for a key that a pattern removes is not stored',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const kept = cache.getOrSet('other', async () => 'kept');
      await cache.getOrSet('foo-1', async () => {
        await cache.deletePattern('foo-*');
        return 'outdated';
      });
      await kept;
      expect(await cache.get('foo-1')).toBe(undefined);
      expect(await cache.get('other')).toBe('kept');
    },
  },
  {
    title: 'a walk over keys may be left early',
    needs: ['keys'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.mset(['a', 'b', 'c'].map((key) => ({ key, value: 1 })));
      let seen = 0;
      for await (const key of cache.keys()) {
        seen += key.length;
        break;
      }
      expect(seen).toBe(1);
    },
  },
];
