import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject, positiveDuration } from '../option.js';

/** How long a caller waits for a loader. */
export interface TimeoutOptions {
  /** After this a stale value is served, where `stale.error` allows one; the load goes on. Default: never. */
  soft?: Duration;
  /** After this the loader's signal is aborted, and its callers get a `LoadTimeoutError`. Default: never. */
  hard?: Duration;
}

/** In milliseconds; `undefined` = never. */
export interface ResolvedTimeout {
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

/** Wait as long as it takes. */
export const NO_TIMEOUT: ResolvedTimeout = Object.freeze({ soft: undefined, hard: undefined });

/** Checks timeout options, and completes them. */
export function resolveTimeout(raw: unknown, path: string, fallback: ResolvedTimeout): ResolvedTimeout {
  if (raw === undefined) return fallback;
  const options = optionsObject(raw, path, ['soft', 'hard']);
  const soft = duration(options['soft'], `${path}.soft`) ?? fallback.soft;
  const hard = duration(options['hard'], `${path}.hard`) ?? fallback.hard;
  if (soft !== undefined && hard !== undefined && soft >= hard) {
    throw new InvalidOptionsError(
      `${path}.soft`,
      `must be shorter than the hard timeout of ${hard} ms`,
      soft,
    );
  }
  return Object.freeze({ soft, hard });
}

function duration(value: unknown, path: string): number | undefined {
  return value === undefined ? undefined : positiveDuration(value, path, 0);
}
