// The cookies of express-session count their age anew from the clock with each request, and lose a moment each time.
const DRIFT = 1_000;
/** Of short idle times: a change by more than this part is one. */
const SHARE = 0.1;

/**
 * A session's own idle time, as `Baseline.maxAge` has it, from what its cookie says: milliseconds, or `null` and what is no number
 * = until the browser ends; `undefined` = it says nothing. `ttl` = what the options say, `before` = what the session had.
 *
 * What is the same but for the drift of a cookie that counts anew is the same: `before` stays. Where it is that of the options by
 * now, it is no own one.
 */
export function ownIdleTime(
  said: unknown,
  ttl: number | null,
  before?: number | null,
): number | null | undefined {
  if (said === undefined) return before;
  const idle = typeof said === 'number' && Number.isFinite(said) ? Math.round(said) : null;
  if (isSame(idle, before === undefined ? ttl : before)) return before;
  return isSame(idle, ttl) ? undefined : idle;
}

function isSame(idle: number | null, known: number | null): boolean {
  if (idle === null || known === null) return idle === known;
  return Math.abs(idle - known) <= Math.min(DRIFT, known * SHARE);
}
