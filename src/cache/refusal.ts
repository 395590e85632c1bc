import { RedisCacheError, RedisUnavailableError } from '../errors.js';

/**
 * Whether an error is the store's (out of reach, full, not permitted), to be met by the cache's `onError` policy. The
 * others are the caller's and are always thrown.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof RedisCacheError)) return true;
  return error instanceof RedisUnavailableError || error.code === 'REDIS_REFUSED';
}

/** A store's error as a caller with `onError: 'throw'` gets it. */
export function refusalError(operation: string, error: unknown): RedisCacheError {
  if (error instanceof RedisCacheError) return error;
  const name = refusalName(asError(error));
  return new RedisCacheError('REDIS_REFUSED', `The store refused ${operation} with ${name}.`, error);
}

const NAME = /^[A-Z][A-Z0-9_]+(?= |$)/;

/**
 * What a store's error is called: the first word of a reply of Redis (`OOM`), the code of a failed socket or file
 * (`ECONNRESET`), else the error's class. The rest of a message may hold keys and values.
 */
export function refusalName(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NAME.exec(error.message)?.[0] ?? NAME.exec(code)?.[0] ?? error.name;
}

/** Whatever was thrown, as an `Error`. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
