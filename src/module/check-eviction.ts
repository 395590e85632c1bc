import type { RedisConnection, RedisReply } from '../connection/connection.js';
import { InvalidOptionsError } from '../errors.js';

/**
 * Refuses a Redis that evicts any key: with those of the index it would forget which sessions a user has. One that does not
 * say what it evicts, or does not answer, is taken.
 *
 * @throws InvalidOptionsError naming the policy
 */
export async function checkEviction(connection: RedisConnection): Promise<void> {
  const policy = await evictionPolicy(connection);
  if (!policy.startsWith('allkeys-')) return;
  throw new InvalidOptionsError(
    'options.session',
    `the Redis of connection '${connection.name}' may evict sessions (maxmemory-policy ${policy}): "log out everywhere" could miss ` +
      `some. Set it to noeviction, keep sessions on another Redis, or accept it by allowEviction: true`,
  );
}

async function evictionPolicy(connection: RedisConnection): Promise<string> {
  try {
    const args = ['CONFIG', 'GET', 'maxmemory-policy'];
    return valueOf(await connection.request({ key: '', args }));
  } catch {
    // It is away, or does not let one ask, as hosted ones.
    return '';
  }
}

function valueOf(reply: RedisReply): string {
  const value = Array.isArray(reply) ? (reply as readonly RedisReply[])[1] : undefined;
  return Buffer.isBuffer(value) ? value.toString() : '';
}
