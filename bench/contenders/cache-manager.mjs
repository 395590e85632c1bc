import { createKeyv } from '@keyv/redis';
import { createCache } from 'cache-manager';
import { createRequire } from 'node:module';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

/** redis-yet needs cache-manager 5, and brings it along. */
const requireOfYet = createRequire(createRequire(import.meta.url).resolve('cache-manager-redis-yet'));
const { caching } = requireOfYet('cache-manager');
const { redisStore } = createRequire(import.meta.url)('cache-manager-redis-yet');

/**
 * cache-manager on the memory store that it takes by itself.
 *
 * @returns {CacheUnderTest}
 */
export function cacheManagerInMemory() {
  return cacheOf(`cache-manager ${packageVersion('cache-manager')} (memory)`, createCache({ ttl: TTL }));
}

/**
 * cache-manager on @keyv/redis: what @nestjs/cache-manager recommends.
 *
 * @param {string} url
 * @returns {CacheUnderTest}
 */
export function cacheManagerOnKeyv(url) {
  const client = packageVersion('@redis/client', '@keyv/redis');
  const name = `cache-manager ${packageVersion('cache-manager')} + @keyv/redis ${packageVersion('@keyv/redis')} (@redis/client ${client})`;
  return cacheOf(name, createCache({ stores: [createKeyv(url)] }));
}

/**
 * cache-manager 5 on cache-manager-redis-yet.
 *
 * @param {string} url
 * @returns {Promise<CacheUnderTest>}
 */
export async function cacheManagerOnYet(url) {
  const store = await redisStore({ url, ttl: TTL });
  const cache = await caching(store);
  const yet = packageVersion('cache-manager-redis-yet');
  const client = packageVersion('@redis/client', 'cache-manager-redis-yet');
  return {
    name: `cache-manager ${packageVersion('cache-manager', 'cache-manager-redis-yet')} + redis-yet ${yet} (@redis/client ${client})`,
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, TTL),
    mget: (keys) => store.mget(...keys),
    mset: (entries) =>
      store.mset(
        entries.map(({ key, value }) => [key, value]),
        TTL,
      ),
    load: (key, load) => cache.wrap(key, load, TTL),
    remove: (key) => cache.del(key),
    close: () => store.client.quit(),
  };
}

/**
 * @param {string} name
 * @param {import('cache-manager').Cache} cache
 * @returns {CacheUnderTest}
 */
function cacheOf(name, cache) {
  return {
    name,
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, TTL),
    mget: (keys) => cache.mget(keys),
    mset: (entries) => cache.mset(entries.map(({ key, value }) => ({ key, value, ttl: TTL }))),
    load: (key, load) => cache.wrap(key, load, TTL),
    remove: (key) => cache.del(key),
    clear: () => cache.clear(),
    close: () => cache.disconnect(),
  };
}
