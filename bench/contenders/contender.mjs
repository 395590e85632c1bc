import assert from 'node:assert/strict';

/**
 * A cache, or a bare client, under one contract. What it cannot do is absent.
 *
 * @typedef {object} CacheUnderTest
 * @property {string} name How the tables call it.
 * @property {(key: string) => unknown} get
 * @property {(key: string, value: object) => unknown} set With a ttl of five minutes.
 * @property {(keys: string[]) => unknown} [mget]
 * @property {(entries: { key: string, value: object }[]) => unknown} [mset] With a ttl of five minutes.
 * @property {() => Promise<unknown>} close
 */

/** How long everything lives that is written: milliseconds. */
export const TTL = 300_000;

/**
 * Writes entries one by one and makes sure that they come back: a benchmark of misses would be a fast one.
 *
 * @param {CacheUnderTest} cache
 * @param {ReadonlyMap<string, object>} entries
 */
export async function fill(cache, entries) {
  for (const [key, value] of entries) await cache.set(key, value);
  for (const [key, value] of entries)
    assert.deepEqual(await cache.get(key), value, `${cache.name} lost ${key}`);
  if (cache.mget === undefined) return;
  const keys = [...entries.keys()].slice(0, 20);
  const values = /** @type {unknown[]} */ (await cache.mget(keys));
  assert.deepEqual(
    [...values],
    keys.map((key) => entries.get(key)),
    `${cache.name} lost keys`,
  );
}
