import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';
import type { EncodedValue } from '../codec/codec.js';
import { type MemoryTags, NO_MARKS, type TagVersionMark } from './memory-tags.js';
import type { StoredEntry } from './store.js';

/** How much of this process's memory a store may take. The least recently used entries go first. */
export interface MemoryBounds {
  /** Entries. */
  readonly max: number;
  /** Bytes of keys and serialised values, not counting what V8 adds. */
  readonly maxBytes: number;
}

/**
 * A value as it is kept: one of plain JSON as it will be given out, deeply frozen; any other, and what was compressed, as
 * its bytes, so that every reader gets a copy.
 */
export interface MemoryValue {
  readonly value: unknown;
  /** `undefined` where `value` holds it. */
  readonly encoded: EncodedValue | undefined;
  readonly bytes: number;
}

/** How long an entry lives, and what it can be invalidated by. */
export interface MemoryTerms {
  readonly ttl: number | null;
  readonly grace?: number;
  readonly tags?: readonly string[];
}

/** An entry kept in memory. Never changed: one with other terms takes its place. */
export interface MemoryEntry extends MemoryValue, StoredEntry {
  readonly expiresAt: number | null;
  /** By the monotonic clock; `Infinity` = for ever. */
  readonly freshUntil: number;
  readonly grace: number;
  readonly marks: readonly TagVersionMark[];
}

const NO_TAGS: readonly string[] = Object.freeze([]);

/** The entries of a memory store and of all its parts, by the keys of `MemoryKeys`. */
export class MemoryEntries {
  readonly #lru: LRUCache<string, MemoryEntry>;
  readonly #tags: MemoryTags;
  readonly #clock: Clock;

  constructor(bounds: MemoryBounds, tags: MemoryTags, clock: Clock) {
    this.#lru = new LRUCache<string, MemoryEntry>({
      max: bounds.max,
      maxSize: bounds.maxBytes,
      sizeCalculation: (entry, key) => entry.bytes + key.length + 1,
      dispose: ({ marks }) => {
        if (marks !== NO_MARKS) tags.letGo(marks);
      },
    });
    this.#tags = tags;
    this.#clock = clock;
  }

  /** The valid entry of a key, fresh or stale, at a time of the monotonic clock. */
  find(entryKey: string, now: number): MemoryEntry | undefined {
    const entry = this.#lru.get(entryKey);
    if (entry === undefined) return undefined;
    if (entry.freshUntil + entry.grace > now && isValid(entry)) return entry;
    this.#lru.delete(entryKey);
    return undefined;
  }

  /** The valid entry of a key that is still fresh. */
  fresh(entryKey: string): MemoryEntry | undefined {
    const now = this.#clock.monotonic();
    const entry = this.find(entryKey, now);
    return entry !== undefined && entry.freshUntil > now ? entry : undefined;
  }

  /**
   * Keeps a value under a key from now on. False when it is larger than all of the memory: then it is not kept, and neither
   * is the one before it.
   */
  put(entryKey: string, value: MemoryValue, { ttl, grace = 0, tags = NO_TAGS }: MemoryTerms): boolean {
    const createdAt = this.#clock.now();
    // Written out, since an object made by spreading takes three times the room.
    const entry = {
      value: value.value,
      encoded: value.encoded,
      bytes: value.bytes,
      createdAt,
      expiresAt: ttl === null ? null : createdAt + ttl,
      freshUntil: ttl === null ? Infinity : this.#clock.monotonic() + ttl,
      grace,
      marks: this.#tags.carry(tags),
    };
    return this.#set(entryKey, tags.length === 0 ? entry : Object.assign(entry, { tags }));
  }

  /** Keeps another value in an entry, which stays as it is otherwise. */
  change(entryKey: string, entry: MemoryEntry, value: MemoryValue): void {
    this.#set(entryKey, { ...entry, ...value, marks: this.#tags.carry(entry.tags ?? NO_TAGS) });
  }

  /** Gives an entry another time to live from now on; 0 = it is stale at once. Its grace stays. */
  age(entryKey: string, entry: MemoryEntry, ttl: number | null): void {
    this.#set(entryKey, {
      ...entry,
      expiresAt: ttl === null ? null : this.#clock.now() + ttl,
      freshUntil: ttl === null ? Infinity : this.#clock.monotonic() + ttl,
      marks: this.#tags.carry(entry.tags ?? NO_TAGS),
    });
  }

  /** Removes the entry of a key. */
  delete(entryKey: string): void {
    this.#lru.delete(entryKey);
  }

  /** Removes all entries whose key begins with `prefix`. */
  deleteBelow(prefix: string): void {
    if (prefix === '') return this.#lru.clear();
    for (const entryKey of this.keys()) if (entryKey.startsWith(prefix)) this.#lru.delete(entryKey);
  }

  /** The keys of all entries that are kept, valid or not. */
  keys(): string[] {
    return [...this.#lru.keys()];
  }

  #set(entryKey: string, entry: MemoryEntry): boolean {
    this.#lru.set(entryKey, entry);
    if (this.#lru.has(entryKey)) return true;
    this.#tags.letGo(entry.marks);
    return false;
  }
}

function isValid({ marks }: MemoryEntry): boolean {
  return marks === NO_MARKS || marks.every(({ current }) => current);
}
