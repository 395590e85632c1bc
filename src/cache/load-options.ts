import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import type { ReadThroughOptions } from './read-through.js';
import { ttlArgument } from './set-ttl.js';

/** How `getOrSet` looks a value up and keeps what was loaded. */
export interface LoadOptions {
  /** How long a loaded value lives; `null` = for ever. Default: the cache's ttl. */
  ttl?: Duration | null;
  /** Do not look at what is cached: load, and store the result. */
  fresh?: boolean;
}

/** Checks the loader and the options of a call, and completes them. `fallback` is the cache's ttl. */
export function loadOptions(
  load: unknown,
  options: LoadOptions | undefined,
  fallback: number | null,
): ReadThroughOptions {
  if (typeof load !== 'function') throw new InvalidOptionsError('load', 'must be a function', load);
  if (options === undefined) return { fresh: false, ttl: () => fallback };
  optionsObject(options, 'options', ['ttl', 'fresh']);
  const ttl = ttlArgument(options.ttl, fallback);
  return { fresh: options.fresh === true, ttl: () => ttl };
}
