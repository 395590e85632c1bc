import { ownIdleTime } from './record/idle-time.js';
import type { Baseline } from './record/session-record.js';

/** A session's cookie as a store gives it: what is the session's own. Attributes come from whoever serves it. */
export interface StoredCookie {
  /** Idle time in milliseconds; `null` = until the browser ends. */
  readonly originalMaxAge: number | null;
  /** When the session ends if nobody asks again, by the clock of this machine; `null` = not by itself. */
  readonly expires: Date | null;
}

/** What the age of a cookie is read from. */
interface AgeContext {
  /** The idle time that the options say. */
  readonly ttl: number | null;
  readonly baseline: Baseline | undefined;
  /** By the clock of this machine. */
  readonly now: number;
}

/** The own idle time of a session, from the cookie of a session object, as `Baseline.maxAge` has it. */
export function maxAgeOf(cookie: unknown, { ttl, baseline, now }: AgeContext): number | null | undefined {
  return ownIdleTime(saidBy(cookie, now), ttl, baseline?.maxAge);
}

/** The cookie of a session that was read. `left` = the milliseconds that it has left. */
export function storedCookie(age: number | null, left: number, now: number): StoredCookie {
  if (age === null) return { originalMaxAge: null, expires: null };
  return { originalMaxAge: age, expires: new Date(now + left) };
}

/** What a cookie says; `undefined` = nothing. */
function saidBy(cookie: unknown, now: number): unknown {
  if (typeof cookie !== 'object' || cookie === null) return undefined;
  const { originalMaxAge, maxAge, expires } = cookie as Readonly<Record<string, unknown>>;
  for (const age of [originalMaxAge, maxAge]) if (Number.isFinite(age)) return age;
  if (expires instanceof Date || typeof expires === 'string') {
    const end = new Date(expires).getTime();
    if (Number.isFinite(end)) return end - now;
  }
  return originalMaxAge === undefined && maxAge === undefined && expires === undefined ? undefined : null;
}
