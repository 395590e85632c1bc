import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import { ttlArgument } from './set-ttl.js';

/** How a counter starts. */
export interface CountOptions {
  /** What a missing key starts at. Default: a missing key is an error. */
  initial?: number;
  /** How long a counter lives that was started; `null` = for ever. Default: the cache's ttl. */
  ttl?: Duration | null;
}

/** Reads how a counter starts: `ttl` in milliseconds. */
export function countStart(
  options: CountOptions,
  fallback: number | null,
): { readonly initial: number | undefined; readonly ttl: number | null } {
  optionsObject(options, 'options', ['initial', 'ttl']);
  const { initial } = options;
  if (initial !== undefined) checkInteger('initial', initial);
  const ttl = ttlArgument(options.ttl, fallback);
  if (ttl !== null && ttl <= 0) throw new InvalidOptionsError('ttl', 'must be longer than 0', options.ttl);
  return { initial, ttl };
}

/** @throws InvalidOptionsError unless the argument `path` is a safe integer */
export function checkInteger(path: string, value: unknown): void {
  if (!Number.isSafeInteger(value)) throw new InvalidOptionsError(path, 'must be an integer', value);
}
