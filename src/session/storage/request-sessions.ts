import type { SessionFields } from '../record/session-record.js';
import type { LoginAttempt } from './session-storage.js';

/** What `SessionService` needs of the sessions of requests that are being answered. Times are in milliseconds. */
export interface RequestSessions {
  /** @throws SerializationError for fields that no session of a request can hold */
  check(fields: SessionFields): void;
  /** The handle of the session that a request came with or has stored; `undefined` = there is none. */
  handle(request: object): string | undefined;
  /**
   * Gives the session of a request a new id, and saves it. For `grace` the old id reads what the session held before.
   *
   * @throws SessionGoneError when the session was ended meanwhile
   */
  rotate(request: object, grace: number): Promise<void>;
  /**
   * Gives the session of a request a new id, or makes one, sets fields, and saves it.
   *
   * @throws SessionGoneError when the session was ended meanwhile, or `attempt` was overtaken
   */
  login(request: object, fields: SessionFields, attempt?: LoginAttempt): Promise<void>;
}
