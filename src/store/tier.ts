import type { TagVersion } from '../codec/envelope.js';
import type { StoredEntry } from './store.js';

/** An entry as it came from Redis, with what decides whether it is valid. */
export interface FetchedEntry {
  /** The whole entry, a slice of a larger buffer: who keeps it copies it. */
  readonly bytes: Buffer;
  readonly flags: number;
  readonly payloadStart: number;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** The Redis keys of the generations that it must carry, the outermost first. */
  readonly generationKeys: readonly string[];
  /** The generations it was found to be valid under, put together. */
  readonly generations: string;
  readonly tags: readonly TagVersion[];
  /** Its decoded value, not shared with anybody yet. */
  readonly value: unknown;
}

/** A look at Redis that is under way, from before it is sent. What changes meanwhile must not be remembered. */
export interface Look {
  /**
   * Remembers the entry of one of its keys if nothing has touched it, its tags or its generations since, and gives it with
   * the value that everybody shares from now on, frozen; or with the fetched one, for the caller alone, where a value cannot
   * be frozen. `undefined` = it is not remembered. Synchronous.
   */
  keep(entryKey: string, fetched: FetchedEntry): StoredEntry | undefined;
  /** The look is over, well or badly. */
  end(): void;
}

/**
 * The memory of a process in front of Redis, shared by a cache and its parts. Keys are Redis keys.
 */
export interface Tier {
  /** The fresh, valid entry of a key, or `undefined`. */
  get(entryKey: string): StoredEntry | undefined;
  /** The same for a value of bytes: those that are kept, which nobody may change. `undefined` for any other value. */
  bytesOf(entryKey: string): Buffer | undefined;
  /** Announces a look at these keys. */
  look(entryKeys: readonly string[]): Look;
  /** This process changes these entries: before it is sent, and again when it is answered. */
  drop(entryKeys: readonly string[]): void;
  /** This process changes these keys of tags or generations, in the same way. */
  dropVersions(keys: readonly string[]): void;
  /** Calls `wake` when the entry of a key may have changed, or nobody can tell any more. `undefined` while nobody tells. */
  watch(entryKey: string, wake: () => void): (() => void) | undefined;
  /** Lets go of the channel and of all entries. */
  close(): void;
}
