import type { Moment } from '../moment.js';

/** What a request does with its session, once it has been given it. */
export type VisitOperation = 'read' | 'write' | 'rotate' | 'login' | 'regenerate' | 'logout' | 'end all';

/** What those do that store a number: all but reading and ending. */
export const WRITING: readonly VisitOperation[] = ['write', 'rotate', 'login', 'regenerate'];

/** What gives a session another id. */
export const RENEWING: readonly VisitOperation[] = ['rotate', 'login'];

/** What a session of a history holds. */
export interface VisitFields {
  /** Who has begun the session, and when: another one for each session. */
  readonly owner?: string;
  /** Who is signed in. */
  readonly user?: string;
  /** By the name of a tab, the last number that it has written. Only that tab writes there, each number once, growing. */
  readonly [tab: string]: string | number | undefined;
}

/** One request of a browser, and what came of it. */
export interface Visit {
  readonly person: string;
  readonly tab: string;
  readonly host: string;
  readonly operation: VisitOperation;
  readonly start: Moment;
  readonly end: Moment;
  /** The id that it came with. */
  readonly sent?: string | undefined;
  /** The id that the browser was told. */
  readonly told?: string | undefined;
  /** 0 = the connection broke. */
  readonly status: number;
  /** What the session held when a handler was given it, whatever was answered. Absent where none was called. */
  readonly held?: VisitFields | undefined;
  /** The number that it was to store in the field of its tab. */
  readonly number?: number | undefined;
  /** For how long the former id reads what the session held, in milliseconds. */
  readonly grace?: number | undefined;
}
