import { Redis } from 'ioredis';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/**
 * The client alone, with JSON, joining the commands of a turn (autopipelining).
 *
 * @param {string} url
 * @returns {Promise<import('./contender.mjs').CacheUnderTest>}
 */
export async function ioredis(url) {
  const client = new Redis(url, { enableAutoPipelining: true });
  await client.ping();
  return {
    name: `ioredis ${packageVersion('ioredis')}, autopipelining`,
    get: async (key) => parsed(await client.get(key)),
    set: (key, value) => client.set(key, JSON.stringify(value), 'PX', TTL),
    mget: async (keys) => (await client.mget(keys)).map(parsed),
    mset: (entries) =>
      Promise.all(entries.map(({ key, value }) => client.set(key, JSON.stringify(value), 'PX', TTL))),
    close: () => client.quit(),
  };
}

/** @param {string | null} text */
function parsed(text) {
  return text === null ? undefined : /** @type {unknown} */ (JSON.parse(text));
}
