import type { RedisCommand, RedisConnection, RedisReply } from '../../connection/connection.js';
import { SessionGoneError } from '../../errors.js';
import { newVersion } from '../record/session-ids.js';
import { BEGIN_END, ENTER, ENTER_USER, FORGET, LENGTHEN_USER, OVERDUE_LIFE } from './redis-index-scripts.js';
import { SHARDS, type SessionKeys } from './session-keys.js';
import type { LoginAttempt } from './session-storage.js';

/** An entry of the registry. */
export interface IndexEntry {
  readonly handle: string;
  /** Milliseconds by the clock of Redis, as it was noted: the session may live longer. */
  readonly deadline: number;
}

const BATCH = '500';

/**
 * Which sessions there are: a registry of all, and an index for each user, of handles by their deadlines. An entry is written
 * before its session is, so a session that lives is found here; what is found here may live no more.
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

  /** Notes a later deadline of a session in the registry and, if it is still noted there, in the index of its user. */
  async lengthen({ handle, deadline }: IndexEntry, userKey: string | undefined): Promise<void> {
    const entered = this.enter(handle, deadline, true);
    if (userKey === undefined) return entered;
    const args = [handle, timeText(deadline)];
    await Promise.all([entered, this.#connection.evaluate(LENGTHEN_USER, [this.#keys.user(userKey)], args)]);
  }

  /** Takes a session out, of the index of a user too. */
  async leave(handle: string, ...userKeys: readonly (string | undefined)[]): Promise<void> {
    await this.#remove([this.#keys.registryOf(handle)], handle);
    await this.leaveUser(handle, ...userKeys);
  }

  /** Takes a session out of the indexes of users. */
  async leaveUser(handle: string, ...userKeys: readonly (string | undefined)[]): Promise<void> {
    const users = new Set(userKeys.filter((one) => one !== undefined));
    await this.#remove(
      [...users].map((one) => this.#keys.user(one)),
      handle,
    );
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
    return replies.reduce<number>((sum, reply) => sum + Number(reply), 0);
  }

  /** The sessions of a user, with some of which the time has passed. */
  async ofUser(userKey: string): Promise<string[]> {
    const key = this.#keys.user(userKey);
    const from = timeText(this.#connection.now() - OVERDUE_LIFE);
    return textsOf(await this.#connection.request({ key, args: ['ZRANGEBYSCORE', key, from, '+inf'] }));
  }

  /** Overtakes the logins of a user that have begun, and gives all that is noted of his sessions. */
  async beginEnd(userKey: string): Promise<string[]> {
    return textsOf(await this.#connection.evaluate(BEGIN_END, this.#userKeys(userKey), [newVersion()]));
  }

  /** What stands for the sessions of a user now; empty = nobody has ended all of them lately. */
  async epochOf(userKey: string): Promise<string> {
    const key = this.#keys.epoch(userKey);
    const epoch = await this.#connection.request({ key, args: ['GET', key] });
    return epoch === null ? '' : String(epoch);
  }

  /** Entries of a shard whose deadline has passed, without the first `skip` of them, 500 at most. */
  async overdue(shard: number, skip: number): Promise<IndexEntry[]> {
    const key = this.#keys.registry(shard);
    const now = timeText(this.#connection.now());
    const limit = ['LIMIT', String(skip), BATCH];
    const args = ['ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', ...limit];
    return entriesOf(await this.#connection.request({ key, args }));
  }

  /** The first entries of a shard, 500 at most. */
  first(shard: number): Promise<string[]> {
    return this.#first(this.#keys.registry(shard));
  }

  /** The first entries of a user, 500 at most. */
  firstOf(userKey: string): Promise<string[]> {
    return this.#first(this.#keys.user(userKey));
  }

  /** Walks the sessions of the registry whose time has not passed. One may come twice. */
  async *handles(): AsyncGenerator<string, void, undefined> {
    for (const key of this.#shards()) {
      let cursor = '0';
      do {
        const reply = await this.#connection.request({ key, args: ['ZSCAN', key, cursor, 'COUNT', BATCH] });
        const [next, entries] = reply as readonly [RedisReply, RedisReply];
        cursor = String(next);
        const now = this.#connection.now();
        for (const { handle, deadline } of entriesOf(entries)) if (deadline > now) yield handle;
      } while (cursor !== '0');
    }
  }

  async #first(key: string): Promise<string[]> {
    const args = ['ZRANGEBYSCORE', key, '-inf', '+inf', 'LIMIT', '0', BATCH];
    return textsOf(await this.#connection.request({ key, args }));
  }

  #shards(): string[] {
    return Array.from({ length: SHARDS }, (_, shard) => this.#keys.registry(shard));
  }

  #userKeys(userKey: string): [index: string, epoch: string] {
    return [this.#keys.user(userKey), this.#keys.epoch(userKey)];
  }

  async #remove(keys: readonly string[], handle: string): Promise<void> {
    if (keys.length > 0) await this.#run(keys.map((key) => ({ key, args: ['ZREM', key, handle] })));
  }

  async #run(commands: readonly RedisCommand[]): Promise<RedisReply[]> {
    const replies = await this.#connection.pipeline(commands);
    for (const reply of replies) if (reply instanceof Error) throw reply;
    return replies as RedisReply[];
  }
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
