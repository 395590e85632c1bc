import { createKeyv } from '@keyv/redis';
import { Cacheable } from 'cacheable';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

const NAME = `cacheable ${packageVersion('cacheable')}`;

/**
 * cacheable on the memory store that it takes by itself.
 *
 * @returns {CacheUnderTest}
 */
export function cacheableInMemory() {
  return cacheOf(NAME, new Cacheable());
}

/**
 * cacheable with its memory in front of @keyv/redis.
 *
 * @param {string} url
 * @returns {CacheUnderTest}
 */
export function cacheableWithMemory(url) {
  const name = `${NAME} (memory + @keyv/redis ${packageVersion('@keyv/redis')})`;
  return cacheOf(name, new Cacheable({ secondary: createKeyv(url) }));
}

/**
 * cacheable on @keyv/redis alone, with its tags turned on.
 *
 * @param {string} url
 * @returns {CacheUnderTest}
 */
export function cacheableWithTags(url) {
  const name = `${NAME} (tags, @keyv/redis ${packageVersion('@keyv/redis')})`;
  const cache = new Cacheable({ primary: createKeyv(url), tags: true });
  return {
    ...cacheOf(name, cache),
    tag: (key, value, tags) => cache.set(key, value, { ttl: TTL, tags }),
    invalidate: (tag) => cache.tags.invalidateTag(tag),
  };
}

/**
 * @param {string} name
 * @param {Cacheable} cache
 * @returns {CacheUnderTest}
 */
function cacheOf(name, cache) {
  return {
    name,
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, TTL),
    load: (key, load) => cache.getOrSet(key, load, { ttl: TTL }),
    remove: (key) => cache.delete(key),
    clear: () => cache.clear(),
    close: () => cache.disconnect(),
  };
}
