import type { StoredEntry, StoreWrite } from './store.js';

/**
 * The claim of one load on one key, from before its loader runs until its value is stored. At most one load per key holds
 * a live lease, in all processes. Any write, removal or barrier of the key ends it; so does a time without `renew`.
 */
export interface Lease {
  readonly key: string;
}

/** A load that is about to begin. */
export interface LeaseRequest {
  readonly key: string;
  /** The tags that are known before the load. */
  readonly tags: readonly string[];
  /** Also where a fresh entry is there. */
  readonly anew: boolean;
}

/** What a load that is about to begin is told. `entry` is the valid entry of the key, fresh or stale, if there is one. */
export type Claim =
  /** It may load and fill. */
  | { readonly state: 'held'; readonly lease: Lease; readonly entry: StoredEntry | undefined }
  /** Somebody has filled it meanwhile. */
  | { readonly state: 'fresh'; readonly entry: StoredEntry }
  /** Somebody else loads it; `failed` = a load has failed a moment ago, and nobody is to try again yet. */
  | { readonly state: 'busy'; readonly failed: boolean; readonly entry: StoredEntry | undefined }
  /** A barrier stands, or what Redis holds of the key is not known: what is loaded now is not to be stored. */
  | { readonly state: 'barred' };

/** A loaded value on its way into the store. */
export interface Fill {
  readonly lease: Lease;
  /** Its key is that of the lease. Its tags are those of the request, and those that only the result names. */
  readonly write: StoreWrite;
  /**
   * An entry of another key that is stored with it, if it is stored: nobody asked for a lease of that key, and the tags are
   * the same. A lease that is asked for under that key is not ended.
   */
  readonly beside?: StoreWrite | undefined;
}

/** What became of a load. */
export interface LoadEnd {
  /** Whether the value is in the store, and valid. */
  readonly stored: boolean;
  /**
   * Whether nobody has written or removed the key, invalidated one of its tags or cleared the cache, from when the lease was
   * acquired until `fill` or `release` was called: only then may somebody have the value who asked for it between the two.
   */
  readonly current: boolean;
  /** Why the place where it was to be stored has refused it: a full Redis, for one. Absent = it has not. */
  readonly error?: Error;
}

/** A write barrier around some keys and tags: nothing that is loaded or set while it stands is stored. */
export interface Barrier {
  /** Makes it stand for its whole time again. */
  renew(): Promise<void>;
  /** Invalidates its keys and tags once more and takes it away. Other barriers of the same keys stay. */
  lift(): Promise<void>;
}

/** Hears that the entry of a key, of the part that the names of `path` lead to, may have changed, here or elsewhere. */
export type EntryListener = (path: readonly string[], key: string) => void;

/**
 * How loads, tags, barriers and stale entries are kept coherent between all processes. Keys are the user's own, as in
 * `Store`, of the very part; tags belong to the whole. Methods reject as those of `Store` do, and what they change counts
 * once they resolve. A write whose outcome is not known makes the store answer for that key as if it were absent until it
 * is known.
 */
export interface Coherence {
  /** Asks for leases, in the order of the requests. One round trip; one more for tags that are used for the first time. */
  acquire(requests: readonly LeaseRequest[]): Promise<Claim[]>;
  /** Stores loaded values whose leases are still held, and gives the leases back. One round trip; one more for tags that only the result names. A value that cannot be encoded rejects: nothing is stored, and the leases are still held. */
  fill(fills: readonly Fill[]): Promise<LoadEnd[]>;
  /**
   * Gives leases back without a value. With `pause`, nobody is to load these keys for so many milliseconds (`busy`, `failed`).
   * One round trip.
   */
  release(leases: readonly Lease[], pause?: number): Promise<LoadEnd[]>;
  /** Keeps leases for `LEASE_TIME` more, and says which are still held. One round trip. */
  renew(leases: readonly Lease[]): Promise<boolean[]>;
  /**
   * Calls `wake` whenever the entry of a key or its lease may have changed, until the returned function is called.
   * `undefined` = this store does not hear of changes: ask again from time to time.
   */
  watch(key: string, wake: () => void): (() => void) | undefined;
  /** Makes every entry that carries one of the tags invalid, at any number of them. One round trip. */
  invalidateTags(tags: readonly string[]): Promise<void>;
  /**
   * Makes a fresh entry stale from now on; it stays for its grace, one that never expires for `grace` milliseconds (default 0). False when
   * there is none. One round trip.
   */
  expire(key: string, grace?: number): Promise<boolean>;
  /** Removes the keys, invalidates the tags, and bars both for `ttl` milliseconds. One round trip. */
  bar(
    targets: { readonly keys: readonly string[]; readonly tags: readonly string[] },
    ttl: number,
  ): Promise<Barrier>;
}

/** How long a lease lives that is not renewed, in milliseconds: a load whose process dies is taken over after that. */
export const LEASE_TIME = 5_000;
