import { describe, expect, it } from 'vitest';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { LEASE_TIME } from '../../../src/store/coherence.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import { claim, endLoads, entry, freshValues, lease, storeAndClock } from './memory-store-setup.js';

const NEITHER = { stored: false, current: false };
const LATE = 'late';

/** Ends a load of `key` that was overtaken by `change`, and shows that nothing of it is left. */
async function overtaken(store: CoherentStore, change: () => Promise<unknown>): Promise<void> {
  const held = await lease(store, 'key', { tags: ['tag'] });
  await change();
  const before = await freshValues(store, 'key');
  const write = entry('key', LATE, { tags: ['tag'] });
  expect(await endLoads(store, { lease: held, write })).toEqual([NEITHER]);
  expect(await freshValues(store, 'key')).toEqual(before);
  expect(await store.coherence.renew([held])).toEqual([false]);
  expect(await store.coherence.release([held])).toEqual([NEITHER]);
}

describe('a load in a memory store', () => {
  it('is one at a time, and its value is there for the next', async () => {
    const { store } = storeAndClock();
    const held = await lease(store, 'key');
    expect(await claim(store, 'key')).toEqual({ state: 'busy', failed: false, entry: undefined });
    const ends = await endLoads(store, { lease: held, write: entry('key', 1) });
    expect(ends).toEqual([{ stored: true, current: true }]);
    expect(await claim(store, 'key')).toMatchObject({ state: 'fresh', entry: { value: 1 } });
    expect(await claim(store, 'key', { anew: true })).toMatchObject({ state: 'held', entry: { value: 1 } });
  });

  it('of one key asked for twice in one call is given out once', async () => {
    const { coherence } = storeAndClock();
    const request = { key: 'key', tags: [], anew: false };
    const claims = await coherence.acquire([request, { ...request, key: 'other' }, request]);
    expect(claims.map(({ state }) => state)).toEqual(['held', 'held', 'busy']);
  });

  const changes: Record<string, (store: CoherentStore) => Promise<unknown>> = {
    'a set': (store) => store.write([entry('key', 1)], 'set'),
    'an add': (store) => store.write([entry('key', 1)], 'add'),
    'a count': (store) => store.increment('key', 1, { initial: 0, ttl: null }),
    'a removal': (store) => store.delete(['key']),
    'an expire': (store) => store.coherence.expire('key'),
    'a clear': (store) => store.clear(),
    'an invalidation of its tag': (store) => store.coherence.invalidateTags(['other', 'tag']),
    'a barrier of its key': (store) => store.coherence.bar({ keys: ['key'], tags: [] }, 1_000),
    'a barrier of its tag': (store) => store.coherence.bar({ keys: [], tags: ['tag'] }, 1_000),
    'a barrier that came and went': async (store) =>
      (await store.coherence.bar({ keys: ['key'], tags: [] }, 1_000)).lift(),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`is ended by ${name}`, async () => {
      const { store } = storeAndClock();
      await overtaken(store, () => change(store));
    });

    it(`stands in nobody's way after ${name}`, async () => {
      const { store } = storeAndClock();
      await lease(store, 'key', { tags: ['tag'] });
      await change(store);
      expect((await claim(store, 'key', { tags: ['tag'], anew: true })).state).not.toBe('busy');
    });
  }

  it('in a namespace is ended by a clear of the whole, and not by what happens beside it', async () => {
    const { store } = storeAndClock();
    const part = store.namespace('a').namespace('b');
    await overtaken(part, () => store.clear());
    await overtaken(part, () => store.namespace('a').clear());
    const held = await lease(part, 'key');
    await store.namespace('a2').clear();
    await store.delete(['key']);
    await store.namespace('a').write([entry('key', 1)], 'set');
    const ends = await endLoads(part, { lease: held, write: entry('key', 'mine') });
    expect(ends).toEqual([{ stored: true, current: true }]);
  });

  it('that was compressed is not stored over what came meanwhile', async () => {
    const { store } = storeAndClock({ compressor: gzip({ threshold: 100 }) });
    const held = await lease(store, 'key');
    const filled = endLoads(store, { lease: held, write: entry('key', 'x'.repeat(5_000)) });
    await store.delete(['key']);
    expect(await filled).toEqual([NEITHER]);
    expect(await freshValues(store, 'key')).toEqual([undefined]);
  });

  it('whose value cannot be encoded stores nothing and still holds its lease', async () => {
    const { store, coherence } = storeAndClock();
    const [a, b] = await Promise.all([lease(store, 'a'), lease(store, 'b')]);
    const fills = [
      { lease: a, write: entry('a', 1) },
      { lease: b, write: entry('b', () => 1) },
    ];
    await expect(endLoads(store, ...fills)).rejects.toMatchObject({ code: 'SERIALIZATION_FAILED' });
    expect(await freshValues(store, 'a', 'b')).toEqual([undefined, undefined]);
    const given = { stored: false, current: true };
    expect(await coherence.release([a, b])).toEqual([given, given]);
  });

  it('that is not wanted any more, or is too large, gives its lease back', async () => {
    const { store } = storeAndClock();
    const [a, b] = await Promise.all([lease(store, 'a'), lease(store, 'b')]);
    const ends = await endLoads(
      store,
      { lease: a, write: entry('a', 1, { wanted: () => false }) },
      { lease: b, write: entry('b', 'x'.repeat(2_000_000)) },
    );
    expect(ends).toEqual([NEITHER, { stored: false, current: true }]);
    expect((await claim(store, 'a')).state).toBe('held');
    expect((await claim(store, 'b')).state).toBe('held');
  });
});

