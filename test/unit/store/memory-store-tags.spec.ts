import { describe, expect, it } from 'vitest';
import { gzip } from '../../../src/codec/zlib-compressor.js';
import { LEASE_TIME } from '../../../src/store/coherence.js';
import { MemoryWhole } from '../../../src/store/memory-whole.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { claim, endLoads, entry, freshValues, lease, storeAndClock } from './memory-store-setup.js';

const LARGE = 'x'.repeat(5_000);

async function fillTagged(store: CoherentStore, tags: readonly string[], during: () => Promise<unknown>) {
  const held = await lease(store, 'key', { tags: ['declared'] });
  await during();
  const write = entry('key', 1, { tags: ['declared', ...tags] });
  return (await endLoads(store, { lease: held, write }))[0];
}

describe('a tag in a memory store', () => {
  it('takes every entry with it that carries it, in all parts, and no other', async () => {
    const { store, coherence } = storeAndClock();
    const part = store.namespace('a');
    const both = [entry('one', 1, { tags: ['x'] }), entry('two', 2, { tags: ['y', 'x'] }), entry('none', 3)];
    await store.write([...both, entry('y', 4, { tags: ['y'] })], 'set');
    await part.write(both, 'set');
    await coherence.invalidateTags(['x', 'unknown']);
    expect(await freshValues(store, 'one', 'two', 'none', 'y')).toEqual([undefined, undefined, 3, 4]);
    expect(await freshValues(part, 'one', 'two', 'none')).toEqual([undefined, undefined, 3]);
    await part.coherence.invalidateTags(['y']);
    expect(await freshValues(store, 'y')).toEqual([undefined]);
  });

  it('makes an entry absent in every respect, stale ones too', async () => {
    const { store, coherence, clock } = storeAndClock();
    await store.write(
      [entry('key', 1, { tags: ['x'] }), entry('old', 1, { ttl: 10, grace: 60_000, tags: ['x'] })],
      'set',
    );
    clock.advance(20);
    await coherence.invalidateTags(['x']);
    expect(await store.read(['key', 'old'])).toEqual([undefined, undefined]);
    expect(store.peek('key')).toBeUndefined();
    expect([await store.ttl('key'), await store.touch('key', 5), await coherence.expire('key')]).toEqual([
      undefined,
      false,
      false,
    ]);
    expect(await claim(store, 'old')).toMatchObject({ state: 'held', entry: undefined });
    expect(await store.increment('key', 5, { initial: 10, ttl: null })).toBe(15);
    expect(await store.write([entry('old', 2)], 'add')).toEqual([true]);
  });

  it('stays with an entry that is counted, touched or made stale', async () => {
    const { store, coherence } = storeAndClock();
    const numbered = ['counted', 'touched', 'staled'];
    await store.write(
      numbered.map((key) => entry(key, 1, { grace: 60_000, tags: ['x'] })),
      'set',
    );
    await store.increment('counted', 1, { initial: undefined, ttl: null });
    await store.touch('touched', null);
    await coherence.expire('staled');
    const found = await store.read(numbered);
    expect(found.map((one) => one?.tags)).toEqual([['x'], ['x'], ['x']]);
    await coherence.invalidateTags(['x']);
    expect(await store.read(numbered)).toEqual([undefined, undefined, undefined]);
  });

  it('is gone from an entry that is written anew without it', async () => {
    const { store, coherence } = storeAndClock();
    await store.write([entry('key', 1, { tags: ['x'] })], 'set');
    await store.write([entry('key', 2)], 'set');
    await coherence.invalidateTags(['x']);
    expect(await freshValues(store, 'key')).toEqual([2]);
  });

  it('that is invalidated while a value is compressed takes that value with it', async () => {
    const { store, coherence } = storeAndClock({ compressor: gzip({ threshold: 100 }) });
    await store.write([entry('key', 'old')], 'set');
    const written = store.write([entry('key', LARGE, { tags: ['x'] })], 'set');
    await coherence.invalidateTags(['x']);
    expect(await written).toEqual([false]);
    expect(await freshValues(store, 'key')).toEqual([undefined]);
  });
});

