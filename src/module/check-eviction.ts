import type { RedisConnection } from '../connection/connection.js';
import { InvalidOptionsError } from '../errors.js';

/**
 * Refuses a Redis that evicts any key: with those of the index it would forget which sessions a user has. Of one that evicts keys
 * that expire, as sessions do, it gives a warning. One that does not say what it evicts, or does not answer, is taken.
 *
 * @throws InvalidOptionsError naming the policy
 */
export async function checkEviction(connection: RedisConnection): Promise<string | undefined> {
  const { policy = '', limit = '0' } = await memoryOf(connection);
  const where = `the Redis of connection '${connection.name}' may evict sessions (maxmemory-policy ${policy})`;
  const cure = 'Set it to noeviction, keep sessions on another Redis, or accept it by allowEviction: true';
  if (policy.startsWith('allkeys-')) {
    throw new InvalidOptionsError(
      'options.session',
      `${where}: "log out everywhere" could miss some. ${cure}`,
    );
  }
  if (!policy.startsWith('volatile-') || limit === '0') return undefined;
  return `When it is full, ${where}: their visitors would be logged out. ${cure}`;
}

interface Memory {
  readonly policy?: string | undefined;
  /** `maxmemory`: 0 = as much as there is. */
  readonly limit?: string | undefined;
}

/** As INFO tells, which hosted ones permit where they do not permit CONFIG. */
async function memoryOf(connection: RedisConnection): Promise<Memory> {
  try {
    const info = String(await connection.request({ key: '', args: ['INFO', 'memory'] }));
    return {
      policy: /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1],
      limit: /^maxmemory:(\d+)/m.exec(info)?.[1],
    };
  } catch {
    // It is away, or does not let one ask.
    return {};
  }
}
