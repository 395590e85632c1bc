import { expect, it } from 'vitest';
import { FakeClock, openCaches } from '../../src/testing/index.js';
import { SharedRedis } from './redis-caches.js';

const DAY = 86_400_000;
const redis = new SharedRedis();

it('in memory, a jump of the wall clock neither ends nor prolongs an entry', async () => {
  const clock = new FakeClock();
  const cache = await openCaches({ store: 'memory', clock }).cache();
  await cache.set('key', 'value', '10s');
  clock.jumpTo(clock.now() + DAY);
  expect(await cache.get('key')).toBe('value');
  expect(await cache.remainingTtl('key')).toBe(10_000);
  clock.jumpTo(clock.now() - 2 * DAY);
  expect(await cache.remainingTtl('key')).toBe(10_000);
  clock.advance(10_000);
  expect(await cache.get('key')).toBeUndefined();
});

it('on Redis, processes whose clocks differ by a day agree on what has expired', async () => {
  const on = (skew: number) =>
    openCaches({
      store: 'redis',
      clock: new FakeClock(Date.now() + skew),
      keyPrefix: 'skew',
      connections: new Map([['default', redis.connection]]),
    }).cache();
  const [behind, ahead] = [await on(-DAY), await on(DAY)];
  await behind.set('old', 1, '10s');
  await ahead.set('new', 2, '10s');
  expect(await ahead.get('old')).toBe(1);
  expect(await behind.get('new')).toBe(2);
  for (const cache of [behind, ahead]) {
    for (const key of ['old', 'new']) {
      const left = await cache.remainingTtl(key);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(10_000);
    }
  }
  await ahead.clear();
  expect(await behind.get('old')).toBeUndefined();
});
