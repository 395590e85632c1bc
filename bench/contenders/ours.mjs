import { NestFactory } from '@nestjs/core';
import { CacheRegistry, RedisCacheModule } from 'nestjs-redis-cache';
import { ownVersion, packageVersion } from '../harness/environment.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

const NAME = `nestjs-redis-cache ${ownVersion()}`;

/**
 * A cache of this library in Redis, as an application gets it.
 *
 * @param {string} url
 * @returns {Promise<CacheUnderTest>}
 */
export async function oursOnRedis(url) {
  return cacheOf(`${NAME} (redis ${packageVersion('redis')})`, {
    connection: { url, connect: 'required' },
    caches: { bench: {} },
  });
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
    close: () => app.close(),
  };
}
