import { EventEmitter } from 'node:events';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

const NAME = `bentocache ${packageVersion('bentocache')}`;
const CLIENT = `ioredis ${packageVersion('ioredis', 'bentocache')}`;

/**
 * bentocache on its memory driver.
 *
 * @param {number} max how many entries it may hold
 * @returns {CacheUnderTest}
 */
export function bentocacheInMemory(max) {
  const store = bentostore().useL1Layer(memoryDriver({ maxItems: max }));
  return cacheOf(`${NAME} (L1)`, new BentoCache({ default: 'bench', stores: { bench: store } }));
}

/**
 * bentocache on Redis alone.
 *
 * @param {string} url
 * @returns {CacheUnderTest}
 */
export function bentocacheOnRedis(url) {
  const store = bentostore().useL2Layer(redisDriver({ connection: new Redis(url) }));
  return cacheOf(`${NAME} (L2, ${CLIENT})`, new BentoCache({ default: 'bench', stores: { bench: store } }));
}

/**
 * bentocache with its memory in front of Redis, and the bus that keeps the memory of several processes together.
 *
 * @param {string} url
 * @param {number} [max] how many entries the memory may hold
 * @returns {CacheUnderTest}
 */
export function bentocacheWithMemory(url, max = 100_000) {
  const connection = new Redis(url);
  const emitter = new EventEmitter();
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: max }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  const cache = cacheOf(
    `${NAME} (L1 + L2 + bus, ${CLIENT})`,
    new BentoCache({ default: 'bench', stores: { bench: store }, emitter }),
  );
  // What stands in its memory it does not tell. It tells of what the bus brings, right before it acts on that.
  const remembered = new Set();
  emitter.on('bus:message:received', () => remembered.clear());
  return {
    ...cache,
    get: async (key) => {
      const value = await cache.get(key);
      remembered.add(key);
      return value;
    },
    remembers: (key) => remembered.has(key),
  };
}

/**
 * @param {string} name
 * @param {BentoCache<any>} cache
 * @returns {CacheUnderTest}
 */
function cacheOf(name, cache) {
  return {
    name,
    get: (key) => cache.get({ key }),
    set: (key, value) => cache.set({ key, value, ttl: TTL }),
    load: (key, factory, tags) =>
      cache.getOrSet({ key, factory, ttl: TTL, ...(tags !== undefined && { tags }) }),
    tag: (key, value, tags) => cache.set({ key, value, ttl: TTL, tags }),
    invalidate: (tag) => cache.deleteByTag({ tags: [tag] }),
    remove: (key) => cache.delete({ key }),
    clear: () => cache.clear(),
    close: () => cache.disconnectAll(),
  };
}
