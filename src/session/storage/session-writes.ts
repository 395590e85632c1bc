import { InvalidOptionsError, RedisUnavailableError } from '../../errors.js';
import { ownMaxAge } from '../record/session-life.js';
import type { Baseline, SessionDraft } from '../record/session-record.js';
import type { LiveSessions, StorageContext } from './live-sessions.js';
import type { RecordChange } from './redis-record-updates.js';
import type { NewRecord } from './redis-session-records.js';
import type { LoginAttempt, ReplaceOutcome, WriteOutcome } from './session-storage.js';
import { settled } from './settled.js';
import type { UserSessions } from './user-sessions.js';

/** A change to a session that exists. */
interface SessionChange {
  readonly handle: string;
  readonly draft: SessionDraft;
  readonly baseline: Baseline;
  readonly login?: LoginAttempt | undefined;
}

/**
 * Writes an entry of the index before the session that it is of: in the same turn of the event loop, so that both take one round
 * trip, but for a session that gets a user. That one waits until it is noted: whoever ends all sessions of the user finds it.
 */
export class SessionWrites {
  readonly #context: StorageContext;
  readonly #live: LiveSessions;
  readonly #users: UserSessions;

  constructor(context: StorageContext, live: LiveSessions, users: UserSessions) {
    this.#context = context;
    this.#live = live;
    this.#users = users;
  }

  /**
   * Stores a new session. `undefined` = its id is taken, or was ended lately. With `limited`, other sessions of its user make room
   * for it.
   */
  async store(
    handle: string,
    record: NewRecord,
    login?: LoginAttempt,
    limited = true,
  ): Promise<Baseline | undefined> {
    const { records, index } = this.#context;
    const { userKey } = record;
    const deadline = this.#firstDeadline(record);
    if (userKey !== undefined) await index.enterUser(userKey, { handle, deadline }, login);
    const noted = settled(index.enter(handle, deadline, false));
    let baseline: Baseline | undefined;
    try {
      baseline = await records.create(handle, record);
    } catch (error) {
      // What was not answered may be stored yet.
      if (!(error instanceof RedisUnavailableError)) await settled(index.leave(handle, userKey));
      throw error;
    }
    const failure = await noted;
    if (baseline === undefined) {
      await this.#live.settle(handle, userKey);
      return undefined;
    }
    if (failure !== undefined) {
      await records.destroy(handle);
      await settled(index.leave(handle, userKey));
      throw failure.error;
    }
    if (userKey !== undefined && limited) await this.limit(userKey, handle);
    return baseline;
  }

  /** Stores what changed. */
  update(
    handle: string,
    draft: SessionDraft,
    baseline: Baseline,
    login?: LoginAttempt,
  ): Promise<WriteOutcome> {
    const { records } = this.#context;
    return this.#write({ handle, draft, baseline, login }, (change) =>
      records.update(handle, change, baseline),
    );
  }

  /** Stores the whole, if nobody has written since `baseline`. */
  replace(handle: string, draft: SessionDraft, baseline: Baseline): Promise<ReplaceOutcome> {
    const { records } = this.#context;
    return this.#write({ handle, draft, baseline }, (change) => records.replace(handle, change, baseline));
  }

  /** What stands for the user of a draft, who must be that of the login. */
  userKeyIn(draft: SessionDraft, login?: LoginAttempt): string | undefined {
    const userKey = this.#live.userKeyIn(draft);
    if (login === undefined || login.userKey === userKey) return userKey;
    throw new InvalidOptionsError('attempt', 'must be of the user that session.userId finds in the fields');
  }

  /** Makes room for a new session. The session is stored, whatever comes of it: the next one makes the room otherwise. */
  async limit(userKey: string, handle: string): Promise<void> {
    if (this.#context.settings.maxPerUser === Infinity) return;
    await settled(this.#users.limit(userKey, handle));
  }

  async #write<Outcome extends WriteOutcome | ReplaceOutcome>(
    change: SessionChange,
    send: (change: RecordChange) => Promise<Outcome>,
  ): Promise<Outcome> {
    const { handle, draft, baseline, login } = change;
    const { records, index, settings } = this.#context;
    // Whose it may be in the index, by this process.
    const before = [baseline.userKey, ...(baseline.unsure?.userKeys ?? [])];
    // Who does not know whose sessions are leaves it to those who do.
    const userKey = settings.userId === undefined ? baseline.userKey : this.userKeyIn(draft, login);
    const maxAge = ownMaxAge(settings, draft.maxAge);
    const lengthen = records.isTouchDue(baseline);
    const moves = lengthen || maxAge !== baseline.maxAge || baseline.unsure?.maxAge === true;
    const { absoluteEnd } = baseline;
    const deadline = moves ? records.deadlineFor({ maxAge, absoluteEnd }) : baseline.deadline;
    const enters = userKey !== undefined && (userKey !== baseline.userKey || login !== undefined);
    if (enters) await index.enterUser(userKey, { handle, deadline }, login);
    const noting = moves ? index.lengthen({ handle, deadline }, userKey).catch(() => true) : true;
    const outcome = await send({ draft, userKey, lengthen });
    const noted = await noting;
    if (outcome === 'gone' || outcome === 'frozen') {
      if (moves || enters) await settled(this.#live.settle(handle, userKey, ...before));
    } else if (outcome !== 'changed') {
      const others = before.filter((one) => one !== userKey && one !== undefined);
      if (others.length > 0) await settled(index.leaveUser(handle, ...others));
      if (enters) await this.limit(userKey, handle);
      // Others may have signed somebody in, whose index must not forget it before it ends.
      if (!noted || (moves && outcome === 'merged')) await settled(this.#live.follow(handle));
    }
    return outcome;
  }

  #firstDeadline({ draft, origin, life }: NewRecord): number {
    const { connection, records, settings } = this.#context;
    const now = connection.now();
    const absoluteEnd = origin?.absoluteEnd ?? now + settings.absoluteTtl;
    if (life !== undefined) return Math.min(now + life, absoluteEnd);
    return records.deadlineFor({ maxAge: ownMaxAge(settings, draft.maxAge), absoluteEnd });
  }
}
