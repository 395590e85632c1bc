import type { EncodedValue } from '../codec/codec.js';
import { PLAIN_JSON_FLAGS } from '../codec/flags.js';
import { SerializationError } from '../errors.js';
import type { ForeignClient } from './cache-manager-client.js';
import { endClient } from './cache-manager-client.js';
import { isNoCacheableError, type CacheManagerV5Store } from './cache-manager-v5.js';
import { encodeWrites } from './encode-writes.js';
import type { ForeignCalls } from './foreign-calls.js';
import { toForeignKey, unsupported } from './foreign-space.js';
import type { PlainJsonStore } from './plain-json-store.js';
import type { ClosableStore, StoreContext, StoredEntry, StoreWrite } from './store.js';

/** What a store in a cache-manager store stands on. */
export interface CacheManagerContext extends Pick<StoreContext, 'cache' | 'codec' | 'clock' | 'unreadable'> {
  readonly store: CacheManagerV5Store;
  readonly calls: ForeignCalls;
  /** Whether the store can be asked now; `undefined` = it does not tell. */
  readonly ready: () => boolean | undefined;
  /** The entries past the store; `undefined` where they cannot be reached, and then `past` says why. */
  readonly raw: PlainJsonStore | undefined;
  readonly past: string;
  /** Whether the store writes the JSON that `raw` writes. */
  readonly json: boolean;
  /** The client to be ended with the application; `undefined` = it is somebody else's. */
  readonly owned: ForeignClient | undefined;
  /** Takes our listeners off. */
  readonly release: () => void;
}

/** Keys that are removed at once: those of one pipeline. */
const CHUNK = 100;

/**
 * Entries in a cache-manager store. Of the store itself only `get`, `set` and `del` are used, which do what they say in
 * every one of them; the rest goes past it to the same entries in Redis.
 */
export class CacheManagerStore implements ClosableStore {
  readonly #context: CacheManagerContext;

  constructor(context: CacheManagerContext) {
    this.#context = context;
  }

  read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return Promise.all(keys.map((key) => this.#read(key)));
  }

  async #read(key: string): Promise<StoredEntry | undefined> {
    const { store, clock, unreadable } = this.#context;
    try {
      const value = await this.#call(() => store.get(toForeignKey(key)));
      return value === undefined ? undefined : { value: await this.#ownCopy(value), createdAt: clock.now() };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      unreadable(key, 'not the JSON text it should be');
      return undefined;
    }
  }

  /** A store without a client keeps objects, and gives the same one to everybody. */
  async #ownCopy(value: unknown): Promise<unknown> {
    const { codec, store } = this.#context;
    if (store.client !== undefined || typeof value !== 'object') return value;
    return this.#decoded(await codec.encode(value));
  }

  #decoded({ payload }: EncodedValue): unknown {
    return this.#context.codec.decode(PLAIN_JSON_FLAGS, Buffer.from(payload as Buffer));
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const { codec, store } = this.#context;
    const pending = encodeWrites(codec, writes);
    const encoded = pending instanceof Promise ? await pending : pending;
    for (const { flags } of encoded) {
      if (flags !== PLAIN_JSON_FLAGS)
        throw new SerializationError('The value holds what JSON does not keep.');
    }
    return Promise.all(
      writes.map((write, index) => {
        if (write.wanted?.() === false) return false;
        if (store.isCacheable?.(write.value) === false) return this.#refuse(write.key, mode);
        if (mode === 'add') return this.#add(write);
        return this.#set(write.key, this.#decoded(encoded[index] as EncodedValue), write.ttl);
      }),
    );
  }

  async #set(key: string, value: unknown, ttl: number | null): Promise<boolean> {
    const { raw, store } = this.#context;
    raw?.clears.wrote(key);
    try {
      await this.#call(() => store.set(toForeignKey(key), value, ttl ?? 0));
      return true;
    } catch (error) {
      if (isNoCacheableError(error)) return this.#refuse(key, 'set');
      throw error;
    }
  }

  /** The store does not take the value, which is no failure: it is not stored, and the one before it is outdated. */
  async #refuse(key: string, mode: 'set' | 'add'): Promise<boolean> {
    if (mode === 'set') await this.#call(() => this.#context.store.del(toForeignKey(key)));
    return false;
  }

  async #add(write: StoreWrite): Promise<boolean> {
    const [added = false] = await this.#writesJson('add').write([write], 'add');
    return added;
  }

  async delete(keys: readonly string[]): Promise<number> {
    let removed = 0;
    for (let at = 0; at < keys.length; at += CHUNK) removed += await this.#delete(keys.slice(at, at + CHUNK));
    return removed;
  }

  async #delete(keys: readonly string[]): Promise<number> {
    const { raw, store } = this.#context;
    // Over a client it is sent ahead of the removals, in the same turn.
    const present = raw === undefined ? await this.#countByReading(keys) : raw.count(keys);
    const removals = keys.map((key) => this.#call(() => store.del(toForeignKey(key))));
    const [count] = await Promise.all([present, ...removals]);
    return count;
  }

  async #countByReading(keys: readonly string[]): Promise<number> {
    const { store } = this.#context;
    const found = await Promise.all(keys.map((key) => this.#call(() => store.get(toForeignKey(key)))));
    return found.filter((value) => value !== undefined).length;
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    return this.#raw('touch').touch(key, ttl);
  }

  async ttl(key: string): Promise<number | null | undefined> {
    return this.#raw('ttl, has or getEntry').ttl(key);
  }

  async increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    return this.#writesJson('incr or decr').increment(key, by, start);
  }

  async *keys(glob: string): AsyncIterable<string> {
    yield* this.#raw('keys or deletePattern').keys(glob);
  }

  async clear(): Promise<void> {
    return this.#raw('clear').clear();
  }

  async close(): Promise<void> {
    const { owned, calls, release } = this.#context;
    if (owned !== undefined) await endClient(owned, calls);
    release();
  }

  #raw(what: string): PlainJsonStore {
    const { raw, cache, past } = this.#context;
    if (raw === undefined) throw unsupported(cache, what, past);
    return raw;
  }

  #writesJson(what: string): PlainJsonStore {
    const raw = this.#raw(what);
    if (!this.#context.json) {
      throw unsupported(this.#context.cache, what, 'the store does not keep its values as plain JSON');
    }
    return raw;
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    const { calls, ready } = this.#context;
    // A client that is not connected would keep the command until it is.
    if (ready() === false) throw calls.unavailable('the client of the store is not connected');
    try {
      return await calls.run(work);
    } catch (error) {
      if (ready() === false) throw calls.unavailable('the client of the store is not connected', error);
      throw error;
    }
  }
}

function isUnreadable(error: unknown): boolean {
  if (error instanceof SyntaxError || error instanceof SerializationError) return true;
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}
