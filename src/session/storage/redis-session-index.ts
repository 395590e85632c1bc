import type { RedisCommand, RedisConnection, RedisReply } from '../../connection/connection.js';
import { SessionGoneError } from '../../errors.js';
import { newVersion } from '../record/session-ids.js';
import {
  BEGIN_END,
  ENTER,
  ENTER_USER,
  FORGET,
  LENGTHEN_USER,
  MAKE_WAY,
  OVERDUE_LIFE,
} from './redis-index-scripts.js';
import { SHARDS, type SessionKey, type SessionKeys } from './session-keys.js';
import type { LoginAttempt } from './session-storage.js';

/** An entry of the registry. */
export interface IndexEntry {
  readonly handle: string;
  /** Milliseconds by the clock of Redis, as it was noted: the session may live longer. */
  readonly deadline: number;
}

/** Overdue entries that are looked at together. */
const BATCH = '100';
/** Entries that a walk has in one batch, about. */
const STEP = '100';
/** The most entries of a user that one reply has. */
const PAGE = 1_000;
const TYPES: ReadonlyMap<SessionKey['kind'] | undefined, string> = new Map([
  ['registry', 'zset'],
  ['user', 'zset'],
  ['epoch', 'string'],
  ['sweep', 'string'],
]);

/**
 * Which sessions there are: a registry of all, and an index for each user, of handles by their deadlines. An entry is written
 * before its session is, so a session that lives is found here; what is found here may live no more.
 *
 * A key of another type has no entries, and makes way for the next one. What it held of sessions comes back as they are lengthened.
 *
 * Throws as `RedisConnection` does.
 */
export class RedisSessionIndex {
  readonly #connection: RedisConnection;
  readonly #keys: SessionKeys;

