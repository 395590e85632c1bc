/** What a session holds: its top-level fields. JSON only; `undefined` is not there. */
export type SessionFields = Readonly<Record<string, unknown>>;

/**
 * The state of a session as somebody has read it, which tells what he has changed since, and whether others have. After a write
 * of his own it is the state that he has written.
 */
export interface Baseline {
  /** The nonce of the write that made it; empty = what is stored holds changes of others that are not in `text`. */
  version: string;
  /** All fields as one JSON text, by `fieldsText`. */
  text: string;
  /** A session's own idle time in milliseconds, `null` = until the browser ends, `undefined` = as the options say. */
  maxAge: number | null | undefined;
  /** When the session ends if nobody asks again, milliseconds by the clock of Redis. */
  deadline: number;
  /** When it ends however often it is used; `Infinity` = never. */
  readonly absoluteEnd: number;
  /** What stands for its user in keys; `undefined` = nobody is signed in. */
  userKey: string | undefined;
  /** What writes may have changed that were not answered: it differs from what is stored, as far as is known. */
  unsure?: UnsureChanges | undefined;
}

/** What writes may have changed whose answers were lost. The next write stores it, be it as it was before them or not. */
export interface UnsureChanges {
  /** The names of fields. */
  readonly fields: ReadonlySet<string>;
  /** Whose the session may have become, as `Baseline.userKey`. */
  readonly userKeys: ReadonlySet<string | undefined>;
  /** Whether its own idle time may be another one. */
  readonly maxAge: boolean;
}

/** Where a session was begun. */
export interface SessionDevice {
  /** The user agent, 256 characters at most. */
  readonly userAgent: string | undefined;
  /** An HMAC of the address: equal for equal ones, and tells nothing else. */
  readonly address: string | undefined;
}

/** A live session, as Redis has it. Times are milliseconds since the epoch by the clock of Redis. */
export interface SessionRecord {
  /** SHA-256 of the id, in base64url: names a session without giving it away. */
  readonly handle: string;
  readonly fields: SessionFields;
  readonly baseline: Baseline;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** When it ends however often it is used; `undefined` = never. */
  readonly absoluteEnd: number | undefined;
  /** What stands for its user in keys; `undefined` = nobody is signed in. */
  readonly userKey: string | undefined;
  readonly device: SessionDevice | undefined;
  /** What the old id of a rotated session reads for a while: nothing is written to it. */
  readonly frozen: boolean;
}

/** What is to be stored of a session. */
export interface SessionDraft {
  readonly fields: SessionFields;
  /** As `Baseline.maxAge`. */
  readonly maxAge: number | null | undefined;
  /** The fields by `fieldTexts`, where somebody has made these texts already. */
  readonly texts?: ReadonlyMap<string, string> | undefined;
}
