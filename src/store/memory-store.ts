import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';
import type { Codec, EncodedValue } from '../codec/codec.js';
import { PLAIN_JSON_FLAGS } from '../codec/flags.js';
import { deepFreeze } from '../codec/freeze.js';
import { NotANumberError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import { CompressingWrites } from './compressing-writes.js';
import { encodeWrites } from './encode-writes.js';
import type { DivisibleStore, StoredEntry, StoreWrite } from './store.js';

/** How much of this process's memory a store may take. The least recently used entries go first. */
export interface MemoryBounds {
  /** Entries. */
  readonly max: number;
  /** Bytes of keys and serialised values, not counting what V8 adds. */
  readonly maxBytes: number;
}

/** What a memory store stands on. */
export interface MemoryStoreContext {
  readonly codec: Codec;
  readonly clock: Clock;
  readonly bounds: MemoryBounds;
  /** Told of an entry that could not be read and was treated as a miss. */
  readonly unreadable: (key: string, reason: string) => void;
}

/**
 * An entry kept in memory. A value of plain JSON is kept as it will be given out, deeply frozen; any other, and what was
 * compressed, as its bytes, so that every reader gets a copy.
 */
interface MemoryEntry extends StoredEntry {
  readonly encoded: EncodedValue | undefined;
  readonly bytes: number;
  /** By the monotonic clock; `Infinity` = never. */
  expiresAt: number;
}

/** A store in this process, with the meaning of the Redis store. */
export function memoryStore(context: MemoryStoreContext): DivisibleStore {
  const entries = new LRUCache<string, MemoryEntry>({
    max: context.bounds.max,
    maxSize: context.bounds.maxBytes,
    sizeCalculation: (entry, key) => entry.bytes + key.length + 1,
  });
  return new MemoryStore(context, entries, new CompressingWrites(), '');
}

class MemoryStore implements DivisibleStore {
  readonly #codec: Codec;
  readonly #clock: Clock;
  readonly #context: MemoryStoreContext;
  readonly #entries: LRUCache<string, MemoryEntry>;
  /** In front of the keys of a namespace. Starts with NUL, which stands doubled in front of a root key that has one. */
  readonly #prefix: string;
  readonly #compressing: CompressingWrites;

  constructor(
    context: MemoryStoreContext,
    entries: LRUCache<string, MemoryEntry>,
    compressing: CompressingWrites,
    prefix: string,
  ) {
    this.#compressing = compressing;
    this.#context = context;
    this.#codec = context.codec;
    this.#clock = context.clock;
    this.#entries = entries;
    this.#prefix = prefix;
  }

  namespace(name: string): DivisibleStore {
    const prefix = `${this.#prefix}\0${name.length}:${name}`;
    return new MemoryStore(this.#context, this.#entries, this.#compressing, prefix);
  }

  async read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return keys.length === 1
      ? [await this.#read(keys[0] as string)]
      : Promise.all(keys.map((key) => this.#read(key)));
  }

  #read(key: string): StoredEntry | undefined | Promise<StoredEntry | undefined> {
    const entry = this.#live(this.#entryKey(key));
    if (entry?.encoded === undefined) return entry;
    const { createdAt, encoded } = entry;
    const broken = (error: unknown): undefined => {
      this.#context.unreadable(key, error instanceof Error ? error.message : String(error));
    };
    try {
      const value = this.#codec.decode(encoded.flags, encoded.payload as Buffer);
      return value instanceof Promise
        ? value.then((one: unknown) => ({ value: one, createdAt }), broken)
        : { value, createdAt };
    } catch (error) {
      return broken(error);
    }
  }

  /** The entry of a key unless its time has passed. */
  #live(entryKey: string): MemoryEntry | undefined {
    const entry = this.#entries.get(entryKey);
    if (entry === undefined || entry.expiresAt > this.#clock.monotonic()) return entry;
    this.#entries.delete(entryKey);
    return undefined;
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const pending = encodeWrites(this.#codec, writes);
    if (!(pending instanceof Promise)) return this.#keep(writes, mode, pending);
    const keys = writes.map(({ key }) => this.#entryKey(key));
    return this.#compressing.wait(keys, pending, mode, (encoded, standing) =>
      this.#keep(writes, mode, encoded, standing),
    );
  }

  #keep(
    writes: readonly StoreWrite[],
    mode: 'set' | 'add',
    encoded: readonly EncodedValue[],
    standing?: ReadonlySet<string>,
  ): boolean[] {
    return writes.map((write, index) => {
      const entryKey = this.#entryKey(write.key);
      if (write.wanted?.() === false || standing?.has(entryKey) === false) return false;
      if (mode === 'add' && this.#live(entryKey) !== undefined) return false;
      if (standing === undefined && mode === 'set') this.#compressing.overtake([entryKey]);
      this.#entries.set(entryKey, this.#entry(encoded[index] as EncodedValue, write.ttl));
      // A value larger than all of the memory is not kept, and neither is the one before it.
      return this.#entries.has(entryKey);
    });
  }

  #entry(encoded: EncodedValue, ttl: number | null): MemoryEntry {
    const payload = typeof encoded.payload === 'string' ? Buffer.from(encoded.payload) : encoded.payload;
    const plain = encoded.flags === PLAIN_JSON_FLAGS;
    return {
      value: plain ? deepFreeze(this.#codec.decode(encoded.flags, payload)) : undefined,
      encoded: plain ? undefined : { flags: encoded.flags, payload },
      bytes: payload.length,
      createdAt: this.#clock.now(),
      expiresAt: this.#deadline(ttl),
    };
  }

  #deadline(ttl: number | null): number {
    return ttl === null ? Infinity : this.#clock.monotonic() + ttl;
  }

  async delete(keys: readonly string[]): Promise<number> {
    let removed = 0;
    for (const key of keys) {
      const entryKey = this.#entryKey(key);
      if (this.#live(entryKey) !== undefined) removed += 1;
      this.#compressing.overtake([entryKey]);
      this.#entries.delete(entryKey);
    }
    return removed;
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    const entry = this.#live(this.#entryKey(key));
    if (entry === undefined) return false;
    entry.expiresAt = this.#deadline(ttl);
    return true;
  }

  async ttl(key: string): Promise<number | null | undefined> {
    const entry = this.#live(this.#entryKey(key));
    if (entry === undefined) return undefined;
    return entry.expiresAt === Infinity ? null : Math.ceil(entry.expiresAt - this.#clock.monotonic());
  }

  async increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    const entryKey = this.#entryKey(key);
    const present = this.#live(entryKey);
    if (present === undefined && start.initial === undefined) return undefined;
    const base = present === undefined ? start.initial : present.value;
    const sum = Number.isSafeInteger(base) ? (base as number) + by : NaN;
    if (!Number.isSafeInteger(sum)) throw new NotANumberError();
    this.#entries.set(entryKey, {
      value: sum,
      encoded: undefined,
      bytes: String(sum).length,
      createdAt: present?.createdAt ?? this.#clock.now(),
      expiresAt: present?.expiresAt ?? this.#deadline(start.ttl),
    });
    return sum;
  }

  async *keys(glob: string): AsyncIterable<string> {
    const matches = globMatcher(glob);
    for (const entryKey of [...this.#entries.keys()]) {
      const key = this.#userKey(entryKey);
      if (key !== undefined && matches(key) && this.#live(entryKey) !== undefined) yield key;
    }
  }

  async clear(): Promise<void> {
    this.#compressing.overtakeBelow(this.#prefix);
    if (this.#prefix === '') return this.#entries.clear();
    for (const entryKey of [...this.#entries.keys()]) {
      if (entryKey.startsWith(this.#prefix)) this.#entries.delete(entryKey);
    }
  }

  #entryKey(key: string): string {
    if (this.#prefix === '') return key.charCodeAt(0) === 0 ? `\0\0${key}` : key;
    return `${this.#prefix}\0/${key}`;
  }

  /** The user's key of an entry of this very space; `undefined` when it belongs to a namespace. */
  #userKey(entryKey: string): string | undefined {
    if (this.#prefix !== '') {
      const start = `${this.#prefix}\0/`;
      return entryKey.startsWith(start) ? entryKey.slice(start.length) : undefined;
    }
    if (entryKey.charCodeAt(0) !== 0) return entryKey;
    return entryKey.startsWith('\0\0') ? entryKey.slice(2) : undefined;
  }
}