  constructor(connection: RedisConnection, keys: SessionKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** Notes a session in the registry. `known` = it is there already. */
  async enter(handle: string, deadline: number, known: boolean): Promise<void> {
    const args = [handle, timeText(deadline), known ? '1' : ''];
    await this.#connection.evaluate(ENTER, [this.#keys.registryOf(handle)], args);
  }

  /**
   * Notes a session of a user, and gives the number of his sessions.
   *
   * @throws SessionGoneError when all of his sessions were ended after the login began, or that was too long ago
   */
  async enterUser(userKey: string, entry: IndexEntry, login?: LoginAttempt): Promise<number> {
    const args = [entry.handle, timeText(entry.deadline)];
    args.push(login === undefined ? '' : timeText(login.at), login?.epoch ?? '');
    const count = await this.#connection.evaluate(ENTER_USER, this.#userKeys(userKey), args);
    if (count === -1) throw new SessionGoneError('The login was overtaken, or took too long: begin it anew.');
    return Number(count);
  }

  /**
   * Notes a later deadline of a session in the registry and, if it is still noted there, in the index of its user. False = it is
   * not: it has another user by now, or the index was lost.
   */
  async lengthen({ handle, deadline }: IndexEntry, userKey: string | undefined): Promise<boolean> {
    const entered = this.enter(handle, deadline, true);
    const args = [handle, timeText(deadline)];
    const lengthened =
      userKey === undefined || this.#connection.evaluate(LENGTHEN_USER, [this.#keys.user(userKey)], args);
    const [reply] = await Promise.all([lengthened, entered]);
    return reply === true || reply === 1;
  }

  /** Takes a session out, of the index of a user too. One round trip. */
  async leave(handle: string, ...userKeys: readonly (string | undefined)[]): Promise<void> {
    await this.#remove([this.#keys.registryOf(handle), ...this.#usersOf(userKeys)], [handle]);
  }

  /** Takes a session out of the indexes of users. */
  async leaveUser(handle: string, ...userKeys: readonly (string | undefined)[]): Promise<void> {
    await this.#remove(this.#usersOf(userKeys), [handle]);
  }

  /** Takes sessions out, of the index of a user too. One round trip. */
  async leaveAll(handles: readonly string[], userKey?: string): Promise<void> {
    const byKey = new Map<string, string[]>(
      userKey === undefined ? [] : [[this.#keys.user(userKey), [...handles]]],
    );
    for (const handle of handles) {
      const key = this.#keys.registryOf(handle);
      const others = byKey.get(key);
      if (others === undefined) byKey.set(key, [handle]);
      else others.push(handle);
    }
    await this.#run([...byKey].map(([key, members]) => ({ key, args: ['ZREM', key, ...members] })));
  }

  /** Takes an entry out of the registry if its deadline is as it was, and says whether it was. */
  async forget({ handle, deadline }: IndexEntry): Promise<boolean> {
    const args = [handle, String(deadline)];
    return (await this.#connection.evaluate(FORGET, [this.#keys.registryOf(handle)], args)) === 1;
  }

  /** How many sessions there are, of a user or of all. One round trip. */
  async count(userKey?: string): Promise<number> {
    const now = `(${timeText(this.#connection.now())}`;
    const keys = userKey === undefined ? this.#shards() : [this.#keys.user(userKey)];
    const replies = await this.#run(keys.map((key) => ({ key, args: ['ZCOUNT', key, now, '+inf'] })));
    return replies.reduce<number>((sum, reply) => (typeof reply === 'number' ? sum + reply : sum), 0);
  }

  /** The sessions of a user, with some of which the time has passed. One round trip for each thousand. */
  async ofUser(userKey: string): Promise<string[]> {
    const key = this.#keys.user(userKey);
    const from = this.#connection.now() - OVERDUE_LIFE;
    const args = ['ZRANGEBYSCORE', key, timeText(from), '+inf', 'LIMIT', '0', String(PAGE)];
    return this.#all(userKey, textsOf(await this.#read({ key, args })), from);
  }

  /**
   * Overtakes the logins of a user that have begun, and gives all that is noted of his sessions. One round trip for each
   * thousand.
   */
  async beginEnd(userKey: string): Promise<string[]> {
    const args = [newVersion(), String(PAGE)];
    const first = await this.#connection.evaluate(BEGIN_END, this.#userKeys(userKey), args);
    return this.#all(userKey, textsOf(first), -Infinity);
  }

  /** What stands for the sessions of a user now; empty = nobody has ended all of them lately. */
  async epochOf(userKey: string): Promise<string> {
    const key = this.#keys.epoch(userKey);
    const epoch = await this.#read({ key, args: ['GET', key] });
    return Buffer.isBuffer(epoch) ? epoch.toString() : '';
  }

  /** Entries of a shard whose deadline has passed, without the first `skip` of them, 100 at most. */
  async overdue(shard: number, skip: number): Promise<IndexEntry[]> {
    const key = this.#keys.registry(shard);
    const now = timeText(this.#connection.now());
    const limit = ['LIMIT', String(skip), BATCH];
    const args = ['ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', ...limit];
    return entriesOf(await this.#read({ key, args }));
  }

  /** Walks a shard of the registry in batches. What is noted all the while is among them; some may come twice. */
  walk(shard: number): AsyncGenerator<readonly IndexEntry[], void, undefined> {
    return this.#walk(this.#keys.registry(shard));
  }

  /** Walks the index of a user in the same way. */
  walkUser(userKey: string): AsyncGenerator<readonly IndexEntry[], void, undefined> {
    return this.#walk(this.#keys.user(userKey));
  }

  /** Walks the sessions of the registry whose time has not passed. One may come twice. */
  async *handles(): AsyncGenerator<string, void, undefined> {
    for (let shard = 0; shard < SHARDS; shard++) {
      for await (const entries of this.walk(shard)) {
        const now = this.#connection.now();
        for (const { handle, deadline } of entries) if (deadline > now) yield handle;
      }
    }
  }

  /** Removes those of the keys that are of another type than they should be. */
  async mend(keys: readonly string[]): Promise<void> {
    const mended = keys.map(async (key) => {
      const type = TYPES.get(this.#keys.locate(key)?.kind);
      if (type !== undefined) await this.#connection.evaluate(MAKE_WAY, [key], [type]);
    });
    await Promise.all(mended);
  }

  async *#walk(key: string): AsyncGenerator<readonly IndexEntry[], void, undefined> {
    let cursor = '0';
    do {
      const reply = await this.#read({ key, args: ['ZSCAN', key, cursor, 'COUNT', STEP] });
      const [next = 0, entries = []] = reply as readonly RedisReply[];
      cursor = String(next);
      const found = entriesOf(entries);
      if (found.length > 0) yield found;
    } while (cursor !== '0');
  }

  /** Goes on where the first reply of what is noted of a user was full. */
  async #all(userKey: string, first: string[], from: number): Promise<string[]> {
    if (first.length < PAGE) return first;
    const found = new Set(first);
    for await (const entries of this.walkUser(userKey)) {
      for (const { handle, deadline } of entries) if (deadline >= from) found.add(handle);
    }
    return [...found];
  }

  #shards(): string[] {
    return Array.from({ length: SHARDS }, (_, shard) => this.#keys.registry(shard));
  }

  #userKeys(userKey: string): [index: string, epoch: string] {
    return [this.#keys.user(userKey), this.#keys.epoch(userKey)];
  }

  #usersOf(userKeys: readonly (string | undefined)[]): string[] {
    return [...new Set(userKeys.filter((one) => one !== undefined))].map((one) => this.#keys.user(one));
  }

  async #remove(keys: readonly string[], handles: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#run(keys.map((key) => ({ key, args: ['ZREM', key, ...handles] })));
  }

  async #run(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    const replies = await this.#connection.pipeline(commands);
    return replies.map((reply) => (reply instanceof Error ? nothingIfForeign(reply) : reply));
  }

  #read(command: RedisCommand): Promise<RedisReply> {
    return this.#connection.request(command).catch(nothingIfForeign);
  }
}

/** What there is in a key of another type. */
function nothingIfForeign(error: unknown): readonly [] {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return [];
  throw error;
}

function textsOf(reply: RedisReply): string[] {
  return (reply as readonly RedisReply[]).map(String);
}

/** RESP 2 has handles and deadlines in one list, RESP 3 in pairs. */
function entriesOf(reply: RedisReply): IndexEntry[] {
  const texts = textsOf((reply as readonly RedisReply[]).flat());
  const entries: IndexEntry[] = [];
  for (let at = 0; at + 1 < texts.length; at += 2) {
    entries.push({ handle: texts[at] as string, deadline: Number(texts[at + 1]) });
  }
  return entries;
}

function timeText(time: number): string {
  return String(Math.round(time));
}