describe('the time of a lease in a memory store', () => {
  it('passes unless it is renewed, and then somebody else may load', async () => {
    const { store, coherence, clock } = storeAndClock();
    const held = await lease(store, 'key');
    clock.advance(LEASE_TIME - 1);
    expect(await coherence.renew([held])).toEqual([true]);
    clock.advance(LEASE_TIME - 1);
    expect((await claim(store, 'key')).state).toBe('busy');
    clock.advance(1);
    expect(await coherence.renew([held])).toEqual([false]);
    const next = await lease(store, 'key');
    expect(await endLoads(store, { lease: held, write: entry('key', LATE) })).toEqual([NEITHER]);
    expect((await endLoads(store, { lease: next, write: entry('key', 2) }))[0]?.stored).toBe(true);
  });

  it('is not moved by the wall clock', async () => {
    const { store, clock } = storeAndClock();
    await lease(store, 'key');
    clock.jumpTo(clock.now() + 3_600_000);
    expect((await claim(store, 'key')).state).toBe('busy');
  });

  it('that is given back with a pause keeps others from loading until it has passed', async () => {
    const { store, coherence, clock } = storeAndClock();
    await store.write([entry('key', 'old', { ttl: 10, grace: 60_000 })], 'set');
    clock.advance(20);
    expect(await coherence.release([await lease(store, 'key')], 1_000)).toEqual([
      { stored: false, current: true },
    ]);
    expect(await claim(store, 'key')).toMatchObject({ state: 'busy', failed: true, entry: { value: 'old' } });
    clock.advance(1_000);
    expect((await claim(store, 'key')).state).toBe('held');
  });

  it('that is given back with a pause ends by a write', async () => {
    const { store, coherence } = storeAndClock();
    await coherence.release([await lease(store, 'key')], 1_000);
    await store.write([entry('key', 1)], 'set');
    expect((await claim(store, 'key', { anew: true })).state).toBe('held');
  });
});

describe('who watches a key of a memory store', () => {
  const telling: Record<string, (store: CoherentStore) => Promise<unknown>> = {
    'a set': (store) => store.write([entry('key', 1)], 'set'),
    'a removal of nothing': (store) => store.delete(['key']),
    'a touch': async (store) => {
      await store.write([entry('key', 1)], 'set');
      await store.touch('key', 5);
    },
    'a clear': (store) => store.clear(),
    'an invalidation': (store) => store.coherence.invalidateTags(['tag']),
    'a barrier': (store) => store.coherence.bar({ keys: ['key'], tags: [] }, 1_000),
    'a lease given back': async (store) => store.coherence.release([await lease(store, 'key')]),
    'a failure': async (store) => store.coherence.release([await lease(store, 'key')], 1_000),
    'a fill': async (store) => endLoads(store, { lease: await lease(store, 'key'), write: entry('key', 1) }),
  };
  for (const [name, change] of Object.entries(telling)) {
    it(`is told of ${name}, until it stops`, async () => {
      const { store, coherence } = storeAndClock();
      let [woken, others] = [0, 0];
      const stop = coherence.watch('key', () => (woken += 1));
      coherence.watch('key', () => (others += 1));
      await change(store);
      expect(woken).toBeGreaterThan(0);
      expect(others).toBe(woken);
      stop?.();
      const before = woken;
      await store.delete(['key']);
      expect([woken, others]).toEqual([before, before + 1]);
    });
  }

  it('is not told of other keys, nor of a claim', async () => {
    const { store, coherence } = storeAndClock();
    let woken = 0;
    coherence.watch('key', () => (woken += 1));
    await store.write([entry('other', 1)], 'set');
    await store.namespace('a').delete(['key']);
    await store.namespace('a').clear();
    await lease(store, 'key');
    expect(woken).toBe(0);
  });
});
