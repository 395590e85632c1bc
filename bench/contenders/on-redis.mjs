import { bentocacheOnRedis } from './bentocache.mjs';
import { cacheManagerOnKeyv, cacheManagerOnYet } from './cache-manager.mjs';
import { ioredis } from './ioredis.mjs';
import { nodeRedis } from './node-redis.mjs';
import { oursOnRedis } from './ours.mjs';

/** @typedef {import('./contender.mjs').CacheUnderTest} CacheUnderTest */

/** Everybody who is compared on Redis, each in a database of its own. `lean` is node-redis without its timer. */
export async function cachesOnRedis(/** @type {string} */ url) {
  const rivals = {
    lean: await nodeRedis(`${url}/1`, { timeout: 0 }),
    usual: await nodeRedis(`${url}/2`),
    ioredis: await ioredis(`${url}/3`),
    keyv: cacheManagerOnKeyv(`${url}/4`),
    yet: await cacheManagerOnYet(`${url}/5`),
    bento: bentocacheOnRedis(`${url}/6`),
  };
  const ours = await oursOnRedis(`${url}/0`);
  return {
    ours,
    rivals,
    all: [ours, ...Object.values(rivals)],
    /** Ends all of them. */
    async close() {
      for (const cache of [ours, ...Object.values(rivals)]) await cache.close();
    },
  };
}
