import type { Clock } from '../../clock.js';
import type { RedisConnection } from '../../connection/connection.js';
import { InvalidOptionsError, RedisUnavailableError } from '../../errors.js';
import { createSealer } from '../record/sealing.js';
import { handleOf, userKeyOf } from '../record/session-ids.js';
import { ownMaxAge } from '../record/session-life.js';
import type { Baseline, SessionDraft, SessionRecord } from '../record/session-record.js';
import { clearSessions } from './clear-sessions.js';
import { LegacySessions, type LegacySession } from './legacy-sessions.js';
import { LiveSessions, type StorageContext } from './live-sessions.js';
import type { ManagedSessionStorage } from './managed-session-storage.js';
import { RedisDualSessions } from './redis-dual-sessions.js';
import { RedisSessionIndex } from './redis-session-index.js';
import { RedisSessionRecords, type NewRecord } from './redis-session-records.js';
import type { ResolvedSessionStorage } from './resolve-storage-options.js';
import type { SessionEvent } from './session-event.js';
import { SessionKeys } from './session-keys.js';
import { rotateSession } from './session-rotation.js';
import type { Creation, EndReason, LoginAttempt, WriteOutcome } from './session-storage.js';
import { SessionSweeper } from './session-sweeper.js';
import { UserSessions } from './user-sessions.js';

export type { ManagedSessionStorage };

/** What a storage of sessions is made of. */
export interface SessionStorageParts {
  readonly connection: RedisConnection;
  readonly settings: ResolvedSessionStorage;
  readonly clock: Clock;
  /** Takes what becomes of sessions; must not throw. */
  readonly report: (event: SessionEvent) => void;
}

/** Sessions in Redis. */
export function redisSessionStorage(parts: SessionStorageParts): ManagedSessionStorage {
  const { connection, settings, clock, report } = parts;
  const legacy = settings.legacy && new LegacySessions(connection, settings.legacy, settings.ttl);
  if (legacy !== undefined && settings.legacy?.mode === 'dual') {
    return new RedisDualSessions({ connection, settings, clock, report, legacy });
  }
  const keys = new SessionKeys(settings.prefix);
  const records = new RedisSessionRecords(connection, settings, createSealer(settings.keys), keys);
  const index = new RedisSessionIndex(connection, keys);
  return new RedisSessionStorage({ connection, settings, keys, records, index, report }, clock, legacy);
}

/**
 * Writes an entry of the index before the session that it is of: in the same turn of the event loop, so that both take one round
 * trip, but for a session that gets a user. That one waits until it is noted: whoever ends all sessions of the user finds it.
 */
class RedisSessionStorage implements ManagedSessionStorage {
  readonly #context: StorageContext;
  readonly #live: LiveSessions;
  readonly #users: UserSessions;
  readonly #sweeper: SessionSweeper;
  readonly #clock: Clock;
  readonly #legacy: LegacySessions | undefined;

  /** `legacy`: sessions that are moved here when they are asked for. */
  constructor(context: StorageContext, clock: Clock, legacy?: LegacySessions) {
    this.#context = context;
    this.#clock = clock;
    this.#legacy = legacy;
    this.#live = new LiveSessions(context);
    this.#users = new UserSessions(context, this.#live);
    this.#sweeper = new SessionSweeper(context, this.#live, clock);
  }

  start(): void {
    this.#sweeper.start();
  }

  close(): Promise<void> {
    return this.#sweeper.close();
  }

