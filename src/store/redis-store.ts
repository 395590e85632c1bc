import type { EncodedValue } from '../codec/codec.js';
import { hasGenerations, headerLength, openEntry, sealEntry } from '../codec/envelope.js';
import { PLAIN_JSON_FLAGS } from '../codec/flags.js';
import type {
  RedisArgument,
  RedisCommand,
  RedisConnection,
  RedisReply,
  RedisScript,
} from '../connection/connection.js';
import { NotANumberError, RedisCacheError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import type { KeySpace } from '../key/key-space.js';
import { encodeWrites } from './encode-writes.js';
import { Generations } from './redis-generations.js';
import { RedisReader } from './redis-reader.js';
import { ABSENT, ADD, INCREMENT, NOT_AN_INTEGER, OTHER_GENERATIONS, TOUCH } from './redis-scripts.js';
import type { DivisibleStore, StoreContext, StoredEntry, StoreWrite } from './store.js';

/** What a Redis store stands on. */
export type RedisStoreContext = Omit<StoreContext, 'connection' | 'client'> & {
  readonly connection: RedisConnection;
};

/** Commands of one pipeline: a longer one would keep other callers of the connection waiting. */
const PIPELINE_COMMANDS = 100;
/** How often a write is sent again because another process cleared the cache meanwhile. */
const ATTEMPTS = 8;
/** A Redis command's answer to a write or a script that met another generation each time. */
const CLEARED_TOO_OFTEN = 'The cache was cleared again and again while the entry was written.';

/** A store in Redis. Reads are one round trip, writes one, two for the first write after a `clear` elsewhere. */
export function redisStore(context: RedisStoreContext): DivisibleStore {
  return new RedisStore(context);
}

class RedisStore implements DivisibleStore {
  readonly #context: RedisStoreContext;
  readonly #connection: RedisConnection;
  readonly #space: KeySpace;
  readonly #generations: Generations;
  readonly #reader: RedisReader;

  constructor(context: RedisStoreContext) {
    this.#context = context;
    this.#connection = context.connection;
    this.#space = context.space;
    this.#generations = new Generations(context.space.generationKeys);
    this.#reader = new RedisReader(context.connection, this.#generations);
  }

  namespace(name: string): DivisibleStore {
    return new RedisStore({ ...this.#context, space: this.#space.namespace(name) });
  }

  async read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    if (keys.length === 0) return [];
    const raw = await this.#reader.fetch(keys.map((key) => this.#space.entryKey(key)));
    if (raw.generations === undefined) return keys.map(() => undefined);
    const found: (StoredEntry | undefined | Promise<StoredEntry | undefined>)[] = [];
    let waits = false;
    for (let index = 0; index < keys.length; index++) {
      const bytes = raw.entries[index];
      const entry = bytes ? this.#open(keys[index] as string, bytes, raw.generations) : undefined;
      if (entry instanceof Promise) waits = true;
      found.push(entry);
    }
    // Only a compressed value is decoded asynchronously: the others need no further turn of the microtask queue.
    return waits ? Promise.all(found) : (found as (StoredEntry | undefined)[]);
  }

  #open(
    key: string,
    bytes: Buffer,
    generations: string,
  ): StoredEntry | undefined | Promise<StoredEntry | undefined> {
    const entry = openEntry(bytes);
    if (entry === undefined) {
      this.#context.unreadable(key, 'not an entry of this library, or one of a later format');
      return undefined;
    }
    if (!hasGenerations(bytes, generations)) return undefined;
    const { createdAt } = entry;
    const broken = (error: unknown): undefined => {
      this.#context.unreadable(key, error instanceof Error ? error.message : String(error));
    };
    try {
      const value = this.#context.codec.decode(entry.flags, bytes, entry.payloadStart);
      return value instanceof Promise
        ? value.then((one: unknown) => ({ value: one, createdAt }), broken)
        : { value, createdAt };
    } catch (error) {
      return broken(error);
    }
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const pending = encodeWrites(this.#context.codec, writes);
    const encoded = pending instanceof Promise ? await pending : pending;
    if (mode === 'add')
      return Promise.all(writes.map((write, index) => this.#add(write, encoded[index] as EncodedValue)));
    for (let at = 0; at < writes.length; at += PIPELINE_COMMANDS) {
      await this.#set(writes.slice(at, at + PIPELINE_COMMANDS), encoded.slice(at, at + PIPELINE_COMMANDS));
    }
    return writes.map(() => true);
  }

  /**
   * Writes under the generations that are known, and looks at the current ones behind the writes in the same pipeline. If
   * they differ, a clear came before: what was written is invalid, and is written again. No script, so that entries of
   * any slot go together.
   */
  async #set(writes: readonly StoreWrite[], encoded: readonly EncodedValue[]): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = this.#generations.known ?? (await this.#learnGenerations());
      const createdAt = this.#context.clock.now();
      const commands = writes.map((write, index) =>
        setCommand(
          this.#space.entryKey(write.key),
          sealEntry(encoded[index] as EncodedValue, createdAt, known),
          write.ttl,
        ),
      );
      const replies = await this.#connection.pipeline([...commands, this.#generations.read()]);
      for (const reply of replies) if (reply instanceof Error) throw reply;
      if (this.#generations.learn(replies.at(-1) as readonly RedisReply[]) === known) return;
    }
    throw new RedisCacheError('REDIS_REFUSED', CLEARED_TOO_OFTEN);
  }

  async #learnGenerations(): Promise<string> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const replies = await this.#connection.pipeline([
        ...this.#generations.create(),
        this.#generations.read(),
      ]);
      for (const reply of replies) if (reply instanceof Error) throw reply;
      const known = this.#generations.learn(replies.at(-1) as readonly RedisReply[]);
      if (known !== undefined) return known;
    }
    throw new RedisCacheError('REDIS_REFUSED', CLEARED_TOO_OFTEN);
  }

  /** Runs a script under the current generations; `args` is asked anew for each attempt. */
  async #evaluate(
    script: RedisScript,
    key: string,
    args: (generations: string) => readonly RedisArgument[],
  ): Promise<RedisReply> {
    const keys = [this.#space.entryKey(key), ...this.#generations.keys];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = this.#generations.known ?? (await this.#learnGenerations());
      const reply = await this.#connection.evaluate(script, keys, [known, ...args(known)]);
      if (textOf(reply) !== OTHER_GENERATIONS) return reply;
      await this.#learnGenerations();
    }
    throw new RedisCacheError('REDIS_REFUSED', CLEARED_TOO_OFTEN);
  }

  async #add(write: StoreWrite, encoded: EncodedValue): Promise<boolean> {
    const reply = await this.#evaluate(ADD, write.key, (generations) => [
      sealEntry(encoded, this.#context.clock.now(), generations),
      lifetime(write.ttl),
    ]);
    return reply === 1;
  }

  async delete(keys: readonly string[]): Promise<number> {
    let removed = 0;
    for (let at = 0; at < keys.length; at += PIPELINE_COMMANDS) {
      const chunk = keys.slice(at, at + PIPELINE_COMMANDS).map((key) => this.#space.entryKey(key));
      removed += Number(
        await this.#connection.request({ key: chunk[0] as string, args: ['UNLINK', ...chunk] }),
      );
    }
    return removed;
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    return (await this.#evaluate(TOUCH, key, () => [lifetime(ttl)])) === 1;
  }

  async ttl(key: string): Promise<number | null | undefined> {
    const entryKey = this.#space.entryKey(key);
    const [header] = await this.#headers([entryKey], [{ key: entryKey, args: ['PTTL', entryKey] }]);
    if (header === undefined || !header.valid || typeof header.extra !== 'number' || header.extra === -2)
      return undefined;
    return header.extra === -1 ? null : header.extra;
  }

  /** Reads the headers of entries, and one more reply for each, in one round trip. */
  async #headers(
    entryKeys: readonly string[],
    extras: readonly RedisCommand[] = [],
  ): Promise<{ valid: boolean; extra: RedisReply | undefined }[]> {
    const end = String(headerLength(this.#generations.keys.length) - 1);
    const replies = await this.#connection.pipeline([
      this.#generations.read(),
      ...entryKeys.map((key) => ({ key, args: ['GETRANGE', key, '0', end] })),
      ...extras,
    ]);
    const [first] = replies;
    if (first instanceof Error) throw first;
    const generations = this.#generations.learn(first as readonly RedisReply[]);
    return entryKeys.map((_, index) => {
      const header = replies[index + 1];
      const valid =
        generations !== undefined &&
        Buffer.isBuffer(header) &&
        openEntry(header) !== undefined &&
        hasGenerations(header, generations);
      return { valid, extra: replies[entryKeys.length + 1 + index] as RedisReply | undefined };
    });
  }

  async increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    const reply = await this.#evaluate(INCREMENT, key, (generations) => [
      String(by),
      start.initial === undefined ? '' : String(start.initial),
      lifetime(start.ttl),
      sealEntry({ flags: PLAIN_JSON_FLAGS, payload: '' }, this.#context.clock.now(), generations),
    ]);
    const text = textOf(reply);
    if (text === ABSENT) return undefined;
    if (text === NOT_AN_INTEGER) {
      throw new NotANumberError(
        'The entry is not an integer, or the sum would leave ±(2^53 − 1). It was left as it is.',
      );
    }
    return Number(text);
  }

  async *keys(glob: string): AsyncIterable<string> {
    const seen = new Set<string>();
    const matches = globMatcher(glob);
    for await (const batch of this.#connection.scan(this.#space.scanPattern(glob))) {
      const entryKeys = batch.map((bytes) => bytes.toString()).filter((one) => !seen.has(one));
      const found = entryKeys.filter((one) => matches(this.#space.userKey(one)));
      if (found.length === 0) continue;
      const headers = await this.#headers(found);
      for (const [index, entryKey] of found.entries()) {
        if (headers[index]?.valid !== true || seen.has(entryKey)) continue;
        seen.add(entryKey);
        yield this.#space.userKey(entryKey);
      }
    }
  }

  async clear(): Promise<void> {
    await this.#connection.request(this.#generations.renew());
  }
}

function setCommand(key: string, entry: string | Buffer, ttl: number | null): RedisCommand {
  return { key, args: ttl === null ? ['SET', key, entry] : ['SET', key, entry, 'PX', String(ttl)] };
}

function lifetime(ttl: number | null): string {
  return ttl === null ? '' : String(ttl);
}

function textOf(reply: RedisReply): string | undefined {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : undefined;
}
