import type { Clock } from '../clock.js';
import type { Codec, EncodedValue } from '../codec/codec.js';
import { SERIALIZATION } from '../codec/flags.js';
import { NotANumberError, RedisCacheError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import type { Coherence } from './coherence.js';
import { encodeWrites } from './encode-writes.js';
import { MemoryCoherence, type MemoryPart } from './memory-coherence.js';
import type { MemoryBounds, MemoryValue } from './memory-entries.js';
import { MemoryKeys } from './memory-keys.js';
import type { TagMoment } from './memory-tags.js';
import { MemoryValues } from './memory-values.js';
import { MemoryWhole } from './memory-whole.js';
import type { CoherentStore } from './coherent-store.js';
import type { StoredEntry, StoreWrite } from './store.js';

export type { MemoryBounds } from './memory-entries.js';

/** What a memory store stands on. */
export interface MemoryStoreContext {
  readonly codec: Codec;
  readonly clock: Clock;
  readonly bounds: MemoryBounds;
  /** Told of an entry that could not be read and was treated as a miss. */
  readonly unreadable: (key: string, reason: string) => void;
}

/** A store in this process, with the meaning and the guarantees of the Redis store. */
export function memoryStore({ codec, clock, bounds, unreadable }: MemoryStoreContext): CoherentStore {
  const whole = new MemoryWhole(bounds, clock);
  return new MemoryStore({
    whole,
    keys: new MemoryKeys(),
    codec,
    values: new MemoryValues(codec, unreadable),
  });
}

class MemoryStore implements CoherentStore {
  readonly coherence: Coherence;
  readonly #part: MemoryPart;
  readonly #whole: MemoryWhole;
  readonly #keys: MemoryKeys;
  readonly #values: MemoryValues;
  readonly #clock: Clock;

  constructor(part: MemoryPart) {
    this.coherence = new MemoryCoherence(part);
    this.#part = part;
    this.#whole = part.whole;
    this.#keys = part.keys;
    this.#values = part.values;
    this.#clock = part.whole.clock;
  }

  namespace(name: string): CoherentStore {
    return new MemoryStore({ ...this.#part, keys: this.#keys.namespace(name) });
  }

  async read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return keys.length === 1
      ? [await this.#read(keys[0] as string)]
      : Promise.all(keys.map((key) => this.#read(key)));
  }

  #read(key: string): StoredEntry | undefined | Promise<StoredEntry | undefined> {
    const now = this.#clock.monotonic();
    const entry = this.#whole.entries.find(this.#keys.entryKey(key), now);
    return entry && this.#values.open(key, entry, now);
  }

  peek(key: string): StoredEntry | undefined {
    const now = this.#clock.monotonic();
    const entry = this.#whole.entries.find(this.#keys.entryKey(key), now);
    return entry !== undefined && entry.freshUntil > now ? this.#values.openNow(key, entry, now) : undefined;
  }

  peekBytes(key: string): Buffer | undefined {
    const encoded = this.#whole.entries.fresh(this.#keys.entryKey(key))?.encoded;
    return encoded?.flags === SERIALIZATION.bytes ? (encoded.payload as Buffer) : undefined;
  }

  async write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    const since = this.#whole.tags.now;
    const pending = encodeWrites(this.#part.codec, writes);
    if (!(pending instanceof Promise)) return this.#keep(writes, mode, pending, { since });
    const keys = writes.map(({ key }) => this.#keys.entryKey(key));
    return this.#whole.compressing.wait(keys, pending, mode, (encoded, standing) =>
      this.#keep(writes, mode, encoded, { since, standing }),
    );
  }

  #keep(
    writes: readonly StoreWrite[],
    mode: 'set' | 'add',
    encoded: readonly EncodedValue[],
    { since, standing }: { readonly since: TagMoment; readonly standing?: ReadonlySet<string> },
  ): boolean[] {
    const { compressing, entries } = this.#whole;
    return writes.map((write, index) => {
      const entryKey = this.#keys.entryKey(write.key);
      if (write.wanted?.() === false || standing?.has(entryKey) === false) return false;
      if (mode === 'add' && entries.fresh(entryKey) !== undefined) return false;
      if (standing === undefined && mode === 'set') compressing.overtake([entryKey]);
      const allowed = this.#allows(entryKey, write.tags ?? [], since);
      const stored =
        allowed && entries.put(entryKey, this.#values.keep(encoded[index] as EncodedValue), write);
      // What a write was to replace must not be served on, whether or not it could take its place.
      if (!allowed && mode === 'set') entries.delete(entryKey);
      if (allowed || mode === 'set') this.#whole.changed(entryKey);
      return stored;
    });
  }

  /** Whether an entry may be written: no barrier stands, and none of its tags was invalidated since it was called. */
  #allows(entryKey: string, tags: readonly string[], since: TagMoment): boolean {
    const barred = this.#whole.bars(entryKey, tags, this.#clock.monotonic());
    return !barred && !this.#whole.tags.invalidatedSince(since, tags);
  }

  async delete(keys: readonly string[]): Promise<number> {
    const entryKeys = keys.map((key) => this.#keys.entryKey(key));
    let removed = 0;
    for (const entryKey of entryKeys) {
      if (this.#whole.entries.fresh(entryKey) !== undefined) removed += 1;
      this.#whole.remove([entryKey]);
    }
    return removed;
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    const { entries, watchers } = this.#whole;
    const entryKey = this.#keys.entryKey(key);
    const entry = entries.fresh(entryKey);
    if (entry === undefined) return false;
    entries.age(entryKey, entry, ttl);
    watchers.wake(entryKey);
    return true;
  }

  async ttl(key: string): Promise<number | null | undefined> {
    const entry = this.#whole.entries.fresh(this.#keys.entryKey(key));
    if (entry === undefined) return undefined;
    return entry.freshUntil === Infinity ? null : Math.ceil(entry.freshUntil - this.#clock.monotonic());
  }

  async increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    const { entries } = this.#whole;
    const entryKey = this.#keys.entryKey(key);
    if (this.#whole.bars(entryKey, [], this.#clock.monotonic())) {
      throw new RedisCacheError('REDIS_REFUSED', 'Nothing is counted while a barrier of the key stands.');
    }
    const present = entries.fresh(entryKey);
    if (present === undefined && start.initial === undefined) return undefined;
    const base = present === undefined ? start.initial : present.value;
    const sum = Number.isSafeInteger(base) ? (base as number) + by : NaN;
    if (!Number.isSafeInteger(sum)) throw new NotANumberError();
    const value: MemoryValue = { value: sum, encoded: undefined, bytes: String(sum).length };
    if (present === undefined) entries.put(entryKey, value, { ttl: start.ttl });
    else entries.change(entryKey, present, value);
    this.#whole.changed(entryKey);
    return sum;
  }

  async *keys(glob: string, stale = false): AsyncIterable<string> {
    const { entries } = this.#whole;
    const matches = globMatcher(glob);
    for (const entryKey of entries.keys()) {
      const key = this.#keys.userKey(entryKey);
      if (key === undefined || !matches(key)) continue;
      const entry = stale ? entries.find(entryKey, this.#clock.monotonic()) : entries.fresh(entryKey);
      if (entry !== undefined) yield key;
    }
  }

  async clear(): Promise<void> {
    this.#whole.clear(this.#keys.prefix);
  }
}
