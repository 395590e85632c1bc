import type { Baseline, SessionDevice, SessionDraft, SessionRecord } from '../record/session-record.js';

/**
 * What became of a write. `stored`: the session is as the draft says. `merged`: others had written meanwhile, and the changed
 * fields were added to what they wrote. `gone`: there is no such session (any more). `frozen`: it was rotated meanwhile. Of the
 * last two nothing was written.
 */
export type WriteOutcome = 'stored' | 'merged' | 'gone' | 'frozen';

/**
 * What became of a write that only takes place while nobody else has written. `changed`: somebody has, and nothing was written.
 */
export type ReplaceOutcome = 'stored' | 'changed' | 'gone' | 'frozen';

/** Why a session was ended: by its own visitor, by somebody else, or to make room for another one of its user. */
export type EndReason = 'logout' | 'revoked' | 'evicted';

/** A login that has begun. */
export interface LoginAttempt {
  readonly userKey: string;
  /** What stood for the user's sessions when it began. */
  readonly epoch: string;
  /** When it began, by the clock of Redis. */
  readonly at: number;
}

/** What a new session is created with, beside its draft. */
export interface Creation {
  readonly device?: SessionDevice | undefined;
  readonly login?: LoginAttempt | undefined;
}

/**
 * The sessions of one prefix, on one connection. All about one session is under one key, and every write is one script, or two where others write at the same time.
 *
 * Throws `RedisUnavailableError` where Redis does not answer in time, the server's error replies (`OOM …`), and for drafts
 * `SerializationError` and `PayloadTooLargeError`: what was stored stays then.
 */
export interface SessionStorage {
  /**
   * The live session of an id; `undefined` = there is none. One that cannot be read is put aside for an hour, told, and counts
   * as none. One round trip.
   */
  read(id: string): Promise<SessionRecord | undefined>;
  /** As `read`, of a handle. */
  readHandle(handle: string): Promise<SessionRecord | undefined>;
  /**
   * Stores a new session. `undefined` = the id is taken, or a session of that id was ended lately. One round trip, two where
   * it has a user.
   *
   * @throws SessionGoneError for a login that `endAll` has overtaken
   */
  create(id: string, draft: SessionDraft, creation?: Creation): Promise<Baseline | undefined>;
  /**
   * Stores what changed since `baseline`, which then is the state of the draft. Lengthens the session's life where that is due,
   * as `touch` does. One round trip, another one where others have written meanwhile, and one where it gets another user.
   * Throws as `create` does. What a write may have changed that was not answered is noted in `baseline` (`unsure`).
   */
  update(
    handle: string,
    draft: SessionDraft,
    baseline: Baseline,
    login?: LoginAttempt,
  ): Promise<WriteOutcome>;
  /** As `update`, but only while nobody has written since `baseline`. One round trip, two where it gets another user. */
  replace(handle: string, draft: SessionDraft, baseline: Baseline): Promise<ReplaceOutcome>;
  /** Lengthens the life of a session, and writes the new deadline into `baseline`. False = it is gone. One round trip. */
  touch(handle: string, baseline: Baseline): Promise<boolean>;
  /** Whether a session has used up a tenth of its life since it was last lengthened. */
  isTouchDue(baseline: Baseline): boolean;
  /**
   * Ends the session of an id, so that nothing brings it back. One that was rotated lives on under its new id, for who has come with
   * the old one need not be its visitor, unless `baseline` tells that it was read by the old one before. False = there was none.
   */
  destroy(id: string, reason: EndReason, baseline?: Baseline): Promise<boolean>;
  /** Ends the session of a handle, also under the id that it was rotated to. */
  destroyHandle(handle: string, reason: EndReason): Promise<boolean>;
  /**
   * Gives a session a new id. The old one reads for `grace` milliseconds what the session held before, without the fields of its
   * user, and is ended after that. `draft` = what the session holds from now on; what others wrote since `baseline` is added to
   * it. `undefined` = it is gone.
   */
  rotate(
    id: string,
    to: string,
    draft: SessionDraft,
    grace: number,
    login?: LoginAttempt,
    baseline?: Baseline,
  ): Promise<Baseline | undefined>;
  /** What stands for a user in keys. */
  userKeyOf(userId: string): string;
  /** The live sessions of a user, in no order. Two round trips. */
  list(userKey: string): Promise<SessionRecord[]>;
  /** How many sessions live, of one user or of all. One round trip, whatever the number. */
  count(userKey?: string): Promise<number>;
  /** Ends all sessions of a user that exist when it begins, but for one. Gives their number. */
  endAll(userKey: string, except?: string): Promise<number>;
  beginLogin(userKey: string): Promise<LoginAttempt>;
  /** Walks the handles of all live sessions by the registry. One may come twice. */
  handles(): AsyncIterable<string>;
  /** Ends and forgets all sessions of this prefix, and nothing else. */
  clear(): Promise<void>;
}
