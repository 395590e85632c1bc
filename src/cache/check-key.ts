import { InvalidOptionsError } from '../errors.js';

/** @throws InvalidOptionsError unless a key is a string */
export function checkKey(key: unknown, path = 'key'): asserts key is string {
  if (typeof key !== 'string') throw new InvalidOptionsError(path, 'must be a string', key);
}

/**
 * Reads a list of keys.
 *
 * @throws InvalidOptionsError unless it is an iterable of strings, and no string itself
 */
export function checkKeys(keys: Iterable<string>): string[] {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function') {
    throw new InvalidOptionsError('keys', 'must be an iterable of strings', keys);
  }
  const list = [...keys];
  for (const key of list) checkKey(key);
  return list;
}
