import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CacheOptions } from '../../src/cache/cache-options.js';
import { gzip } from '../../src/codec/zlib-compressor.js';
import { FakeClock, openCaches } from '../../src/testing/index.js';
import { follow, sequences } from './cache-model.js';
import { cachesOn, SharedRedis } from './redis-caches.js';

const redis = new SharedRedis();
// What is loaded lives as long as the model says.
const kinds: Record<string, CacheOptions> = {
  plain: { jitter: 0 },
  compressed: { jitter: 0, compressor: gzip({ threshold: 1 }) },
};

it.each(Object.entries(kinds))(
  'a cache in memory, %s, does what the model does, time included',
  async (_, kind) => {
    await fc.assert(
      fc.asyncProperty(sequences(true), async (sequence) => {
        const clock = new FakeClock();
        const setup = openCaches({ store: 'memory', clock });
        await follow(await setup.cache(kind), sequence, (time) => clock.advance(time));
        expect(setup.events.count('error')).toBe(0);
      }),
      { numRuns: 300 },
    );
  },
  60_000,
);

it.each(Object.entries(kinds))('a cache in Redis, %s, does what the model does', async (_, kind) => {
  await fc.assert(
    fc.asyncProperty(sequences(false), async (sequence) => {
      const setup = cachesOn(redis.connection);
      await follow(await setup.cache(kind), sequence, () => undefined);
      expect(setup.events.count('error')).toBe(0);
    }),
    { numRuns: 60 },
  );
});
