/** What stands in the header of a stored session. Times are milliseconds since the epoch. */
export interface SessionHeader {
  /** The nonce of the last write. */
  readonly version: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** `Infinity` = none. */
  readonly absoluteEnd: number;
  /** What stands for its user in keys; `undefined` = nobody is signed in. */
  readonly userKey: string | undefined;
  /** As `Baseline.maxAge`. */
  readonly maxAge: number | null | undefined;
  /** When it ends if nobody asks again. */
  readonly deadline: number;
}

/** Version, created, seen, absolute end, user, own idle time, whether there are patches, and deadline: as in the scripts. */
const HEADER = /^([\w-]+) (\d{1,16}) (\d{1,16}) (\d{0,16}) ([\w-]*) (-|\d{0,16}) 1? (\d{1,16})$/;
const VERSION = /^([\w-]+) /;

/** Reads a header; `undefined` = it is none. */
export function parseHeader(text: string): SessionHeader | undefined {
  const found = HEADER.exec(text);
  if (found === null) return undefined;
  const [, version = '', created, seen, end, user = '', age = '', deadline] = found;
  return {
    version,
    createdAt: Number(created),
    lastSeenAt: Number(seen),
    absoluteEnd: end === '' ? Infinity : Number(end),
    userKey: user === '' ? undefined : user,
    maxAge: maxAgeIn(age),
    deadline: Number(deadline),
  };
}

/** The nonce in front of what may be no header; empty = there is none. */
export function versionIn(text: string): string {
  return VERSION.exec(text)?.[1] ?? '';
}

/** A session's own idle time as text: empty = as the options say, `-` = until the browser ends. */
export function maxAgeText(maxAge: number | null | undefined): string {
  if (maxAge === undefined) return '';
  return maxAge === null ? '-' : String(maxAge);
}

function maxAgeIn(text: string): number | null | undefined {
  if (text === '') return undefined;
  return text === '-' ? null : Number(text);
}
