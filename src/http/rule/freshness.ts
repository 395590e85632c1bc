import type { ResolvedStale } from '../../cache/stale-options.js';
import { parseCacheControl, type CacheControl } from './cache-control.js';
import type { HeaderFields } from './header-fields.js';
import { parseHttpDate } from './http-date.js';
import type { ResponsePolicy } from '../policy/response-policy.js';

/**
 * How long a response says that it stays fresh: milliseconds from `now`, 0 or less when it is expired, `undefined` when it
 * says nothing. `s-maxage` counts before `max-age`, and both before `Expires`; its age is taken off. An `Expires` that is no
 * date is expired (RFC 9111 sections 4.2.1 and 5.3).
 */
export function freshFor(fields: HeaderFields, now: number): number | undefined {
  const { sMaxage, maxAge } = parseCacheControl(fields.get('cache-control'));
  const seconds = sMaxage ?? maxAge;
  if (seconds !== undefined) return seconds * 1_000 - initialAge(fields, now);
  if (!fields.has('expires')) return undefined;
  const at = dateOf(fields, 'expires', now);
  const lifetime = at === undefined ? 0 : at - (dateOf(fields, 'date', now) ?? now);
  return lifetime - initialAge(fields, now);
}

/**
 * How old a response is when it arrives, in milliseconds: by its `Age`, or by its `Date` when that says more (RFC 9111
 * section 4.2.3).
 */
export function initialAge(fields: HeaderFields, now: number): number {
  const made = dateOf(fields, 'date', now) ?? now;
  // Dates have whole seconds only.
  const apparent = Math.max(0, Math.floor((now - made) / 1_000) * 1_000);
  return Math.max(apparent, ageOf(fields));
}

/** Milliseconds of an upstream `Age`, of the first when there are several; 0 when there is none or it cannot be read. */
function ageOf(fields: HeaderFields): number {
  const value = fields.get('age');
  const [first = ''] = (typeof value === 'string' ? value : (value?.[0] ?? '')).split(',');
  return /^\d{1,10}$/.test(first.trim()) ? Number(first) * 1_000 : 0;
}

/** Neither while it is revalidated nor after an error. */
const NEVER: ResolvedStale = Object.freeze({ revalidate: 0, error: 0 });

/**
 * For how long after its ttl a response may be served, in milliseconds (RFC 5861). Never with `no-cache`, `must-revalidate`,
 * `proxy-revalidate` or `s-maxage`, and never an error of the server.
 *
 * Where the route decides, its directives can only shorten what the policy says. Where the headers decide,
 * `stale-while-revalidate` is needed, and counts as far as the policy lets responses be renewed in the background;
 * `stale-if-error` counts before what the policy says.
 */
export function staleWindows(
  { mode, stale }: Pick<ResponsePolicy, 'mode' | 'stale'>,
  cacheControl: CacheControl,
  status: number,
): ResolvedStale {
  const { noCache, mustRevalidate, proxyRevalidate, sMaxage } = cacheControl;
  if (noCache || mustRevalidate || proxyRevalidate || sMaxage !== undefined || status >= 500) return NEVER;
  const { revalidate, error } = stale ?? NEVER;
  const saidRevalidate = milliseconds(cacheControl.staleWhileRevalidate);
  const saidError = milliseconds(cacheControl.staleIfError);
  return mode === 'headers'
    ? { revalidate: Math.min(revalidate, saidRevalidate ?? 0), error: saidError ?? error }
    : {
        revalidate: Math.min(revalidate, saidRevalidate ?? Infinity),
        error: Math.min(error, saidError ?? Infinity),
      };
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

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** A field that is there more than once is no date. */
function dateOf(fields: HeaderFields, name: string, now: number): number | undefined {
  const value = fields.get(name);
  return typeof value === 'string' ? parseHttpDate(value, now) : undefined;
}
