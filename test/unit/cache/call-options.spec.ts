import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/store/store.js';
import { FakeClock, openCaches } from '../../../src/testing/index.js';
import { Processes, quiet } from './processes.js';

describe('the stale options of a call', () => {
  it('count in a cache that serves nothing stale by itself', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const options = { ttl: 1_000, stale: { revalidate: 10_000 } };
    await cache.getOrSet('key', () => 'old', options);
    await processes.pass(5_000);
    expect(await cache.getOrSet('key', () => 'new', options)).toBe('old');
    await quiet();
    expect(await cache.get('key')).toBe('new');
  });

  it('count for many keys as well, and when a loader fails', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const options = { ttl: 1_000, stale: { error: 10_000 } };
    await cache.getOrSetMany(['key'], async () => new Map([['key', 'old']]), options);
    await processes.pass(5_000);
    const failing = (): Promise<string> => Promise.reject(new Error('boom'));
    expect(await cache.getOrSet('key', failing, options)).toBe('old');
  });

  it('do not shorten what the cache keeps for other callers', async () => {
    const processes = new Processes({ stale: { revalidate: 0, error: 60_000 } });
    const { cache } = processes.start();
    await cache.getOrSet('key', () => 'old', { ttl: 1_000, stale: { error: 2_000 } });
    await processes.pass(30_000);
    const failing = (): Promise<string> => Promise.reject(new Error('boom'));
    expect(await cache.getOrSet('key', failing)).toBe('old');
  });
});

describe('tags in a cache whose store knows none', () => {
  it('are refused, those that a loader names too', async () => {
    const entries = new Map<string, { value: unknown; createdAt: number }>();
    const store = {
      read: async (keys: string[]) => keys.map((key) => entries.get(key)),
      write: async (writes: { key: string; value: unknown }[]) =>
        writes.map(({ key, value }) => Boolean(entries.set(key, { value, createdAt: 0 }))),
    } as unknown as Store;
    const cache = await openCaches({ store: () => store, clock: new FakeClock() }).cache();
    await expect(cache.getOrSet('a', () => 1, { tags: ['tag'] })).rejects.toThrow('options.tags');
    await expect(
      cache.getOrSet('a', (context) => {
        context.tags('tag');
        return 1;
      }),
    ).rejects.toThrow('cannot invalidate by tags');
    await expect(cache.reserve('a', ['tag'])).rejects.toThrow('cannot invalidate by tags');
    expect(entries.size).toBe(0);
  });
});
