import { createClient } from 'redis';
import { packageVersion } from '../harness/environment.mjs';
import { TTL } from './contender.mjs';

/**
 * The client alone, with JSON.
 *
 * @param {string} url
 * @param {{ timeout?: number }} [commandOptions] absent = the client's defaults
 * @returns {Promise<import('./contender.mjs').CacheUnderTest>}
 */
export async function nodeRedis(url, commandOptions) {
  const client = createClient({ url, ...(commandOptions && { commandOptions }) });
  await client.connect();
  const expiration = /** @type {const} */ ({ type: 'PX', value: TTL });
  return {
    name: `redis ${packageVersion('redis')}${commandOptions ? ', timeout: 0' : ', defaults'}`,
    get: async (key) => parsed(await client.get(key)),
    set: (key, value) => client.set(key, JSON.stringify(value), { expiration }),
    mget: async (keys) => (await client.mGet(keys)).map(parsed),
    mset: (entries) =>
      Promise.all(entries.map(({ key, value }) => client.set(key, JSON.stringify(value), { expiration }))),
    close: () => client.close(),
  };
}

/** @param {string | null} text */
function parsed(text) {
  return text === null ? undefined : /** @type {unknown} */ (JSON.parse(text));
}
