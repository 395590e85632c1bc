import type { SessionNotice } from '../../di/session-notice.js';
import type { SessionFields } from '../record/session-record.js';
import type { LoginAttempt } from '../storage/session-storage.js';

/** The session of a request that is being answered. */
export interface ServedSession {
  readonly notice: SessionNotice;
  /** Whether somebody has read the session. */
  readonly wasRead: boolean;
  /** The Set-Cookie field that is due, once `commit` has ended; `undefined` = none. */
  readonly cookie: string | undefined;
  /** Whether something could not be done since Redis was away: a client that is told so may ask again. */
  readonly hasFailed: boolean;
  /** The handle of the session, if it is stored. */
  readonly handle: string | undefined;
  /**
   * Stores what is to be stored before the head of the response goes out. `undefined` = nothing is, or it has been done: the
   * response goes on at once. Rejects with what filters are to see.
   */
  commit(): Promise<void> | undefined;
  rotate(grace: number): Promise<void>;
  login(fields: SessionFields, attempt?: LoginAttempt): Promise<void>;
}