describe('a tag that only the result of a load names', () => {
  it('refuses the value if it was invalidated since the load began', async () => {
    const { store, coherence } = storeAndClock();
    const end = await fillTagged(store, ['a', 'named'], () => coherence.invalidateTags(['named', 'z']));
    expect(end).toEqual({ stored: false, current: false });
    expect((await claim(store, 'key')).state).toBe('held');
  });

  it('refuses it while it is barred', async () => {
    const { store, coherence } = storeAndClock();
    const barrier = await coherence.bar({ keys: [], tags: ['named'] }, 1_000);
    expect(await fillTagged(store, ['named'], async () => undefined)).toMatchObject({ stored: false });
    await barrier.lift();
    expect(await fillTagged(store, ['named'], async () => undefined)).toMatchObject({ stored: true });
  });

  it('takes no notice of what was invalidated before, and of other tags', async () => {
    const { store, coherence } = storeAndClock();
    await coherence.invalidateTags(['named']);
    const end = await fillTagged(store, ['named'], () => coherence.invalidateTags(['other']));
    expect(end).toEqual({ stored: true, current: true });
    await coherence.invalidateTags(['named']);
    expect(await freshValues(store, 'key')).toEqual([undefined]);
  });
});

describe('what a memory store remembers beside its entries', () => {
  const whole = (): { whole: MemoryWhole; clock: FakeClock } => {
    const clock = new FakeClock();
    return { whole: new MemoryWhole({ max: 10, maxBytes: 1_000 }, clock), clock };
  };
  const value = (bytes = 1): { value: number; encoded: undefined; bytes: number } => ({
    value: 1,
    encoded: undefined,
    bytes,
  });

  it('is nothing of a tag that no entry carries any more, however they went', () => {
    const { whole: one, clock } = whole();
    const { entries, tags } = one;
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`);
    for (const key of keys) entries.put(key, value(), { ttl: 100, tags: [key, key, 'all'] });
    expect(tags.size).toBe(11);
    entries.put('key 99', value(), { ttl: null });
    entries.delete('key 98');
    expect(entries.put('key 97', value(5_000), { ttl: 100, tags: ['large'] })).toBe(false);
    one.invalidate(new Set(['key 96']));
    expect(tags.size).toBe(7);
    for (let times = 0; times < 3; times++) {
      entries.age('key 95', entries.fresh('key 95') ?? expect.fail(), 50);
      entries.change('key 94', entries.fresh('key 94') ?? expect.fail(), value());
    }
    expect(tags.size).toBe(7);
    clock.advance(100);
    for (const key of keys) entries.fresh(key);
    expect(tags.size).toBe(0);
    entries.put('key', value(), { ttl: null, tags: ['tag'] });
    one.clear('');
    expect(tags.size).toBe(0);
  });

  it('is bounded for leases that nobody gave back', () => {
    const { whole: one, clock } = whole();
    for (let index = 0; index < 10_000; index++) {
      const forgotten = { key: '', entryKey: `key ${index}`, tags: [], since: one.tags.now };
      one.leases.take(forgotten, clock.monotonic());
      clock.advance(50);
    }
    expect(one.leases.size).toBeLessThan(300);
  });

  it('is no invalidation after the time of a lease that nobody gave back', () => {
    const { whole: one, clock } = whole();
    const forgotten = { key: '', entryKey: 'key', tags: [], since: one.tags.now };
    one.leases.take(forgotten, clock.monotonic());
    one.invalidate(new Set(['tag']));
    expect(one.leases.size).toBe(1);
    clock.advance(LEASE_TIME);
    one.invalidate(new Set(['tag']));
    // The lease holds the moment on which all later invalidations hang.
    expect(one.leases.size).toBe(0);
  });

  it('is nothing of a barrier whose time has passed, nor of one who stopped watching', () => {
    const { whole: one, clock } = whole();
    for (let index = 0; index < 100; index++) {
      one.barriers.stand({ entryKeys: new Set(['key']), tags: new Set() }, clock.monotonic() + 10);
    }
    clock.advance(10);
    expect(one.bars('key', [], clock.monotonic())).toBe(false);
    expect(one.barriers.size).toBe(0);
    const stops = Array.from({ length: 100 }, (_, index) => one.watchers.watch(`key ${index % 7}`, () => {}));
    for (const stop of [...stops, ...stops]) stop();
    expect(one.watchers.size).toBe(0);
  });
});
