import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isExecutable, onPath } from './system-packages.mjs';

/** Where `ensure-redis.mjs` unpacks a server when it may not install one. Git-ignored. */
export const CACHE_FOLDER = fileURLToPath(new URL('../.cache/redis/', import.meta.url));

/** Names the unpacked server and its library path, relative to the cache folder. */
export const CACHE_RECORD = join(CACHE_FOLDER, 'server.json');

/**
 * A redis-server that can be started: the file, and what its environment needs besides ours.
 * @typedef {{ path: string, env: Record<string, string>, source: 'REDIS_SERVER' | 'PATH' | 'cache' }} RedisBinary
 */

/**
 * Finds a redis-server: the file named by REDIS_SERVER, then PATH, then the cache folder. Runs nothing.
 *
 * @returns {RedisBinary | undefined} undefined when there is none
 * @throws {Error} when REDIS_SERVER names something that cannot be run
 */
export function findRedisServer() {
  const named = process.env['REDIS_SERVER'];
  if (named) {
    if (isExecutable(named)) return { path: named, env: {}, source: 'REDIS_SERVER' };
    throw new Error(`REDIS_SERVER is ${JSON.stringify(named)}, which is no executable file.`);
  }
  const path = onPath(['redis-server']);
  return path === undefined ? cachedServer() : { path, env: {}, source: 'PATH' };
}

/** @returns {RedisBinary | undefined} */
function cachedServer() {
  if (!existsSync(CACHE_RECORD)) return undefined;
  /** @type {{ server: string, libraries: string[] }} */
  const record = JSON.parse(readFileSync(CACHE_RECORD, 'utf8'));
  const path = join(CACHE_FOLDER, record.server);
  if (!isExecutable(path)) return undefined;
  const libraries = record.libraries.map((folder) => join(CACHE_FOLDER, folder)).join(':');
  return { path, env: { LD_LIBRARY_PATH: libraries }, source: 'cache' };
}
