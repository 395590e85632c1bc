import { expect } from 'vitest';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import {
  begin,
  fill,
  load,
  OVERTAKEN,
  stateOf,
  STORED,
  valuesOf,
} from '../../src/testing/store-coherence-subject.js';

/** Runs every operation, with the key `key` and the tags `a`, `b`, `named`, and `between` between any two. */
export async function everything(
  store: CoherentStore,
  other: CoherentStore,
  between: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { coherence } = store;
  const tags = ['a', 'b'];
  await between();
  const lease = await begin(store, 'key', { tags });
  await between();
  expect(await coherence.renew([lease])).toEqual([true]);
  await between();
  expect(await fill(store, lease, 1, { tags: [...tags, 'named'], grace: 60_000 })).toEqual(STORED);
  expect(await valuesOf(other, 'key')).toEqual([1]);
  await between();
  expect(await coherence.expire('key')).toBe(true);
  await between();
  expect(await coherence.release([await begin(store, 'key', { tags, anew: true })], 1)).toEqual([
    { stored: false, current: true },
  ]);
  await between();
  const barrier = await coherence.bar({ keys: ['key'], tags }, 60_000);
  expect(await stateOf(other, 'key')).toBe('barred');
  await between();
  await barrier.renew();
  await between();
  await barrier.lift();
  await between();
  const overtaken = await begin(store, 'key');
  await between();
  await coherence.invalidateTags(['named']);
  await between();
  expect(await fill(store, overtaken, 1, { tags: ['named'] })).toEqual(OVERTAKEN);
  expect(await load(store, 'key', 2, { tags })).toEqual(STORED);
  await between();
  await coherence.invalidateTags(['b', 'a']);
  expect(await valuesOf(other, 'key')).toEqual([undefined]);
}
