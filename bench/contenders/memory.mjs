import { LRUCache } from 'lru-cache';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

/**
 * The bare store, with the `await` that callers of a cache write. It hands out the object that was put in.
 *
 * @param {number} max how many entries it may hold
 * @returns {CacheUnderTest}
 */
export function lruCache(max) {
  /** @type {LRUCache<string, object>} */
  const cache = new LRUCache({ max, ttl: TTL });
  return {
    name: `lru-cache ${packageVersion('lru-cache')} + await`,
    get: (key) => cache.get(key),
    peek: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    close: async () => cache.clear(),
  };
}

/**
 * A Map, which keeps everything for ever: the lower bound.
 *
 * @returns {CacheUnderTest}
 */
export function bareMap() {
  const map = new Map();
  return {
    name: 'Map + await',
    get: (key) => map.get(key),
    peek: (key) => map.get(key),
    set: (key, value) => map.set(key, value),
    close: async () => map.clear(),
  };
}
