import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';

/** How a value is kept. */
export interface SetOptions {
  /** How long it lives; `null` = for ever; 0 or less = it is not stored, and the old value is gone. Default: the cache's. */
  ttl?: Duration | null;
}

/**
 * Reads the third argument of `set`: milliseconds to live, `null` = no expiry, 0 or less = not to be stored.
 *
 * A bare number 0 means no expiry, since cache-manager has it so; `{ ttl: 0 }` means not stored.
 */
export function ttlOfSet(
  argument: number | string | SetOptions | null | undefined,
  fallback: number | null,
): number | null {
  if (argument === undefined) return fallback;
  if (argument === null || argument === 0) return null;
  if (typeof argument !== 'object') return ttlArgument(argument, fallback);
  optionsObject(argument, 'options', ['ttl']);
  return ttlArgument(argument.ttl, fallback);
}

/** Reads a ttl argument of our own methods: `null` = no expiry, 0 or less = gone. */
export function ttlArgument(value: Duration | null | undefined, fallback: number | null): number | null {
  if (value === undefined) return fallback;
  const ttl = value === null ? null : milliseconds(value, 'ttl');
  if (ttl !== null && !Number.isSafeInteger(ttl)) throw new InvalidOptionsError('ttl', 'is too long', value);
  return ttl;
}
