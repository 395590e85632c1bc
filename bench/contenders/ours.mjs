import { NestFactory } from '@nestjs/core';
import { CacheRegistry, RedisCacheModule } from 'nestjs-redis-cache';
import { ownVersion, packageVersion } from '../harness/environment.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

const NAME = `nestjs-redis-cache ${ownVersion()}`;
const ON_REDIS = `redis ${packageVersion('redis')}`;

/**
 * A cache of this library in Redis, as an application gets it.
 *
 * @param {string} url
 * @param {string} [keyPrefix]
 * @returns {Promise<CacheUnderTest>}
 */
export async function oursOnRedis(url, keyPrefix = 'cache') {
  return cacheOf(`${NAME} (${ON_REDIS})`, {
    connection: { url, connect: 'required' },
    keyPrefix,
    caches: { bench: {} },
  });
}

/**
 * A cache of this library in Redis with the memory of the process in front of it. Its memory can be relied on from now on.
 *
 * @param {string} url
 * @param {number} [max] how many entries the memory may hold
 * @returns {Promise<CacheUnderTest>}
 */
export async function oursWithMemory(url, max = 100_000) {
  const cache = await cacheOf(`${NAME} (memory, ${ON_REDIS})`, {
    connection: { url, connect: 'required' },
    caches: { bench: { memory: { max, maxBytes: 1024 ** 3 } } },
  });
  await cache.set('is-remembered', {});
  while (cache.peek?.('is-remembered') === undefined) await cache.get('is-remembered');
  return cache;
}

/**
 * A cache of this library in the memory of the process.
 *
 * @param {number} max how many entries it may hold
 * @returns {Promise<CacheUnderTest>}
 */
export async function oursInMemory(max) {
  return cacheOf(`${NAME} (memory)`, {
    caches: { bench: { store: 'memory', memory: { max, maxBytes: 1024 ** 3 } } },
  });
}

/**
 * @param {string} name
 * @param {import('nestjs-redis-cache').RedisCacheModuleOptions} options
 * @returns {Promise<CacheUnderTest>}
 */
async function cacheOf(name, options) {
  const app = await NestFactory.createApplicationContext(RedisCacheModule.forRoot(options), {
    logger: false,
  });
  const cache = app.get(CacheRegistry).get('bench');
  return {
    name,
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, '5m'),
    mget: (keys) => cache.mget(keys),
    mset: (entries) => cache.mset(entries),
    load: (key, load, tags) =>
      tags === undefined ? cache.getOrSet(key, load) : cache.getOrSet(key, load, { tags }),
    tag: (key, value, tags) => cache.set(key, value, { tags }),
    invalidate: (tag) => cache.invalidateTags(tag),
    remove: (key) => cache.del(key),
    clear: () => cache.clear(),
    clearAndReclaim: () => cache.clear({ reclaim: true }),
    peek: (key) => cache.peek(key),
    remembers: (key) => cache.peek(key) !== undefined,
    close: () => app.close(),
  };
}
