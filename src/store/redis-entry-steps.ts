import { timestampOf } from '../codec/timestamp.js';
import type { RedisArgument, RedisReply, RedisScript } from '../connection/connection.js';
import { RedisCacheError } from '../errors.js';
import type { RedisEntries } from './redis-entries.js';
import { underGenerations } from './redis-generations.js';
import { runPipeline, scriptCommand } from './redis-pipeline.js';
import { ADD, BARRIER, EXPIRE, INCREMENT, sumOf, TOUCH } from './redis-scripts.js';
import { lifetime, type EntryWrite } from './redis-writer.js';

/** The header of an entry about which a script could not decide. */
interface Judged {
  readonly header: RedisArgument;
  readonly valid: boolean;
}

/**
 * By how much processes may differ in what time it is in Redis, in milliseconds: what is made stale is stale for all of them
 * at once.
 */
const CLOCK_ERROR = 1_000;
const NOTHING_JUDGED: Judged = { header: '', valid: false };
const EMPTY_JSON = { flags: 0, payload: '' } as const;

/**
 * What depends on the entry that is there: one atomic step of a script each, which only touches what belongs to the entry.
 * One round trip; one more for an entry that carries tags, or generations other than those known here.
 */
export class EntrySteps {
  readonly #entries: RedisEntries;

  constructor(entries: RedisEntries) {
    this.#entries = entries;
  }

  /** Writes an entry unless a fresh one is there, or a barrier. Says whether it did. Its caller announces the change. */
  async add({ key, encoded, ttl, grace, tags }: EntryWrite): Promise<boolean> {
    const reply = await this.#run(ADD, key, (generations) => [
      this.#entries.seal(encoded, ttl, generations, tags),
      lifetime(ttl, grace),
    ]);
    return reply === 1;
  }

  /** Gives a fresh entry a new time to live; it keeps its grace. False when there is none. */
  async touch(entryKey: string, ttl: number | null): Promise<boolean> {
    const reply = await this.#entries.dropping([entryKey], () =>
      this.#run(TOUCH, entryKey, () => {
        const expires = ttl === null ? null : this.#entries.shared.connection.now() + ttl;
        return [timestampOf(expires), lifetime(ttl)];
      }),
    );
    return reply === 1;
  }

  /**
   * Makes a fresh entry stale; one that never expires is given `grace`, and one without a grace is removed. Ends the lease.
   * False when there is none.
   */
  async expire(entryKey: string, grace = 0): Promise<boolean> {
    const stale = (): string => timestampOf(this.#entries.shared.connection.now() - CLOCK_ERROR);
    const reply = await this.#entries.changing([entryKey], () =>
      this.#run(EXPIRE, entryKey, () => [stale(), String(grace)]),
    );
    return reply === 1;
  }

  /**
   * Adds to an integer, as `Store.increment` does.
   *
   * @throws RedisCacheError `REDIS_REFUSED`, while a barrier stands
   */
  async increment(
    entryKey: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    const reply = await this.#entries.dropping([entryKey], () =>
      this.#run(INCREMENT, entryKey, (generations) => [
        String(by),
        start.initial === undefined ? '' : String(start.initial),
        lifetime(start.ttl),
        this.#entries.seal(EMPTY_JSON, start.ttl, generations, []),
      ]),
    );
    if (String(reply) === BARRIER) {
      throw new RedisCacheError('REDIS_REFUSED', 'Nothing is counted while a barrier of the key stands.');
    }
    return sumOf(reply);
  }

  /** Runs a script under the current generations; `args` is asked anew for each attempt. */
  #run(
    script: RedisScript,
    entryKey: string,
    args: (generations: string) => readonly RedisArgument[],
  ): Promise<RedisReply> {
    const { generations, shared, space } = this.#entries;
    const keys = [entryKey, space.leaseKey(entryKey), space.barrierKey(entryKey)];
    let judged = NOTHING_JUDGED;
    return underGenerations(shared.connection, generations, async (known) => {
      const now = String(shared.connection.now());
      const { header, valid } = judged;
      const [reply, behind] = await runPipeline(shared.connection, [
        scriptCommand(script, keys, [
          ...this.#entries.voice(),
          now,
          known,
          header,
          valid ? '1' : '',
          ...args(known),
        ]),
        generations.read(),
      ]);
      const current = generations.learnFrom(behind);
      if (reply instanceof Error) throw reply;
      if (Array.isArray(reply)) judged = await this.#judge(entryKey, reply as readonly Buffer[], current);
      else if (current === known) return { result: reply as RedisReply };
      return undefined;
    });
  }

  async #judge(
    entryKey: string,
    replies: readonly Buffer[],
    generations: string | undefined,
  ): Promise<Judged> {
    const [entry] = await this.#entries.judge({
      keys: [entryKey],
      replies,
      start: 0,
      generations,
      quiet: true,
    });
    return { header: replies[0] as Buffer, valid: entry !== undefined };
  }
}
