import { expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { FakeClock, openCaches } from '../../../src/testing/index.js';

it.each([Number.NaN, 'soon' as never])('wrap refuses the ttl %s, as set does', async (ttl) => {
  const cache = await openCaches({ store: 'memory', clock: new FakeClock() }).cache();
  await expect(cache.set('key', 1, ttl)).rejects.toBeInstanceOf(InvalidOptionsError);
  await expect(cache.wrap('key', () => 1, ttl)).rejects.toBeInstanceOf(InvalidOptionsError);
  await expect(cache.wrap('key', () => 1, { ttl: () => ttl })).rejects.toBeInstanceOf(InvalidOptionsError);
});
