import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import { checkTags } from './check-tags.js';

/** How a value is kept. */
export interface SetOptions {
  /** How long it lives; `null` = for ever; 0 or less = it is not stored, and the old value is gone. Default: the cache's. */
  ttl?: Duration | null;
  /** Tags by which it can be invalidated. */
  tags?: readonly string[];
}

/** How a value is to be kept: milliseconds to live, and tags. */
export interface SetPlan {
  readonly ttl: number | null;
  readonly tags: readonly string[];
}

/**
 * Reads the third argument of `set`. A ttl of `null` = no expiry, 0 or less = not to be stored.
 *
 * A bare number 0 means no expiry, since cache-manager has it so; `{ ttl: 0 }` means not stored.
 */
export function setPlan(
  argument: number | string | SetOptions | null | undefined,
  fallback: number | null,
): SetPlan {
  if (argument === undefined) return { ttl: fallback, tags: NO_TAGS };
  if (argument === null || argument === 0) return { ttl: null, tags: NO_TAGS };
  if (typeof argument !== 'object') return { ttl: ttlArgument(argument, fallback), tags: NO_TAGS };
  optionsObject(argument, 'options', ['ttl', 'tags']);
  return { ttl: ttlArgument(argument.ttl, fallback), tags: checkTags(argument.tags, 'options.tags') };
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** Reads a ttl argument of our own methods: `null` = no expiry, 0 or less = gone. */
export function ttlArgument(value: Duration | null | undefined, fallback: number | null): number | null {
  if (value === undefined) return fallback;
  const ttl = value === null ? null : milliseconds(value, 'ttl');
  if (ttl !== null && !Number.isSafeInteger(ttl)) throw new InvalidOptionsError('ttl', 'is too long', value);
  return ttl;
}
