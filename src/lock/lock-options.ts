import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import type { LockOptions } from './lock.js';

/** How a lock is taken, in milliseconds. */
export interface ResolvedLockOptions {
  readonly ttl: number;
  readonly wait: number;
}

const DEFAULTS = { ttl: 30_000, wait: 10_000 } as const;
const SHORTEST_TTL = 100;
/** The longest time that a timer can wait. */
const LONGEST = 2 ** 31 - 1;

/** Checks how a lock is to be taken, and completes it. */
export function resolveLockOptions(raw: LockOptions | undefined): ResolvedLockOptions {
  const { ttl, wait } = optionsObject(raw ?? {}, 'options', ['ttl', 'wait']);
  return {
    ttl: within(ttl, { path: 'options.ttl', from: SHORTEST_TTL, fallback: DEFAULTS.ttl }),
    wait: within(wait, { path: 'options.wait', from: 0, fallback: DEFAULTS.wait }),
  };
}

/** @throws InvalidOptionsError unless a lock can have this name */
export function checkLockName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidOptionsError('name', 'must be a string that is not empty', name);
  }
}

function within(
  value: unknown,
  { path, from, fallback }: { readonly path: string; readonly from: number; readonly fallback: number },
): number {
  if (value === undefined) return fallback;
  const length = milliseconds(value as Duration, path);
  if (length >= from && length <= LONGEST) return length;
  throw new InvalidOptionsError(path, `must be at least ${from} ms, and less than 25 days`, value);
}
