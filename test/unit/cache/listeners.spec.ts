import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createReporter } from '../../../src/event/reporter.js';
import { FakeClock, openCaches } from '../../../src/testing/index.js';

const caches = openCaches({ store: 'memory', clock: new FakeClock() });

it('what a listener of a cache throws reaches no caller, and becomes a warning', async () => {
  const cache = await caches.cache();
  for (const event of ['get', 'set', 'del', 'clear', 'mget', 'mset', 'mdel', 'ttl'] as const) {
    cache.on(event as 'get', () => {
      throw new Error(`a listener of ${event}`);
    });
  }
  const warned = once(process, 'warning');
  expect(await cache.set('key', 1)).toBe(1);
  expect(await cache.get('key')).toBe(1);
  expect(await cache.mget(['key'])).toEqual([1]);
  expect(await cache.mset([{ key: 'a', value: 1 }])).toHaveLength(1);
  expect(await cache.ttl('key')).toBeGreaterThan(0);
  expect(await cache.del('key')).toBe(true);
  expect(await cache.mdel(['a'])).toBe(true);
  expect(await cache.clear()).toBe(true);
  expect(caches.events.count('error')).toBe(0);
  expect(String((await warned)[0])).toContain('a listener of set');
});

it('what a listener of events throws reaches neither the caller nor the next listener', async () => {
  const heard: string[] = [];
  const reporter = createReporter([
    () => {
      throw new Error('a listener of events');
    },
    (event) => heard.push(event.type),
  ]);
  const warned = once(process, 'warning');
  reporter.report({ type: 'clear', cache: 'default' });
  expect(heard).toEqual(['clear']);
  expect(String((await warned)[0])).toContain('a listener of events');
});
