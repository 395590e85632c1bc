import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import { Redis } from 'ioredis';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

const NAME = `bentocache ${packageVersion('bentocache')}`;

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
  const name = `${NAME} (L2, ioredis ${packageVersion('ioredis', 'bentocache')})`;
  return cacheOf(name, new BentoCache({ default: 'bench', stores: { bench: store } }));
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
    close: () => cache.disconnectAll(),
  };
}
