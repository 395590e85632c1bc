import { RedisCacheError, RedisUnavailableError } from '../errors.js';

/**
 * Whether an error is the store's (out of reach, full, not permitted), to be met by the cache's `onError` policy. The
 * others are the caller's and are always thrown.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof RedisCacheError)) return true;
  return error instanceof RedisUnavailableError || error.code === 'REDIS_REFUSED';
}

/** A store's error as a caller with `onError: 'throw'` gets it. Names the reply's first word only: the rest may hold values. */
export function refusalError(operation: string, error: unknown): RedisCacheError {
  if (error instanceof RedisCacheError) return error;
  const [word = 'an error'] = asError(error).message.split(' ', 1);
  return new RedisCacheError('REDIS_REFUSED', `The store refused ${operation} with ${word}.`, error);
}

/** Whatever was thrown, as an `Error`. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
