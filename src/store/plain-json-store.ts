import { PLAIN_JSON_FLAGS } from '../codec/flags.js';
import type { EncodedValue } from '../codec/codec.js';
import type { RedisCommand, RedisConnection, RedisReply } from '../connection/connection.js';
import { InvalidOptionsError } from '../errors.js';
import { encodeWrites } from './encode-writes.js';
import { ForeignClears } from './foreign-clears.js';
import { checkOwnKeys } from './foreign-space.js';
import { INCREMENT_JSON } from './plain-json-scripts.js';
import { PlainJsonSpace } from './plain-json-space.js';
import { sumOf } from './redis-scripts.js';
import type { Store, StoreContext, StoredEntry, StoreFactory, StoreWrite } from './store.js';

/** Where entries of plain JSON live. */
export interface PlainJsonOptions {
  /**
   * What stands in front of every key, its separator included: `'app:'` for `keyPrefix: 'app'` of cache-manager-redis-yet.
   * `''` = nothing; then `clear()`, and `keys()` and `deletePattern()` with a glob that begins with a wildcard, are refused.
   */
  readonly prefix: string;
}

/** What a plain JSON store stands on. */
export interface PlainJsonContext extends Pick<StoreContext, 'cache' | 'codec' | 'clock' | 'unreadable'> {
  readonly connection: Pick<RedisConnection, 'request' | 'pipeline' | 'evaluate' | 'scan'>;
  readonly space: PlainJsonSpace;
}

/** Commands of one pipeline, and keys of one UNLINK. */
const CHUNK = 100;

/**
 * Entries as cache-manager-redis-yet writes and reads them, bare JSON under `prefix + key`, on the cache's own connection:
 * processes that still use it and those that use this share their entries.
 *
 * Takes only values that JSON keeps; Date, Map and the like are refused with `SerializationError`. `createdAt` of an entry is
 * the time of reading, since JSON holds none. `clear()` walks the prefix by SCAN. No other application's keys may begin
 * with the prefix. Cannot be divided into namespaces, and knows no `version`.
 */
export function plainJsonStore(options: PlainJsonOptions): StoreFactory {
  if (typeof (options as Partial<PlainJsonOptions> | undefined)?.prefix !== 'string') {
    throw new InvalidOptionsError('plainJsonStore.prefix', "must be a string; '' for keys without a prefix");
  }
  return {
    format: 'json',
    open(context) {
      const { connection } = context;
      if (connection === undefined) {
        throw new InvalidOptionsError(`caches.${context.cache}.store`, 'plainJsonStore() needs a connection');
      }
      return new PlainJsonStore({ ...context, connection, space: new PlainJsonSpace(options.prefix) });
    },
  };
}

/** A store of plain JSON over whatever carries its commands. */
export class PlainJsonStore implements Store {
  readonly #context: PlainJsonContext;
  readonly #connection: PlainJsonContext['connection'];
  readonly #space: PlainJsonSpace;
  /** For those who write past this store. */
  readonly clears = new ForeignClears();

  constructor(context: PlainJsonContext) {
    this.#context = context;
    this.#connection = context.connection;
    this.#space = context.space;
  }

  async read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    const replies = await this.#pipeline(keys.map((key) => this.#command('GET', key)));
    return replies.map((reply, index) => this.#open(keys[index] as string, reply));
  }

