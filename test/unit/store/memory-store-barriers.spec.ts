import { describe, expect, it } from 'vitest';
import type { Barrier } from '../../../src/store/coherence.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import { claim, endLoads, entry, freshValues, lease, storeAndClock } from './memory-store-setup.js';

const TTL = 1_000;
const KEY = { keys: ['key'], tags: [] };
const TAG = { keys: [], tags: ['tag'] };

const bar = ({ coherence }: CoherentStore, targets: typeof KEY | typeof TAG): Promise<Barrier> =>
  coherence.bar(targets, TTL);

describe('a barrier in a memory store', () => {
  it('removes its keys and tags, and keeps out what is loaded, set, added or counted', async () => {
    const { store } = storeAndClock();
    await store.write([entry('key', 1), entry('tagged', 2, { tags: ['tag'] }), entry('other', 3)], 'set');
    const barrier = await store.coherence.bar({ keys: ['key'], tags: ['tag'] }, TTL);
    expect(await freshValues(store, 'key', 'tagged', 'other')).toEqual([undefined, undefined, 3]);
    expect(await claim(store, 'key', { anew: true })).toEqual({ state: 'barred' });
    expect(await claim(store, 'tagged', { tags: ['a', 'tag'] })).toEqual({ state: 'barred' });
    expect(await store.write([entry('key', 4), entry('other', 5, { tags: ['tag'] })], 'set')).toEqual([
      false,
      false,
    ]);
    expect(await store.write([entry('key', 4), entry('added', 5, { tags: ['tag'] })], 'add')).toEqual([
      false,
      false,
    ]);
    const counted = store.increment('key', 1, { initial: 0, ttl: null });
    await expect(counted).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    // What was to be replaced is outdated.
    expect(await freshValues(store, 'key', 'tagged', 'other', 'added')).toEqual(new Array(4).fill(undefined));
    await barrier.lift();
    expect(await store.write([entry('key', 6), entry('tagged', 7, { tags: ['tag'] })], 'set')).toEqual([
      true,
      true,
    ]);
  });

  it('keeps out a load that began before', async () => {
    const { store } = storeAndClock();
    const held = await lease(store, 'key');
    await bar(store, KEY);
    const [end] = await endLoads(store, { lease: held, write: entry('key', 1) });
    expect(end).toEqual({ stored: false, current: false });
  });

  it('stands while any other does', async () => {
    const { store, clock } = storeAndClock();
    const first = await bar(store, KEY);
    clock.advance(TTL / 2);
    const second = await bar(store, KEY);
    await first.lift();
    expect(await claim(store, 'key')).toEqual({ state: 'barred' });
    await second.lift();
    expect((await claim(store, 'key')).state).toBe('held');
  });

  it('falls when its time has passed, unless it is renewed', async () => {
    const { store, clock } = storeAndClock();
    const barrier = await bar(store, TAG);
    clock.advance(TTL - 1);
    await barrier.renew();
    clock.advance(TTL - 1);
    expect(await claim(store, 'key', { tags: ['tag'] })).toEqual({ state: 'barred' });
    clock.advance(1);
    const held = await lease(store, 'key', { tags: ['tag'] });
    await endLoads(store, { lease: held, write: entry('key', 1, { tags: ['tag'] }) });
    expect(await freshValues(store, 'key')).toEqual([1]);
  });

  it('invalidates once more when it is lifted, also after its time', async () => {
    const { store, clock } = storeAndClock();
    const barriers = [await bar(store, KEY), await bar(store, TAG)];
    clock.advance(TTL);
    await store.write([entry('key', 1), entry('tagged', 2, { tags: ['tag'] })], 'set');
    for (const barrier of barriers) await barrier.lift();
    expect(await freshValues(store, 'key', 'tagged')).toEqual([undefined, undefined]);
  });

  it('belongs to the keys of its part, and to the tags of all', async () => {
    const { store } = storeAndClock();
    const part = store.namespace('a');
    await bar(part, KEY);
    expect((await claim(store, 'key')).state).toBe('held');
    expect((await claim(part, 'key')).state).toBe('barred');
    await bar(part, TAG);
    expect((await claim(store, 'other', { tags: ['tag'] })).state).toBe('barred');
  });
});
