/** How long sessions live. Times are in milliseconds. */
export interface LifeSettings {
  /** How long one lives without being used; `null` = until the browser ends. */
  readonly ttl: number | null;
  /** How long one lives however often it is used; `Infinity` = no limit. */
  readonly absoluteTtl: number;
}

const DAY = 86_400_000;
/** A hundred years: what Redis can add to any time. */
const LONGEST = 36_525 * DAY;
/** Life is lengthened when at least this part of it is gained. */
const WORTHWHILE = 0.1;

/** How long a session lives in Redis without being used. `maxAge` is its own, as in `Baseline`. */
export function idleTtl({ ttl }: LifeSettings, maxAge: number | null | undefined): number {
  return Math.min(Math.max(0, Math.round(maxAge ?? ttl ?? DAY)), LONGEST);
}

/** A session's own idle time as it is to be stored: `undefined` where it is that of the options, or no number. */
export function ownMaxAge(
  settings: LifeSettings,
  maxAge: number | null | undefined,
): number | null | undefined {
  if (maxAge === settings.ttl || Number.isNaN(maxAge)) return undefined;
  return typeof maxAge === 'number' ? idleTtl(settings, maxAge) : maxAge;
}

/** Whether a session that is used at `now` gains at least a tenth of its life by being lengthened. */
export function isTouchDue(
  settings: LifeSettings,
  life: {
    readonly deadline: number;
    readonly absoluteEnd: number;
    readonly maxAge: number | null | undefined;
  },
  now: number,
): boolean {
  const ttl = idleTtl(settings, life.maxAge);
  return Math.min(now + ttl, life.absoluteEnd) - life.deadline >= ttl * WORTHWHILE;
}
