import type { Clock } from '../clock.js';
import type { Codec } from '../codec/codec.js';
import type { RedisConnection } from '../connection/connection.js';
import type { KeySpace } from '../key/key-space.js';

/** An entry as a store gives it back. */
export interface StoredEntry {
  /**
   * The value: a copy that the caller may change, or deeply frozen. Never `undefined`.
   */
  readonly value: unknown;
  /** When it was written: milliseconds since the epoch, by the clock of the process that wrote it. */
  readonly createdAt: number;
  /** When it becomes stale, by the store's clock: milliseconds since the epoch; `null` = never. Absent = not known. */
  readonly expiresAt?: number | null;
  /** The time since which it is stale, in milliseconds; absent = it is fresh. Only what is fresh is a hit. */
  readonly staleFor?: number;
  /** The tags it carries; absent = none. */
  readonly tags?: readonly string[];
}

/** An entry to be written. */
export interface StoreWrite {
  readonly key: string;
  /** Never `undefined`. */
  readonly value: unknown;
  /** Milliseconds to live, a positive integer; `null` = never expires. */
  readonly ttl: number | null;
  /** Milliseconds for which it is kept on as a stale entry after that. Absent = 0. Only coherent stores heed it. */
  readonly grace?: number;
  /** Tags by which it can be invalidated; absent = none. Only coherent stores are given some. */
  readonly tags?: readonly string[];
  /**
   * Asked again right before the entry is sent or kept: where it says no, the entry is outdated by then and is left out.
   * Absent = it is wanted. A store that waits for nothing before it writes need not ask.
   */
  readonly wanted?: (() => boolean) | undefined;
}

/**
 * Where the entries of one cache (or of one namespace) live. Keys are the user's own: the store separates them from those
 * of other caches by itself.
 *
 * Every method rejects with `RedisUnavailableError` when the place is out of reach, and with the place's own error when it
 * refuses; the cache's `onError` policy is applied above, once.
 */
export interface Store {
  /**
   * Looks keys up; the answers stand in the order of the keys, `undefined` for a miss. An entry that cannot be read is a
   * miss. Lookups of one turn of the event loop may share a round trip.
   */
  read(keys: readonly string[]): Promise<(StoredEntry | undefined)[]>;
  /**
   * Writes entries; `mode: 'add'` writes only those whose key is absent. Says for each whether it was written.
   * Nothing is written if one of the values cannot be encoded.
   */
  write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]>;
  /** Removes keys and says how many were there. */
  delete(keys: readonly string[]): Promise<number>;
  /** Gives a present entry a new time to live (`null` = never expires); false when there is none. */
  touch(key: string, ttl: number | null): Promise<boolean>;
  /** Milliseconds left to live; `null` = never expires, `undefined` = no such key. */
  ttl(key: string): Promise<number | null | undefined>;
  /**
   * Adds to an integer in one atomic step and gives the sum; the time to live of a present entry stays. A missing key
   * starts at `initial` with `ttl`; without `initial` the answer is `undefined` and nothing is written.
   *
   * @throws NotANumberError when the entry is no integer or the sum is no safe integer; the entry is unchanged
   */
  increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined>;
  /**
   * The keys that match a glob (`*`, `?`, `[a-z]`, `\` escapes), each once, without those of namespaces. With `stale`, those
   * of stale entries as well.
   */
  keys(glob: string, stale?: boolean): AsyncIterable<string>;
  /** Drops every entry, those of the namespaces below included. One round trip at any size. */
  clear(): Promise<void>;
}

/** A store that can be divided. `namespace` gives a part whose keys and whose `clear` are its own. */
export interface DivisibleStore extends Store {
  namespace(name: string): DivisibleStore;
}

/** Whether a store can be divided into namespaces. */
export function isDivisible(store: Store): store is DivisibleStore {
  return typeof (store as Partial<DivisibleStore>).namespace === 'function';
}

/** A store that holds something open which was opened for it, such as a client of its own. */
export interface ClosableStore extends Store {
  /** Lets go of it. Called once, when the application has stopped; never rejects. */
  close(): Promise<void>;
}

/** Whether a store wants to be closed. */
export function isClosable(store: Store): store is ClosableStore {
  return typeof (store as Partial<ClosableStore>).close === 'function';
}

/** A store in which what was cleared still takes room, until it expires or is taken away. */
export interface ReclaimingStore extends Store {
  /**
   * Takes away what was cleared, of this very part and the parts below, and says how many entries that were. It walks all
   * keys in small steps with pauses between them, and stops where it is when `signal` aborts.
   */
  reclaim(signal?: AbortSignal): Promise<number>;
}

/** Whether a store keeps what was cleared for a while. */
export function isReclaiming(store: Store): store is ReclaimingStore {
  return typeof (store as Partial<ReclaimingStore>).reclaim === 'function';
}

/** What a store is told when it is opened for a cache. */
export interface StoreContext {
  /** The cache's name. */
  readonly cache: string;
  readonly space: KeySpace;
  readonly codec: Codec;
  readonly clock: Clock;
  /** The connection that the cache lives on; `undefined` where the application has none. */
  readonly connection: RedisConnection | undefined;
  /** The node-redis client of that connection. */
  readonly client: unknown;
  /** Told of an entry that could not be read and was treated as a miss. */
  readonly unreadable: (key: string, reason: string) => void;
}

/** Opens the store of one cache. What `store` in a cache's options may hold beside `'redis'`, `'memory'` and a store. */
export interface StoreFactory {
  /**
   * `'json'` when the store holds bare JSON text that other programs read: the codec it is given then takes only what JSON
   * keeps, and `types`, `serializer` and `compressor` are refused. Default `'entry'`.
   */
  readonly format?: 'entry' | 'json';
  open(context: StoreContext): Store | Promise<Store>;
}
