import fc from 'fast-check';
import { expect, it } from 'vitest';
import { globMatcher } from '../../src/key/glob.js';
import { SharedRedis } from './redis-caches.js';

const redis = new SharedRedis();

/** Few characters, so that globs and keys meet. */
const CHARACTERS = [...'abc-^]1'];
const text = (characters: string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...characters), { maxLength: 7 }).map((parts) => parts.join(''));
const globs = text([...CHARACTERS, '*', '*', '?', '[', '[', ']', '\\', '[a-c]', '[^', '-']);
const keys = fc.uniqueArray(text([...CHARACTERS, '[', '\\', '*']), { minLength: 20, maxLength: 60 });

async function matchedByRedis(glob: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const reply = await redis.server.cli('SCAN', cursor, 'MATCH', glob, 'COUNT', 1_000);
    const [next, batch] = reply as [string, string[]];
    found.push(...batch);
    cursor = next;
  } while (cursor !== '0');
  return found.sort();
}

it('a glob means in memory what it means to Redis', async () => {
  await fc.assert(
    fc.asyncProperty(keys, fc.array(globs, { minLength: 20, maxLength: 40 }), async (some, patterns) => {
      const present = some.filter((key) => key !== '');
      for (const key of present) await redis.server.cli('SET', key, '1');
      try {
        for (const glob of patterns) {
          const own = present.filter(globMatcher(glob)).sort();
          expect({ glob, keys: own }).toStrictEqual({ glob, keys: await matchedByRedis(glob) });
        }
      } finally {
        if (present.length > 0) await redis.server.cli('DEL', ...present);
      }
    }),
    { numRuns: 60 },
  );
});
