import { bentocacheOnRedis, bentocacheWithMemory } from './bentocache.mjs';
import { cacheManagerOnKeyv, cacheManagerOnYet } from './cache-manager.mjs';
import { cacheableWithMemory } from './cacheable.mjs';
import { oursOnRedis, oursWithMemory } from './ours.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */
/** @typedef {keyof typeof READ_THROUGH} ReadThroughName */

/** Everybody on Redis who loads what is missing. `memory` and `tiers` have the memory of the process in front of it. */
export const READ_THROUGH = {
  ours: (/** @type {string} */ url) => oursOnRedis(url),
  memory: (/** @type {string} */ url) => oursWithMemory(url),
  bento: bentocacheOnRedis,
  tiers: (/** @type {string} */ url) => bentocacheWithMemory(url),
  keyv: cacheManagerOnKeyv,
  yet: cacheManagerOnYet,
  cacheable: cacheableWithMemory,
};

/**
 * One of them, in a database of its own.
 *
 * @param {ReadThroughName} name
 * @param {string} url
 * @returns {Promise<CacheUnderTest>}
 */
export async function readThrough(name, url) {
  return READ_THROUGH[name](`${url}/${Object.keys(READ_THROUGH).indexOf(name)}`);
}
