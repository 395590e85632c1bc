import { newGeneration } from '../codec/generation.js';
import type { RedisCommand, RedisConnection, RedisReply } from '../connection/connection.js';
import { RedisCacheError } from '../errors.js';

/** How often something is done anew because another process cleared the cache meanwhile. */
const ATTEMPTS = 8;

/**
 * The generations of one key space. An entry is valid while it carries the generations that stand in Redis now, the
 * cache's own and those of its namespaces; `clear` writes a new one. A missing generation makes every entry invalid, so
 * that losing one to eviction costs misses only.
 *
 * What is remembered here only spares a round trip to writers: it is a guess, which each write checks against Redis.
 */
export class Generations {
  readonly keys: readonly string[];
  #known: string | undefined;

  constructor(keys: readonly string[]) {
    this.keys = keys;
  }

  /** The generations last seen in Redis, joined; `undefined` when unknown or when one was missing. */
  get known(): string | undefined {
    return this.#known;
  }

  /** Remembers what a command gave that fetched all `keys` first. Gives what is known now. */
  learn(replies: readonly (RedisReply | undefined)[]): string | undefined {
    if (this.#confirmedBy(replies)) return this.#known;
    let joined = '';
    for (let index = 0; index < this.keys.length; index++) {
      const reply = replies[index];
      if (!Buffer.isBuffer(reply)) return (this.#known = undefined);
      joined += reply.toString('latin1');
    }
    return (this.#known = joined);
  }

  /** Whether replies say what is known already, as they nearly always do: then no text is made of them. */
  #confirmedBy(replies: readonly (RedisReply | undefined)[]): boolean {
    const known = this.#known;
    if (known === undefined) return false;
    let at = 0;
    for (let index = 0; index < this.keys.length; index++) {
      const reply = replies[index];
      if (!Buffer.isBuffer(reply)) return false;
      for (let place = 0; place < reply.length; place++) {
        if (known.charCodeAt(at++) !== reply[place]) return false;
      }
    }
    return at === known.length;
  }

  /** As `learn`, for a reply that may be an error, which is thrown. */
  learnFrom(reply: RedisReply | Error | undefined): string | undefined {
    if (reply instanceof Error) throw reply;
    return this.learn(reply as readonly RedisReply[]);
  }

  /** The command that reads all generations. */
  read(): RedisCommand {
    return { key: this.#leaf, args: ['MGET', ...this.keys] };
  }

  /** Commands that create the generations that are missing and leave the others. */
  create(): RedisCommand[] {
    return this.keys.map((key) => ({ key, args: ['SET', key, newGeneration(), 'NX'] }));
  }

  /**
   * The command after which no entry written before is valid. It removes the generation, and the next writer makes a new
   * one: unlike a write, a removal is never refused by a Redis that is full.
   */
  remove(): RedisCommand & { readonly key: string } {
    this.#known = undefined;
    return { key: this.#leaf, args: ['UNLINK', this.#leaf] };
  }

  get #leaf(): string {
    return this.keys.at(-1) as string;
  }
}

/** What one attempt to do something under the known generations has come to: `undefined` = they had changed. */
export type Attempt<T> = (generations: string, last: boolean) => Promise<{ readonly result: T } | undefined>;

/**
 * Runs `attempt` with the generations that are known, again with newer ones while it says that they have changed. One round
 * trip more where they are not known.
 *
 * @throws RedisCacheError `REDIS_REFUSED`, when they change each time
 */
export async function underGenerations<T>(
  connection: RedisConnection,
  generations: Generations,
  attempt: Attempt<T>,
): Promise<T> {
  for (let tries = 1; tries <= ATTEMPTS; tries++) {
    const known = generations.known ?? (await createGenerations(connection, generations));
    const done = await attempt(known, tries === ATTEMPTS);
    if (done !== undefined) return done.result;
  }
  throw new RedisCacheError(
    'REDIS_REFUSED',
    'The cache was cleared again and again while an entry was written.',
  );
}

/** Reads the generations, and creates those that are missing. One round trip. */
async function createGenerations(connection: RedisConnection, generations: Generations): Promise<string> {
  for (let tries = 0; tries < ATTEMPTS; tries++) {
    const replies = await connection.pipeline([...generations.create(), generations.read()]);
    for (const reply of replies) if (reply instanceof Error) throw reply;
    const known = generations.learnFrom(replies.at(-1));
    if (known !== undefined) return known;
  }
  throw new RedisCacheError(
    'REDIS_REFUSED',
    'The generation of the cache is evicted as soon as it is written.',
  );
}
