import { createHash } from 'node:crypto';
import type { RedisArgument, RedisConnection, RedisReply, RedisScript } from './connection.js';

/** Makes a script of Lua source. */
export function defineScript(source: string): RedisScript {
  return Object.freeze({ source, sha1: createHash('sha1').update(source).digest('hex') });
}

const KNOWN = new WeakMap<object, Set<RedisScript>>();

/**
 * The scripts that the server of a connection knows by their SHA-1, since it has run them: whoever has run one adds it. It
 * is empty again after each connect, as the server may be another one. A script that is not among them is sent by its text:
 * sent by its SHA-1 first, it might be run only after commands that were sent behind it.
 */
export function knownScripts(connection: Pick<RedisConnection, 'onUp'>): Set<RedisScript> {
  let known = KNOWN.get(connection);
  if (known === undefined) {
    const scripts = new Set<RedisScript>();
    KNOWN.set(connection, (known = scripts));
    connection.onUp(() => scripts.clear());
  }
  return known;
}

/**
 * Runs a script, by its SHA-1 where the server knows it, else by its text. The first of the keys says where it runs. One round
 * trip, two where the server has forgotten the script.
 */
export async function evaluateScript(
  connection: Pick<RedisConnection, 'request' | 'onUp'>,
  script: RedisScript,
  keys: readonly RedisArgument[],
  args: readonly RedisArgument[],
): Promise<RedisReply> {
  const key = keys[0] ?? '';
  const rest = [String(keys.length), ...keys, ...args];
  const known = knownScripts(connection);
  try {
    if (known.has(script)) return await connection.request({ key, args: ['EVALSHA', script.sha1, ...rest] });
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
  }
  const reply = await connection.request({ key, args: ['EVAL', script.source, ...rest] });
  known.add(script);
  return reply;
}
