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
 * @property {(key: string, load: Loader, tags?: string[]) => Promise<unknown>} [load] Looks up, and loads what is missing.
 * @property {(key: string, value: object, tags: string[]) => unknown} [tag] `set` with tags.
 * @property {(tag: string) => Promise<unknown>} [invalidate] Makes all entries with a tag invalid.
 * @property {(key: string) => Promise<unknown>} [remove]
 * @property {() => Promise<unknown>} [clear]
 * @property {() => Promise<unknown>} [clearAndReclaim] The same; what was cleared is then taken away in the background.
 * @property {(key: string) => unknown} [peek] What the memory of the process holds of a key, at once.
 * @property {(key: string) => boolean} [remembers] Whether the memory of the process would still serve a key.
 * @property {() => Promise<unknown>} close
 */

/**
 * What gives the value of a key that is not cached.
 *
 * @typedef {() => Promise<object>} Loader
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
