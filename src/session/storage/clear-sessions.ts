import type { Clock } from '../../clock.js';
import type { RedisReply } from '../../connection/connection.js';
import { RedisUnavailableError } from '../../errors.js';
import type { LiveSessions, StorageContext } from './live-sessions.js';
import { SHARDS } from './session-keys.js';

/** Sessions that are ended together. */
const STEP = 50;
/** Keys that are looked at in the time in which one session is ended. */
const LOOKS = 10;
/** Between two steps, in milliseconds: the other clients of the server are to be served meanwhile. */
const PAUSE = 2;
/** How often it goes on after a call that was not answered in time, and after what time. */
const TRIES = 10;
const RECOVERY = 1_000;

/**
 * Ends all sessions of a prefix, those that the registry has first, then what SCAN still finds: what is lost to the registry, is
 * noted without being a session, was put aside, or is of a wrong type. Tombstones stay for a minute, so that nothing that is under
 * way comes after it, and so does what keeps logins from being late. What begins meanwhile is ended or stays as it is, with its
 * entries.
 *
 * It goes in small steps and rests after each, and each part of it ends: nobody can begin sessions as fast as to keep it going.
 * Of the thousands of calls that it may take, one may be late: it goes on then, as long as it gets anywhere.
 */
export async function clearSessions(
  context: StorageContext,
  live: LiveSessions,
  clock: Clock,
): Promise<void> {
  const clearing = new Clearing(context, live, clock);
  for (let tries = 1; ; tries++) {
    const before = clearing.done;
    try {
      return await clearing.run();
    } catch (error) {
      const isLate = error instanceof RedisUnavailableError && clearing.done > before;
      if (!isLate || tries === TRIES) throw error;
      await clearing.pause(RECOVERY);
    }
  }
}

class Clearing {
  readonly #context: StorageContext;
  readonly #live: LiveSessions;
  readonly #clock: Clock;
  #done = 0;
  #atRest = 0;

  constructor(context: StorageContext, live: LiveSessions, clock: Clock) {
    this.#context = context;
    this.#live = live;
    this.#clock = clock;
  }

  /** How much was done, in sessions. */
  get done(): number {
    return this.#done;
  }

  async run(): Promise<void> {
    const { connection, index, keys } = this.#context;
    for (let shard = 0; shard < SHARDS; shard++) {
      for await (const entries of index.walk(shard)) await this.#end(entries.map(({ handle }) => handle));
    }
    for await (const batch of connection.scan(keys.everything)) await this.#endFound(batch.map(String));
  }

  async pause(length: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#clock.schedule(length, resolve, true));
  }

  /** Ends sessions that an index has, and takes them out there: whatever else stands in it, too. */
  async #end(handles: readonly string[], userKey?: string): Promise<void> {
    for (let at = 0; at < handles.length; at += STEP) {
      const some = handles.slice(at, at + STEP);
      await Promise.all(some.map((handle) => this.#live.end(handle, 'revoked')));
      await this.#context.index.leaveAll(some, userKey);
      await this.#rest(some.length);
    }
  }

  /** Ends what stands at keys. Those of other prefixes stay as they are. */
  async #endFound(found: readonly string[]): Promise<void> {
    const { connection, index, keys } = this.#context;
    const ours = found.flatMap((key) => {
      const known = keys.locate(key);
      return known === undefined ? [] : [{ key, ...known }];
    });
    const sessions = ours.filter(({ kind }) => kind === 'session').map(({ of }) => of);
    await this.#end(await this.#withoutEnded(sessions));
    for (const { kind, of } of ours) {
      if (kind !== 'user') continue;
      // Not by its key: a session that begins at this moment may be noted there.
      for await (const entries of index.walkUser(of)) {
        await this.#end(
          entries.map(({ handle }) => handle),
          of,
        );
      }
    }
    const aside = ours.filter(({ kind }) => kind === 'unreadable');
    await connection.pipeline(aside.map(({ key }) => ({ key, args: ['UNLINK', key] })));
    await index.mend(ours.map(({ key }) => key));
    await this.#rest(found.length / LOOKS);
  }

  /** Most of what SCAN finds are tombstones of those that have just been ended, and lead to no other session. */
  async #withoutEnded(handles: readonly string[]): Promise<string[]> {
    const { connection, keys } = this.#context;
    const commands = handles.map((handle) => {
      const key = keys.session(handle);
      return { key, args: ['HMGET', key, 'x', 'g'] };
    });
    const marks = await connection.pipeline(commands);
    return handles.filter((_, at) => {
      const mark = marks[at];
      if (!Array.isArray(mark)) return true;
      const [ended, rotatedTo] = mark as readonly RedisReply[];
      return ended === null || rotatedTo !== null;
    });
  }

  async #rest(done: number): Promise<void> {
    this.#done += done;
    if (this.#done - this.#atRest < STEP) return;
    this.#atRest = this.#done;
    await this.pause(PAUSE);
  }
}
