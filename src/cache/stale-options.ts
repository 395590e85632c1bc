import type { Duration } from '../duration.js';
import { optionsObject, positiveDuration } from '../option.js';

/** How long a value may be served after its ttl (RFC 5861's words). What was invalidated is never served. */
export interface StaleOptions {
  /**
   * Serve a value at once for so long after its ttl, while one load in the background, in all processes, makes it fresh
   * (`stale-while-revalidate`). Default: not at all.
   */
  revalidate?: Duration;
  /**
   * Serve a value for so long after its ttl when its loader fails, or takes longer than the soft timeout
   * (`stale-if-error`). Default: not at all.
   */
  error?: Duration;
}

/** In milliseconds; 0 = not at all. */
export interface ResolvedStale {
  readonly revalidate: number;
  readonly error: number;
}

/** Never serve what is stale. */
export const NEVER_STALE: ResolvedStale = Object.freeze({ revalidate: 0, error: 0 });

/** Checks stale options, and completes them. */
export function resolveStale(raw: unknown, path: string, fallback: ResolvedStale): ResolvedStale {
  if (raw === undefined) return fallback;
  const options = optionsObject(raw, path, ['revalidate', 'error']);
  return Object.freeze({
    revalidate: positiveDuration(options['revalidate'], `${path}.revalidate`, fallback.revalidate),
    error: positiveDuration(options['error'], `${path}.error`, fallback.error),
  });
}

/** For how long an entry is kept after its ttl. */
export function graceOf({ revalidate, error }: ResolvedStale): number {
  return Math.max(revalidate, error);
}
