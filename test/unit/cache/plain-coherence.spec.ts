import { describe, expect, it } from 'vitest';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import type { Reporter } from '../../../src/event/reporter.js';
import type { Store } from '../../../src/store/store.js';
import { FaultyStore } from '../../../src/testing/faulty-store.js';
import { failureOf } from '../../../src/testing/failure-of.js';
import { HeldLoader, Processes, quiet } from './processes.js';

/** A store that knows no coherence of its own, as a Keyv does not. */
function plain(store: FaultyStore): Store {
  return {
    read: (keys) => store.read(keys),
    write: (writes, mode) => store.write(writes, mode),
    delete: (keys) => store.delete(keys),
    touch: (key, ttl) => store.touch(key, ttl),
    ttl: (key) => store.ttl(key),
    increment: (key, by, start) => store.increment(key, by, start),
    keys: (glob) => store.keys(glob),
    clear: () => store.clear(),
  };
}

describe('two loads of a key, the second of which is fresh and begins while the first asks for its turn', () => {
  it('store nothing that was loaded before the key was removed', async () => {
    const events: CacheEvent[] = [];
    let began: Promise<string> | undefined;
    const freshLoader = new HeldLoader<string>();
    const reporter: Reporter = {
      report(event) {
        events.push(event);
        if (event.type !== 'miss' || began !== undefined) return;
        // Two turns of the queue later the first has begun, and has no answer yet.
        const begin = (): void => void (began = cache.getOrSet('key', freshLoader.load, { fresh: true }));
        queueMicrotask(() => queueMicrotask(begin));
      },
    };
    const processes = new Processes({ reporter });
    const { cache } = processes.start(plain(new FaultyStore(processes.store)));
    const loader = new HeldLoader<string>();
    const first = cache.getOrSet('key', loader.load);
    await quiet();
    expect([loader.calls, freshLoader.calls]).toEqual([1, 1]);
    freshLoader.give('fresh');
    await quiet();
    await cache.del('key');
    loader.give('old');
    expect([await first, await began]).toEqual(['old', 'fresh']);
    expect(await cache.get('key')).toBeUndefined();
  });
});

describe('mutate where the store is out of reach', () => {
  const outages: Record<
    string,
    (store: FaultyStore, mutate: (work: () => void) => Promise<void>) => unknown
  > = {
    'all the while': (store, mutate) => {
      store.fail();
      return mutate(() => undefined);
    },
    'when it ends': (store, mutate) => mutate(() => store.fail()),
  };

  it.each(Object.entries(outages))('%s: its keys are cached again when it is back', async (_, during) => {
    for (const onError of ['open', 'throw'] as const) {
      const processes = new Processes({ onError });
      const store = new FaultyStore(processes.store);
      const { cache } = processes.start(plain(store));
      await failureOf(during(store, (work) => cache.mutate({ keys: ['key'] }, work)) as Promise<void>);
      store.heal();
      expect(await cache.getOrSet('key', () => 'new')).toBe('new');
      expect(await cache.get('key')).toBe('new');
    }
  });
});

describe('a reservation in a store that knows no tags', () => {
  it('is given out, unless tags are asked for', async () => {
    const processes = new Processes();
    const { cache } = processes.start(plain(new FaultyStore(processes.store)));
    const reservation = await cache.reserve('key', []);
    await reservation?.put({ value: 'value', ttl: 1_000, grace: 0, tags: [] });
    expect(await cache.get('key')).toBe('value');
    expect(await failureOf(cache.reserve('key', ['tag']))).toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});
