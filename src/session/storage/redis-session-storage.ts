import type { Clock } from '../../clock.js';
import type { RedisConnection } from '../../connection/connection.js';
import { createSealer } from '../record/sealing.js';
import { handleOf, userKeyOf } from '../record/session-ids.js';
import type { Baseline, SessionDraft, SessionRecord } from '../record/session-record.js';
import { clearSessions } from './clear-sessions.js';
import { DualSessionStorage } from './dual-session-storage.js';
import { LegacySessionWrites } from './legacy-session-writes.js';
import { LegacySessions, type LegacySession } from './legacy-sessions.js';
import { LiveSessions, type StorageContext } from './live-sessions.js';
import type { ManagedSessionStorage } from './managed-session-storage.js';
import { RedisSessionIndex } from './redis-session-index.js';
import { RedisSessionRecords } from './redis-session-records.js';
import type { ResolvedSessionStorage } from './resolve-storage-options.js';
import type { SessionEvent } from './session-event.js';
import { SessionKeys } from './session-keys.js';
import { rotateSession } from './session-rotation.js';
import type { Creation, EndReason, LoginAttempt, ReplaceOutcome, WriteOutcome } from './session-storage.js';
import { SessionSweeper } from './session-sweeper.js';
import { SessionWrites } from './session-writes.js';
import { settled } from './settled.js';
import { UserSessions } from './user-sessions.js';

export type { ManagedSessionStorage };

/** How long a session may stand in both formats while it is moved, in milliseconds. */
const LONGEST_MOVE = 10_000;
const MOVE_TRIES = 8;

/** A session of connect-redis that is moved. */
interface Move {
  readonly id: string;
  readonly handle: string;
  readonly found: LegacySession;
}

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
  const keys = new SessionKeys(settings.prefix);
  const records = new RedisSessionRecords(connection, settings, createSealer(settings.keys), keys);
  const index = new RedisSessionIndex(connection, keys);
  const context: StorageContext = { connection, settings, keys, records, index, report };
  const ours = new RedisSessionStorage(context, clock, legacy);
  if (legacy === undefined || settings.legacy?.mode !== 'dual') return ours;
  const writes = new LegacySessionWrites({ connection, settings, clock, legacy });
  return new DualSessionStorage({ context, legacy, writes, ours });
}

/** Sessions of which each is a record and stands in indexes. */
class RedisSessionStorage implements ManagedSessionStorage {
  readonly #context: StorageContext;
  readonly #live: LiveSessions;
  readonly #users: UserSessions;
  readonly #writes: SessionWrites;
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
    this.#writes = new SessionWrites(context, this.#live, this.#users);
    this.#sweeper = new SessionSweeper(context, this.#live, clock);
  }

  start(): void {
    this.#sweeper.start();
  }

  close(): Promise<void> {
    return this.#sweeper.close();
  }

  read(id: string): Promise<SessionRecord | undefined> {
    const handle = handleOf(id);
    return this.#legacy === undefined ? this.#live.read(handle) : this.#readEither(id, handle, this.#legacy);
  }

  readHandle(handle: string): Promise<SessionRecord | undefined> {
    return this.#live.read(handle);
  }

  async create(id: string, draft: SessionDraft, creation: Creation = {}): Promise<Baseline | undefined> {
    const userKey = this.#writes.userKeyIn(draft, creation.login);
    const record = { draft, userKey, device: creation.device };
    const baseline = await this.#writes.store(handleOf(id), record, creation.login);
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
    const outcome = await this.#writes.update(handle, draft, baseline, login);
    this.#tellDropped(handle, outcome);
    return outcome;
  }

  async replace(handle: string, draft: SessionDraft, baseline: Baseline): Promise<ReplaceOutcome> {
    const outcome = await this.#writes.replace(handle, draft, baseline);
    this.#tellDropped(handle, outcome);
    return outcome;
  }

  async touch(handle: string, baseline: Baseline): Promise<boolean> {
    const { records, index } = this.#context;
    const { userKey } = baseline;
    const entry = { handle, deadline: records.deadlineFor(baseline) };
    const noting = index.lengthen(entry, userKey).catch(() => true);
    const lives = await records.touch(handle, baseline);
    const noted = await noting;
    if (!lives) await this.#live.settle(handle, userKey);
    else if (!noted) await settled(this.#live.follow(handle));
    return lives;
  }

  isTouchDue(baseline: Baseline): boolean {
    return this.#context.records.isTouchDue(baseline);
  }

  async destroy(id: string, reason: EndReason, baseline?: Baseline): Promise<boolean> {
    const handle = handleOf(id);
    const live = this.#live;
    const ended = await (baseline === undefined ? live.endOld(handle, reason) : live.end(handle, reason));
    // The tombstone is there: what reads it before it is gone cannot move it any more.
    if (this.#legacy === undefined || !(await this.#legacy.remove(id)) || ended) return ended;
    live.tellEnd(handle, reason);
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
          const userKey = this.#writes.userKeyIn(first, attempt);
          const record = { draft: first, userKey, device, origin: { createdAt, absoluteEnd } };
          return this.#writes.store(handleOf(newId), record, attempt, false);
        },
        update: (handle, next, state) => this.#writes.update(handle, next, state),
      },
    );
    if (made?.userKey !== undefined && login !== undefined)
      await this.#writes.limit(made.userKey, handleOf(to));
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

  /** As `read`, where a session may still stand as connect-redis has stored it. */
  async #readEither(id: string, handle: string, legacy: LegacySessions): Promise<SessionRecord | undefined> {
    const { record, replies } = await this.#context.records.readWith(handle, legacy.reads(id));
    const found = legacy.sessionIn(replies);
    if (record === undefined) return found && this.#move({ id, handle, found }, legacy);
    const readable = !('unreadable' in record);
    // What stands beside ours is removed by who moves it, unless he has died.
    const moving = readable && this.#context.connection.now() - record.createdAt < LONGEST_MOVE;
    if (found !== undefined && !moving) await legacy.remove(id);
    return readable ? record : this.#live.read(handle);
  }

  /**
   * Stores a session of connect-redis as ours. Whoever does first, and whoever has ended it, is right. What is written to the old
   * one meanwhile, which processes of `dual` do, is added to ours before the old one goes.
   */
  async #move({ id, handle, found }: Move, legacy: LegacySessions): Promise<SessionRecord | undefined> {
    const { fields, maxAge, left } = found;
    const record = { draft: { fields, maxAge }, userKey: this.#live.userKeyIn({ fields, maxAge }) };
    const baseline = await this.#writes.store(
      handle,
      left === undefined ? record : { ...record, life: left },
    );
    if (baseline === undefined) {
      const there = await this.#live.read(handle);
      if (there === undefined) await legacy.remove(id);
      return there;
    }
    let last: LegacySession | undefined = found;
    for (let tries = 0; last !== undefined && tries < MOVE_TRIES; tries++) {
      last = await legacy.removeAsRead(id, last);
      if (last !== undefined) await this.#writes.update(handle, last, baseline);
    }
    return this.#live.read(handle);
  }

  #tellDropped(handle: string, outcome: WriteOutcome | ReplaceOutcome): void {
    if (outcome === 'gone' || outcome === 'frozen')
      this.#context.report({ type: 'dropped', handle, reason: outcome });
  }
}