  async read(id: string): Promise<SessionRecord | undefined> {
    const handle = handleOf(id);
    if (this.#legacy === undefined) return this.#live.read(handle);
    const { record, replies } = await this.#context.records.readWith(handle, this.#legacy.reads(id));
    const found = this.#legacy.sessionIn(replies);
    if (found === undefined && record !== undefined && !('unreadable' in record)) return record;
    if (record === undefined && found !== undefined) await this.#move(handle, found);
    // What stands there beside ours was moved before.
    if (found !== undefined) await this.#legacy.remove(id);
    return record === undefined && found === undefined ? undefined : this.#live.read(handle);
  }

  readHandle(handle: string): Promise<SessionRecord | undefined> {
    return this.#live.read(handle);
  }

  async create(id: string, draft: SessionDraft, creation: Creation = {}): Promise<Baseline | undefined> {
    const userKey = this.#userKeyIn(draft, creation.login);
    const record = { draft, userKey, device: creation.device };
    const baseline = await this.#store(handleOf(id), record, creation.login);
    if (baseline === undefined) return undefined;
    this.#context.report({ type: 'created', handle: handleOf(id) });
    return baseline;
  }

  async update(
    handle: string,
    draft: SessionDraft,
    baseline: Baseline,
    login?: LoginAttempt,
  ): Promise<WriteOutcome> {
    const outcome = await this.#write(handle, draft, baseline, login);
    if (outcome === 'gone' || outcome === 'frozen')
      this.#context.report({ type: 'dropped', handle, reason: outcome });
    return outcome;
  }

  async touch(handle: string, baseline: Baseline): Promise<boolean> {
    const { records, index } = this.#context;
    const { userKey } = baseline;
    const entry = { handle, deadline: records.deadlineFor(baseline) };
    const noted = settled(index.lengthen(entry, userKey));
    const lives = await records.touch(handle, baseline);
    await noted;
    if (!lives) await this.#live.settle(handle, userKey);
    return lives;
  }

  isTouchDue(baseline: Baseline): boolean {
    return this.#context.records.isTouchDue(baseline);
  }

  async destroy(id: string, reason: EndReason): Promise<boolean> {
    const handle = handleOf(id);
    const ended = await this.#live.end(handle, reason);
    // The tombstone is there: what reads it before it is gone cannot move it any more.
    if (this.#legacy === undefined || !(await this.#legacy.remove(id)) || ended) return ended;
    this.#live.tellEnd(handle, reason);
    return true;
  }

  destroyHandle(handle: string, reason: EndReason): Promise<boolean> {
    return this.#live.end(handle, reason);
  }

  async rotate(
    id: string,
    to: string,
    draft: SessionDraft,
    grace: number,
    login?: LoginAttempt,
    baseline?: Baseline,
  ): Promise<Baseline | undefined> {
    const made = await rotateSession(
      this.#context,
      this.#live,
      { id, to, draft, grace, login, baseline },
      {
        create: (newId, first, { createdAt, absoluteEnd = Infinity, device }, attempt) => {
          const userKey = this.#userKeyIn(first, attempt);
          const record = { draft: first, userKey, device, origin: { createdAt, absoluteEnd } };
          return this.#store(handleOf(newId), record, attempt, false);
        },
        update: (handle, next, state) => this.#write(handle, next, state),
      },
    );
    if (made?.userKey !== undefined && login !== undefined) await this.#limit(made.userKey, handleOf(to));
    return made;
  }

  userKeyOf(userId: string): string {
    return userKeyOf(userId);
  }

  list(userKey: string): Promise<SessionRecord[]> {
    return this.#users.list(userKey);
  }

  count(userKey?: string): Promise<number> {
    return this.#context.index.count(userKey);
  }

  endAll(userKey: string, except?: string): Promise<number> {
    return this.#users.endAll(userKey, except);
  }

  async beginLogin(userKey: string): Promise<LoginAttempt> {
    const at = this.#context.connection.now();
    return { userKey, epoch: await this.#context.index.epochOf(userKey), at };
  }

  handles(): AsyncIterable<string> {
    return this.#context.index.handles();
  }

  clear(): Promise<void> {
    return clearSessions(this.#context, this.#live, this.#clock);
  }

  /** Stores a session of connect-redis as ours. Whoever does first, and whoever has ended it, is right. */
  async #move(handle: string, { fields, maxAge, left }: LegacySession): Promise<void> {
    const record = { draft: { fields, maxAge }, userKey: this.#live.userKeyIn(fields) };
    await this.#store(handle, left === undefined ? record : { ...record, life: left });
  }

  async #store(
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
      throw failure.error;
    }
    if (userKey !== undefined && limited) await this.#limit(userKey, handle);
    return baseline;
  }

  /** Stores what changed, the index first. */
  async #write(
    handle: string,
    draft: SessionDraft,
    baseline: Baseline,
    login?: LoginAttempt,
  ): Promise<WriteOutcome> {
    const { records, index, settings } = this.#context;
    const before = baseline.userKey;
    const userKey = this.#userKeyIn(draft, login);
    const maxAge = ownMaxAge(settings, draft.maxAge);
    const lengthen = records.isTouchDue(baseline);
    const moves = lengthen || maxAge !== baseline.maxAge;
    const { absoluteEnd } = baseline;
    const deadline = moves ? records.deadlineFor({ maxAge, absoluteEnd }) : baseline.deadline;
    const enters = userKey !== undefined && (userKey !== before || login !== undefined);
    if (enters) await index.enterUser(userKey, { handle, deadline }, login);
    const noted = moves ? settled(index.lengthen({ handle, deadline }, userKey)) : undefined;
    const outcome = await records.update(handle, { draft, userKey, lengthen }, baseline);
    await noted;
    if (outcome === 'gone' || outcome === 'frozen') {
      if (moves || enters) await settled(this.#live.settle(handle, userKey, before));
    } else {
      if (before !== userKey && before !== undefined) await settled(index.leaveUser(handle, before));
      if (enters) await this.#limit(userKey, handle);
      // Others may have signed somebody in, whose index must not forget it before it ends.
      if (moves && outcome === 'merged') await settled(this.#live.follow(handle));
    }
    return outcome;
  }

  #userKeyIn({ fields }: SessionDraft, login?: LoginAttempt): string | undefined {
    const userKey = this.#live.userKeyIn(fields);
    if (login === undefined || login.userKey === userKey) return userKey;
    throw new InvalidOptionsError('attempt', 'must be of the user that session.userId finds in the fields');
  }

  #firstDeadline({ draft, origin, life }: NewRecord): number {
    const { connection, records, settings } = this.#context;
    const now = connection.now();
    const absoluteEnd = origin?.absoluteEnd ?? now + settings.absoluteTtl;
    if (life !== undefined) return Math.min(now + life, absoluteEnd);
    return records.deadlineFor({ maxAge: ownMaxAge(settings, draft.maxAge), absoluteEnd });
  }

  /** Makes room for a new session. The session is stored, whatever comes of it: the next one makes the room otherwise. */
  async #limit(userKey: string, handle: string): Promise<void> {
    if (this.#context.settings.maxPerUser === Infinity) return;
    await settled(this.#users.limit(userKey, handle));
  }
}

/** What a promise fails with, as a value: what is done beside it comes first. */
function settled(work: Promise<unknown>): Promise<{ readonly error: unknown } | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}
