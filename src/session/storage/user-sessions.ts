import type { RedisReply } from '../../connection/connection.js';
import { parseHeader } from '../record/session-header.js';
import type { SessionRecord } from '../record/session-record.js';
import type { LiveSessions, StorageContext } from './live-sessions.js';

/** So many at once: other clients of Redis wait for less than a millisecond. */
const BATCH = 50;

/** The sessions of one user together. */
export class UserSessions {
  readonly #context: StorageContext;
  readonly #live: LiveSessions;

  constructor(context: StorageContext, live: LiveSessions) {
    this.#context = context;
    this.#live = live;
  }

  /** The live sessions of a user. What the index has is looked up: it may be gone, or somebody else's. */
  async list(userKey: string): Promise<SessionRecord[]> {
    const { index, settings } = this.#context;
    const handles = settings.allowEviction ? await this.#scan(userKey) : await index.ofUser(userKey);
    const found: SessionRecord[] = [];
    for (let at = 0; at < handles.length; at += BATCH) {
      const batch = handles.slice(at, at + BATCH).map((handle) => this.#live.read(handle));
      for (const record of await Promise.all(batch)) {
        if (record?.userKey === userKey && !record.frozen) found.push(record);
      }
    }
    return found;
  }

  /**
   * Ends what the index has of a user, whosever it is by now: one that is about to become his is not stored as his yet. A session
   * that is rotated meanwhile is ended with the one that takes its place.
   */
  async endAll(userKey: string, except: string | undefined): Promise<number> {
    const { index, settings } = this.#context;
    const handles = new Set(await index.beginEnd(userKey));
    if (settings.allowEviction) for (const handle of await this.#scan(userKey)) handles.add(handle);
    if (except !== undefined) handles.delete(except);
    return this.#endEach([...handles], async (handle) => {
      const ended = await this.#live.end(handle, 'revoked', except);
      // It may stand in the index without being, or being his.
      await index.leaveUser(handle, userKey);
      return ended;
    });
  }

  /**
   * Ends those of a user's sessions that were seen least lately until he has as many as he may, but for the new one. Of logins at
   * once, the one that was seen last makes room for itself: they do not end each other.
   */
  async limit(userKey: string, newest: string): Promise<void> {
    const sessions = (await this.list(userKey)).toSorted(bySight);
    const excess = sessions.length - this.#context.settings.maxPerUser;
    const least = sessions.slice(0, Math.max(0, excess)).map(({ handle }) => handle);
    const others = least.filter((handle) => handle !== newest);
    await this.#endEach(others, (handle) => this.#live.end(handle, 'evicted'));
  }

  async #endEach(handles: readonly string[], end: (handle: string) => Promise<boolean>): Promise<number> {
    let ended = 0;
    for (let at = 0; at < handles.length; at += BATCH) {
      const outcomes = await Promise.all(handles.slice(at, at + BATCH).map(end));
      ended += outcomes.filter(Boolean).length;
    }
    return ended;
  }

  /** Where Redis may evict indexes, only the sessions themselves tell whose they are. */
  async #scan(userKey: string): Promise<string[]> {
    const { connection, keys } = this.#context;
    const found = new Set<string>();
    for await (const batch of connection.scan(keys.sessions)) {
      const commands = batch.map((key) => ({ key, args: ['HGET', key, 'h'] }));
      const headers: readonly (RedisReply | Error)[] = await connection.pipeline(commands);
      for (const [at, header] of headers.entries()) {
        if (!Buffer.isBuffer(header) || parseHeader(String(header))?.userKey !== userKey) continue;
        found.add(keys.handleIn(String(batch[at])));
      }
    }
    return [...found];
  }
}

function bySight(one: SessionRecord, other: SessionRecord): number {
  return one.lastSeenAt - other.lastSeenAt || (one.handle < other.handle ? -1 : 1);
}