  #open(key: string, reply: RedisReply | Error): StoredEntry | undefined {
    if (reply instanceof Error) {
      if (!reply.message.startsWith('WRONGTYPE')) throw reply;
      this.#context.unreadable(key, 'not a string');
      return undefined;
    }
    if (reply === null) return undefined;
    try {
      const value = this.#context.codec.decode(PLAIN_JSON_FLAGS, reply as Buffer);
      return { value, createdAt: this.#context.clock.now() };
    } catch (error) {
      this.#context.unreadable(key, (error as Error).message);
      return undefined;
    }
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const pending = encodeWrites(this.#context.codec, writes);
    const encoded = pending instanceof Promise ? await pending : pending;
    const stored: boolean[] = [];
    for (let at = 0; at < writes.length; at += CHUNK) {
      const chunk = writes.slice(at, at + CHUNK);
      stored.push(...(await this.#write(chunk, encoded.slice(at, at + CHUNK), mode)));
    }
    return stored;
  }

  async #write(
    writes: readonly StoreWrite[],
    encoded: readonly EncodedValue[],
    mode: 'set' | 'add',
  ): Promise<boolean[]> {
    const wanted = writes.map((write) => write.wanted?.() !== false);
    if (mode === 'set') {
      for (const [index, { key }] of writes.entries()) if (wanted[index]) this.clears.wrote(key);
    }
    const commands = writes.map(({ key, ttl }, index) => {
      const { payload } = encoded[index] as EncodedValue;
      const expiry = ttl === null ? [] : ['PX', String(ttl)];
      return this.#command('SET', key, payload, ...expiry, ...(mode === 'add' ? ['NX'] : []));
    });
    const replies = await this.#pipeline(commands.filter((_, index) => wanted[index]));
    for (const reply of replies) if (reply instanceof Error) throw reply;
    const answers = replies.values();
    return wanted.map((one) => one && answers.next().value !== null);
  }

  async delete(keys: readonly string[]): Promise<number> {
    return this.#unlink(keys.map((key) => this.#space.redisKey(key)));
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    const renewal = ttl === null ? this.#command('PERSIST', key) : this.#command('PEXPIRE', key, String(ttl));
    const [found, renewed] = await this.#pipeline([this.#command('EXISTS', key), renewal]);
    for (const reply of [found, renewed]) if (reply instanceof Error) throw reply;
    return ttl === null ? found === 1 : renewed === 1;
  }

  async ttl(key: string): Promise<number | null | undefined> {
    const left = Number(await this.#connection.request(this.#command('PTTL', key)));
    if (left === -1) return null;
    return left < 0 ? undefined : left;
  }

  /** How many of the keys are there. */
  async count(keys: readonly string[]): Promise<number> {
    const replies = await this.#pipeline(keys.map((key) => this.#command('EXISTS', key)));
    for (const reply of replies) if (reply instanceof Error) throw reply;
    return replies.reduce<number>((sum, reply) => sum + Number(reply), 0);
  }

  async increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    const reply = await this.#connection.evaluate(
      INCREMENT_JSON,
      [this.#space.redisKey(key)],
      [String(by), String(start.initial ?? ''), String(start.ttl ?? '')],
    );
    return sumOf(reply);
  }

  async *keys(glob: string): AsyncIterable<string> {
    if (this.#space.prefix === '') checkOwnKeys(this.#context.cache, glob, REMEDY);
    const seen = new Set<string>();
    const userKey = this.#space.matcher(glob);
    for await (const batch of this.#connection.scan(this.#space.scanPattern(glob))) {
      for (const bytes of batch) {
        const key = userKey(bytes.toString());
        if (key === undefined || seen.has(key)) continue;
        seen.add(key);
        yield key;
      }
    }
  }

  async clear(): Promise<void> {
    if (this.#space.prefix === '') checkOwnKeys(this.#context.cache, undefined, REMEDY);
    const userKey = this.#space.matcher('*');
    await this.clears.run(async (isOld) => {
      for await (const batch of this.#connection.scan(this.#space.scanPattern('*'))) {
        await this.#unlink(batch, (redisKey) => isOld(userKey(redisKey) ?? ''));
      }
    });
  }

  async #unlink(
    redisKeys: readonly (string | Buffer)[],
    isWanted: (redisKey: string) => boolean = () => true,
  ): Promise<number> {
    let removed = 0;
    for (let at = 0; at < redisKeys.length; at += CHUNK) {
      const chunk = redisKeys.slice(at, at + CHUNK).filter((one) => isWanted(one.toString()));
      const [key] = chunk;
      if (key === undefined) continue;
      removed += Number(await this.#connection.request({ key, args: ['UNLINK', ...chunk] }));
    }
    return removed;
  }

  async #pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    if (commands.length === 0) return [];
    const replies: (RedisReply | Error)[] = [];
    for (let at = 0; at < commands.length; at += CHUNK) {
      replies.push(...(await this.#connection.pipeline(commands.slice(at, at + CHUNK))));
    }
    return replies;
  }

  #command(name: string, key: string, ...rest: (string | Buffer)[]): RedisCommand {
    const redisKey = this.#space.redisKey(key);
    return { key: redisKey, args: [name, redisKey, ...rest] };
  }
}

const REMEDY = 'give the store a prefix, or a glob that begins with text';
