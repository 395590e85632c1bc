import type { RedisConnection, RedisReply } from '../../connection/connection.js';
import { InvalidOptionsError } from '../../errors.js';
import { parseHeader } from '../record/session-header.js';
import { userKeyOf } from '../record/session-ids.js';
import type { SessionDraft, SessionRecord } from '../record/session-record.js';
import type { UnreadableRecord } from '../record/stored-record.js';
import type { RedisSessionIndex } from './redis-session-index.js';
import type { EndedRecord, RedisSessionRecords } from './redis-session-records.js';
import type { ResolvedSessionStorage } from './resolve-storage-options.js';
import type { SessionEvent } from './session-event.js';
import type { SessionKeys } from './session-keys.js';
import type { EndReason } from './session-storage.js';

/** What the parts of a storage share. */
export interface StorageContext {
  readonly connection: RedisConnection;
  readonly settings: ResolvedSessionStorage;
  readonly keys: SessionKeys;
  readonly records: RedisSessionRecords;
  readonly index: RedisSessionIndex;
  readonly report: (event: SessionEvent) => void;
}

/** What stands at the key of a session. */
export interface SessionLife {
  /** `foreign` = a key of another type, which is no session. */
  readonly state: 'none' | 'ended' | 'rotated' | 'live' | 'foreign';
  readonly userKey: string | undefined;
  /** What it has left to live, in milliseconds; -1 = it does not expire. */
  readonly left: number;
}

const PUT_ASIDE_TRIES = 3;
const ROTATIONS = 16;

/** Reads and ends sessions, so that records, indexes and events agree. */
export class LiveSessions {
  readonly #context: StorageContext;

  constructor(context: StorageContext) {
    this.#context = context;
  }

  /** The live session of a handle. One that cannot be read is put aside, told, and counts as none. */
  read(handle: string): Promise<SessionRecord | undefined> {
    return this.#context.records
      .read(handle)
      .then((record) =>
        record === undefined || !('unreadable' in record) ? record : this.#putAside(record, PUT_ASIDE_TRIES),
      );
  }

  /**
   * Ends a session, and what it was rotated to, which is the same session under the id that it has by now. Not that of `except`.
   * False = there was none.
   */
  async end(handle: string, reason: EndReason, except?: string): Promise<boolean> {
    let next: string | undefined = handle;
    let found = false;
    for (let hops = 0; next !== undefined && next !== except && hops < ROTATIONS; hops++) {
      const ended = await this.#endOne(next, reason);
      if (ended === undefined) break;
      found ||= ended.rotatedTo === undefined;
      next = ended.rotatedTo;
    }
    return found;
  }

  /** Ends what an id reads, and leaves alone what it was rotated to. False = there was no session, or it has another id. */
  async endOld(handle: string, reason: EndReason): Promise<boolean> {
    const ended = await this.#endOne(handle, reason);
    return ended !== undefined && ended.rotatedTo === undefined;
  }

  /** What stands for the user of a draft; `undefined` = nobody is signed in, or nobody says who is. */
  userKeyIn(draft: SessionDraft): string | undefined {
    const user = this.#userOf(draft);
    if (user === undefined || user === null || user === '') return undefined;
    if (typeof user === 'string') return userKeyOf(user);
    throw new InvalidOptionsError(
      'session.userId',
      `must give a string or undefined, and gives a ${typeof user}`,
    );
  }

  #userOf(draft: SessionDraft): unknown {
    const { userId } = this.#context.settings;
    try {
      // Its fields may have to be made for this.
      return userId && userId(draft.fields);
    } catch (error) {
      throw Object.assign(new InvalidOptionsError('session.userId', 'must not throw'), { cause: error });
    }
  }

  /** What stands at the keys of sessions. One round trip. */
  async livesOf(handles: readonly string[]): Promise<SessionLife[]> {
    const { connection, keys } = this.#context;
    const commands = handles.flatMap((handle) => {
      const key = keys.session(handle);
      return [
        { key, args: ['HMGET', key, 'x', 'g', 'h'] },
        { key, args: ['PTTL', key] },
      ];
    });
    const replies = await connection.pipeline(commands);
    return handles.map((_, at) => lifeOf(replies[2 * at], replies[2 * at + 1]));
  }

  /** Notes how long a session lives for whoever is its user by now, also where his index was lost. */
  async follow(handle: string): Promise<void> {
    const { connection, index } = this.#context;
    const [life] = await this.livesOf([handle]);
    if (life?.state !== 'live' || life.left < 0) return;
    const entry = { handle, deadline: connection.now() + life.left };
    const noted = await index.lengthen(entry, life.userKey);
    if (!noted && life.userKey !== undefined) await index.enterUser(life.userKey, entry);
  }

  /**
   * Makes the indexes right again after a session was noted in them that turned out to be gone. One whose time has passed is left
   * as overdue, so that it is told.
   */
  async settle(handle: string, ...userKeys: readonly (string | undefined)[]): Promise<void> {
    const { connection, index } = this.#context;
    const [life] = await this.livesOf([handle]);
    if (life?.state === 'live') return index.enter(handle, connection.now() + Math.max(0, life.left), true);
    if (life?.state === 'none') await index.enter(handle, connection.now() - 1, true);
    else await index.leave(handle);
    await index.leaveUser(handle, ...userKeys);
  }

  /** Tells that a session was ended. */
  tellEnd(handle: string, reason: EndReason): void {
    const { report } = this.#context;
    if (reason === 'logout') report({ type: 'destroyed', handle, reason });
    else report({ type: 'revoked', handle, reason });
  }

  async #putAside(found: UnreadableRecord, tries: number): Promise<SessionRecord | undefined> {
    const { records, index, report } = this.#context;
    if (await records.putAside(found)) {
      report({ type: 'corrupt', handle: found.handle });
      await index.leave(found.handle);
      return undefined;
    }
    // What was written over it meanwhile may be readable.
    const record = await records.read(found.handle);
    if (record === undefined || !('unreadable' in record)) return record;
    return tries > 1 ? this.#putAside(record, tries - 1) : undefined;
  }

  async #endOne(handle: string, reason: EndReason): Promise<EndedRecord | undefined> {
    const ended = await this.#context.records.destroy(handle);
    if (ended === undefined) return undefined;
    if (ended.rotatedTo === undefined) this.tellEnd(handle, reason);
    await this.#leave(handle, ended.userKey);
    return ended;
  }

  async #leave(handle: string, userKey: string | undefined): Promise<void> {
    try {
      await this.#context.index.leave(handle, userKey);
    } catch {
      // The session is ended. Who looks it up finds none, and its entries go when their time has passed.
    }
  }
}

function lifeOf(marks: RedisReply | Error | undefined, pttl: RedisReply | Error | undefined): SessionLife {
  if (pttl instanceof Error) throw pttl;
  const left = Number(pttl);
  if (marks instanceof Error) {
    if (marks.message.startsWith('WRONGTYPE')) return { state: 'foreign', userKey: undefined, left };
    throw marks;
  }
  const [ended, rotated, header] = marks as readonly RedisReply[];
  const userKey = parseHeader(String(header))?.userKey;
  if (left === -2) return { state: 'none', userKey: undefined, left };
  if (ended !== null) return { state: 'ended', userKey, left };
  return { state: rotated === null ? 'live' : 'rotated', userKey, left };
}
