import { createHash } from 'node:crypto';
import type { RedisArgument, RedisConnection, RedisReply, RedisScript } from './connection.js';

/** Makes a script of Lua source. */
export function defineScript(source: string): RedisScript {
  return Object.freeze({ source, sha1: createHash('sha1').update(source).digest('hex') });
}

/**
 * Runs a script by its SHA-1, and once more by its text where the server does not know it. The first of the keys says
 * where it runs.
 */
export async function evaluateScript(
  connection: Pick<RedisConnection, 'request'>,
  script: RedisScript,
  keys: readonly RedisArgument[],
  args: readonly RedisArgument[],
): Promise<RedisReply> {
  const key = keys[0] ?? '';
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await connection.request({ key, args: ['EVALSHA', script.sha1, ...rest] });
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    return connection.request({ key, args: ['EVAL', script.source, ...rest] });
  }
}
