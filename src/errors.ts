/** Every code that an error of this library can carry. */
export type RedisCacheErrorCode =
  | 'INVALID_OPTIONS'
  | 'UNKNOWN_CACHE'
  | 'REDIS_UNAVAILABLE'
  | 'REDIS_REFUSED'
  | 'SERIALIZATION_FAILED'
  | 'NOT_A_NUMBER'
  | 'PAYLOAD_TOO_LARGE'
  | 'LOAD_TIMEOUT'
  | 'LOCK_TIMEOUT'
  | 'LOCK_LOST'
  | 'SESSION_GONE';

/**
 * The base of all errors of this library. `code` is stable and listed in docs/reference/errors.md; messages may change.
 * A message never holds a cached value or a secret.
 */
export class RedisCacheError extends Error {
  readonly code: RedisCacheErrorCode;

  constructor(code: RedisCacheErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option or an argument is wrong. `path` names it, `rule` says what is allowed. */
export class InvalidOptionsError extends RedisCacheError {
  readonly path: string;
  readonly rule: string;

  /** `received` is shown in the message in short form; leave it out where the value may hold a secret. */
  constructor(path: string, rule: string, ...received: [unknown?]) {
    const shown = received.length > 0 ? `, received ${describe(received[0])}` : '';
    super('INVALID_OPTIONS', `${path}: ${rule}${shown}`);
    this.path = path;
    this.rule = rule;
  }
}

/** A cache was asked for by a name that no module declares. The message lists the names that exist, and who asked. */
export class UnknownCacheError extends RedisCacheError {
  /** `asker` is a class and its method, where a decorator names the cache. */
  constructor(name: string, known: Iterable<string>, asker?: string) {
    const names = [...known].map((one) => JSON.stringify(one)).join(', ');
    super(
      'UNKNOWN_CACHE',
      `${asker === undefined ? '' : `${asker}: `}No cache is named ${JSON.stringify(name)}. Declared: ${names || 'none'}. ` +
        `Add it to "caches" in RedisCacheModule.forRoot() or forFeature().`,
    );
  }
}

/**
 * Redis did not answer in time, or the connection is down. Thrown by caches with `onError: 'throw'`, by locks and by `incr`
 * without `initial` whatever `onError` says, and at a start with `connect: 'required'`.
 */
export class RedisUnavailableError extends RedisCacheError {
  constructor(connection: string, reason: string, cause?: unknown) {
    super(
      'REDIS_UNAVAILABLE',
      `Redis connection ${JSON.stringify(connection)} is unavailable: ${reason}`,
      cause,
    );
  }
}

/** A value cannot be stored: it holds a function, a symbol or a circle. Nothing was written. */
export class SerializationError extends RedisCacheError {
  constructor(message: string, cause?: unknown) {
    super('SERIALIZATION_FAILED', message, cause);
  }
}

/** `incr` or `decr` met a value that is no integer or a missing key, or would leave ±(2^53 − 1). Nothing was changed. */
export class NotANumberError extends RedisCacheError {
  constructor(
    message = 'The entry is not an integer, or the sum would leave ±(2^53 − 1). It was left as it is.',
  ) {
    super('NOT_A_NUMBER', message);
  }
}

/** A value is larger than the `maxBytes` of its cache, or a session than that of sessions. Nothing was written. */
export class PayloadTooLargeError extends RedisCacheError {
  constructor(bytes: number, maxBytes: number) {
    super('PAYLOAD_TOO_LARGE', `It takes ${bytes} bytes, maxBytes is ${maxBytes}.`);
  }
}

/** A loader took longer than the hard timeout. Its signal was aborted; whatever it gives later is not stored. */
export class LoadTimeoutError extends RedisCacheError {
  constructor(keys: readonly string[], limit: number) {
    const what = keys.length === 1 ? `the key ${JSON.stringify(keys[0])}` : `${keys.length} keys`;
    super('LOAD_TIMEOUT', `The loader of ${what} took longer than its hard timeout of ${limit} ms.`);
  }
}

/** A lock was not free within the time that its caller would wait. */
export class LockTimeoutError extends RedisCacheError {
  constructor(name: string, wait: number) {
    const tried = wait === 0 ? 'is held by somebody else' : `was not free within ${wait} ms`;
    super('LOCK_TIMEOUT', `The lock ${describe(name)} ${tried}.`);
  }
}

/** Why the signal of a lock was aborted: whoever held it may not be the only one any more. */
export class LockLostError extends RedisCacheError {
  constructor(name: string, reason: string) {
    super('LOCK_LOST', `The lock ${describe(name)} was lost: ${reason}.`);
  }
}

/** A session was ended or given another id meanwhile, or all of its user's sessions were while a login ran. Nothing was written. */
export class SessionGoneError extends RedisCacheError {
  constructor(message = 'The session was ended meanwhile. Nothing was written.', cause?: unknown) {
    super('SESSION_GONE', message, cause);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).join(', ') || 'no keys'}`;
  return String(value);
}
