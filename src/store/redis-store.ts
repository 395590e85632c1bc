import type { EncodedValue } from '../codec/codec.js';
import { hasGenerations, headerLength, MAX_GENERATIONS, openEntry, sealEntry } from '../codec/envelope.js';
import { PLAIN_JSON_FLAGS } from '../codec/flags.js';
import type {
  RedisArgument,
  RedisCommand,
  RedisConnection,
  RedisReply,
  RedisScript,
} from '../connection/connection.js';
import { InvalidOptionsError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import type { KeySpace } from '../key/key-space.js';
import { CompressingWrites } from './compressing-writes.js';
import { encodeWrites } from './encode-writes.js';
import { Generations } from './redis-generations.js';
import { RedisReader } from './redis-reader.js';
import { RedisWriter } from './redis-writer.js';
import { ADD, INCREMENT, OTHER_GENERATIONS, sumOf, TOUCH } from './redis-scripts.js';
import type { DivisibleStore, StoreContext, StoredEntry, StoreWrite } from './store.js';

/** What a Redis store stands on. */
export type RedisStoreContext = Omit<StoreContext, 'connection' | 'client'> & {
  readonly connection: RedisConnection;
};

/** Keys of one UNLINK. */
const DELETE_KEYS = 128;
const PARTS_REMEMBERED = 1_000;

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
  readonly #writer: RedisWriter;
  readonly #compressing = new CompressingWrites();
  /** Parts that were asked for lately: they remember their generations, and batch the lookups of a turn. */
  readonly #parts = new Map<string, RedisStore>();

  constructor(context: RedisStoreContext) {
    this.#context = context;
    this.#connection = context.connection;
    this.#space = context.space;
    this.#generations = new Generations(context.space.generationKeys);
    this.#reader = new RedisReader(context.connection, this.#generations, (entryKey, bytes, generations) =>
      this.#open(entryKey, bytes, generations),
    );
    this.#writer = new RedisWriter(context.connection, this.#generations, context.clock);
  }

  namespace(name: string): DivisibleStore {
    if (this.#generations.keys.length >= MAX_GENERATIONS) {
      throw new InvalidOptionsError(
        'namespace',
        `must not be nested deeper than ${MAX_GENERATIONS - 1} levels`,
        name,
      );
    }
    let part = this.#parts.get(name);
    if (part === undefined) {
      part = new RedisStore({ ...this.#context, space: this.#space.namespace(name) });
      // An LRU cache would take 23 KB at once, for each part again.
      if (this.#parts.size >= PARTS_REMEMBERED) this.#parts.clear();
      this.#parts.set(name, part);
    }
    return part;
  }

  read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    if (keys.length === 0) return Promise.resolve([]);
    return this.#reader.fetch(keys.map((key) => this.#space.entryKey(key)));
  }

  #open(
    entryKey: string,
    bytes: Buffer,
    generations: string,
  ): StoredEntry | undefined | Promise<StoredEntry | undefined> {
    const entry = openEntry(bytes);
    if (entry === undefined) {
      return this.#broken(entryKey, 'not an entry of this library, or one of a later format');
    }
    if (!hasGenerations(bytes, generations)) return undefined;
    const { createdAt } = entry;
    try {
      const value = this.#context.codec.decode(entry.flags, bytes, entry.payloadStart);
      if (!(value instanceof Promise)) return { value, createdAt };
      return value.then(
        (one: unknown) => ({ value: one, createdAt }),
        (error: unknown) => this.#broken(entryKey, error),
      );
    } catch (error) {
      return this.#broken(entryKey, error);
    }
  }

  #broken(entryKey: string, reason: unknown): undefined {
    const key = this.#space.userKey(entryKey);
    this.#context.unreadable(key, reason instanceof Error ? reason.message : String(reason));
  }

  write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    if (writes.length === 0) return Promise.resolve([]);
    const keys = writes.map(({ key }) => key);
    const pending = encodeWrites(this.#context.codec, writes);
    if (!(pending instanceof Promise)) {
      if (mode === 'set') this.#compressing.overtake(keys);
      return this.#send(writes, mode, pending);
    }
    return this.#compressing.wait(keys, pending, mode, (encoded, standing) => {
      const wanted = writes.map((write) =>
        standing.has(write.key) ? write : { ...write, wanted: () => false },
      );
      return this.#send(wanted, mode, encoded);
    });
  }

  #send(
    writes: readonly StoreWrite[],
    mode: 'set' | 'add',
    encoded: readonly EncodedValue[],
  ): Promise<boolean[]> {
    if (mode === 'add') {
      return Promise.all(writes.map((write, index) => this.#add(write, encoded[index] as EncodedValue)));
    }
    const entries = writes.map(({ key, ttl, wanted }, index) => ({
      key: this.#space.entryKey(key),
      encoded: encoded[index] as EncodedValue,
      ttl,
      wanted,
    }));
    return this.#writer.write(entries);
  }

  /** Runs a script under the current generations; `args` is asked anew for each attempt. */
  #evaluate(
    script: RedisScript,
    key: string,
    args: (generations: string) => readonly RedisArgument[],
  ): Promise<RedisReply> {
    this.#writer.flush();
    const keys = [this.#space.entryKey(key), ...this.#generations.keys];
    return this.#writer.underGenerations(async (generations) => {
      const reply = await this.#connection.evaluate(script, keys, [generations, ...args(generations)]);
      if (textOf(reply) !== OTHER_GENERATIONS) return reply;
      this.#generations.forget();
      return 'changed';
    });
  }

  async #add(write: StoreWrite, encoded: EncodedValue): Promise<boolean> {
    const reply = await this.#evaluate(ADD, write.key, (generations) => [
      sealEntry(encoded, this.#context.clock.now(), generations),
      lifetime(write.ttl),
    ]);
    return reply === 1;
  }

  async delete(keys: readonly string[]): Promise<number> {
    this.#writer.flush();
    this.#compressing.overtake(keys);
    let removed = 0;
    for (let at = 0; at < keys.length; at += DELETE_KEYS) {
      const chunk = keys.slice(at, at + DELETE_KEYS).map((key) => this.#space.entryKey(key));
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
    this.#writer.flush();
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
    return sumOf(reply);
  }

  async *keys(glob: string): AsyncIterable<string> {
    this.#writer.flush();
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
    this.#writer.flush();
    this.#compressing.overtakeBelow('');
    await this.#connection.request(this.#generations.remove());
  }
}

function lifetime(ttl: number | null): string {
  return ttl === null ? '' : String(ttl);
}

function textOf(reply: RedisReply): string | undefined {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : undefined;
}
