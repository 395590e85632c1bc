import { parseCacheControl } from './cache-control.js';
import type { HeaderFields } from './header-fields.js';

/**
 * How long a response says that it stays fresh: milliseconds from `now`, 0 or less when it is expired, `undefined` when it
 * says nothing. `s-maxage` counts before `max-age`, and both before `Expires`; what an upstream `Age` used up is taken off.
 * An `Expires` that is no date is expired (RFC 9111 section 5.3).
 */
export function freshFor(fields: HeaderFields, now: number): number | undefined {
  const { sMaxage, maxAge } = parseCacheControl(fields.get('cache-control'));
  const seconds = sMaxage ?? maxAge;
  if (seconds !== undefined) return seconds * 1_000 - ageOf(fields);
  const expires = fields.get('expires');
  if (expires === undefined) return undefined;
  const at = typeof expires === 'string' ? Date.parse(expires) : Number.NaN;
  return Number.isNaN(at) ? 0 : at - now;
}

/** Milliseconds of an upstream `Age`; 0 when there is none or it cannot be read. */
export function ageOf(fields: HeaderFields): number {
  const age = fields.get('age');
  return typeof age === 'string' && /^\d{1,10}$/.test(age.trim()) ? Number(age) * 1_000 : 0;
}

/** `Cache-Control` for a response stored `elapsed` milliseconds ago: `max-age` and `s-maxage` are what is left of them. */
export function withRemainingAge(cacheControl: string, elapsed: number): string {
  const seconds = Math.max(0, Math.floor(elapsed / 1_000));
  if (seconds === 0) return cacheControl;
  return cacheControl.replaceAll(
    /(^|[\s,])((?:s-maxage|max-age)\s*=\s*"?)(\d+)/gi,
    (_, before: string, name: string, value: string) =>
      `${before}${name}${Math.max(0, Number(value) - seconds)}`,
  );
}
