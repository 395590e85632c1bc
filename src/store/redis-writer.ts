import type { Clock } from '../clock.js';
import type { EncodedValue } from '../codec/codec.js';
import { sealEntry } from '../codec/envelope.js';
import type { RedisCommand, RedisConnection, RedisReply } from '../connection/connection.js';
import { RedisCacheError } from '../errors.js';
import type { Generations } from './redis-generations.js';

/** An encoded value on its way to a Redis key. */
export interface EntryWrite {
  readonly key: string;
  readonly encoded: EncodedValue;
  readonly ttl: number | null;
  /** Asked before each time it is sent; absent = it is wanted. */
  readonly wanted: (() => boolean) | undefined;
}

interface Waiting {
  readonly writes: readonly EntryWrite[];
  readonly resolve: (written: boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes of one pipeline: a longer one would keep other callers of the connection waiting. */
const PIPELINE_WRITES = 128;
/** How often a write is sent because another process cleared the cache meanwhile. */
const ATTEMPTS = 8;
/** Its continuations run at the end of this turn, as those of `queueMicrotask`, which makes an object for each. */
const THIS_TURN = Promise.resolve();

/**
 * Writes the entries of one key space. All writes of one turn of the event loop go out together.
 *
 * They carry the generations that are known, and the current ones are read behind them in the same pipeline. If those
 * differ, the cache was cleared before: what was written is invalid, and is written again. No script, so that entries of
 * any slot go together.
 */
export class RedisWriter {
  readonly #connection: RedisConnection;
  readonly #generations: Generations;
  readonly #clock: Clock;
  readonly #flush = (): void => this.flush();
  #waiting: Waiting[] = [];

  constructor(connection: RedisConnection, generations: Generations, clock: Clock) {
    this.#connection = connection;
    this.#generations = generations;
    this.#clock = clock;
  }

  /**
   * Writes entries and says which of them were still wanted. One round trip per 128 writes of this turn, one more where the
   * generations are not known yet.
   *
   * @throws Error the server's, if it refuses one of them; the others may be written
   */
  write(writes: readonly EntryWrite[]): Promise<boolean[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ writes, resolve, reject }) === 1) void THIS_TURN.then(this.#flush);
    });
  }

  /**
   * Runs `attempt` with the generations that are known, again with newer ones while it says that they have changed.
   *
   * @throws RedisCacheError `REDIS_REFUSED`, when they change each time
   */
  async underGenerations<T>(attempt: (generations: string) => Promise<T | 'changed'>): Promise<T> {
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      const result = await attempt(this.#generations.known ?? (await this.#learn()));
      if (result !== 'changed') return result;
    }
    throw new RedisCacheError(
      'REDIS_REFUSED',
      'The cache was cleared again and again while an entry was written.',
    );
  }

  /** Sends what waits for the end of this turn, so that a command that is sent now comes after it. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    let group: Waiting[] = [];
    let size = 0;
    for (const one of waiting) {
      group.push(one);
      size += one.writes.length;
      if (size < PIPELINE_WRITES) continue;
      void this.#writeGroup(group);
      group = [];
      size = 0;
    }
    if (group.length > 0) void this.#writeGroup(group);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const writes = group.length === 1 ? (group[0] as Waiting).writes : group.flatMap((one) => one.writes);
    try {
      const refused = new Map<EntryWrite, Error>();
      for (let at = 0; at < writes.length; at += PIPELINE_WRITES) {
        const part = writes.length <= PIPELINE_WRITES ? writes : writes.slice(at, at + PIPELINE_WRITES);
        await this.#writeTogether(part, refused);
      }
      for (const { writes: own, resolve, reject } of group) {
        const failed = refused.size === 0 ? undefined : own.find((one) => refused.has(one));
        if (failed === undefined) resolve(own.map(isWanted));
        else reject(refused.get(failed));
      }
    } catch (error) {
      for (const one of group) one.reject(error);
    }
  }

  /** Adds the server's refusals to `refused`. */
  #writeTogether(all: readonly EntryWrite[], refused: Map<EntryWrite, Error>): Promise<unknown> {
    let tries = 0;
    return this.underGenerations(async (generations) => {
      const writes = all.every(isWanted) ? all : all.filter(isWanted);
      if (writes.length === 0) return undefined;
      const createdAt = this.#clock.now();
      const commands = writes.map((one) => setCommand(one, sealEntry(one.encoded, createdAt, generations)));
      commands.push(this.#generations.read());
      const replies = await this.#connection.pipeline(commands);
      const changed = this.#generations.learn(asArray(replies.pop())) !== generations;
      // Cleared each time, so at least once since the write was called: it counts as written before that.
      if (changed && ++tries < ATTEMPTS) return 'changed';
      for (const [index, reply] of replies.entries()) {
        if (reply instanceof Error) refused.set(writes[index] as EntryWrite, reply);
      }
      return undefined;
    });
  }

  /** Reads the generations, and creates those that are missing. One round trip. */
  async #learn(): Promise<string> {
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      const replies = await this.#connection.pipeline([
        ...this.#generations.create(),
        this.#generations.read(),
      ]);
      for (const reply of replies) if (reply instanceof Error) throw reply;
      const known = this.#generations.learn(asArray(replies.at(-1)));
      if (known !== undefined) return known;
    }
    throw new RedisCacheError(
      'REDIS_REFUSED',
      'The generation of the cache is evicted as soon as it is written.',
    );
  }
}

function isWanted({ wanted }: EntryWrite): boolean {
  return wanted === undefined || wanted();
}

function setCommand({ key, ttl }: EntryWrite, entry: string | Buffer): RedisCommand {
  return { key, args: ttl === null ? ['SET', key, entry] : ['SET', key, entry, 'PX', String(ttl)] };
}

function asArray(reply: RedisReply | Error | undefined): readonly RedisReply[] {
  if (reply instanceof Error) throw reply;
  return reply as readonly RedisReply[];
}
