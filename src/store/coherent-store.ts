import type { Coherence } from './coherence.js';
import { isDivisible, type DivisibleStore, type Store, type StoredEntry } from './store.js';

/**
 * A store that keeps what it says true: it knows leases, tags, stale entries and barriers (`Coherence`), and every write
 * and removal of its own takes the lease of its key away from whoever loads it. A part that `namespace` gives shares the
 * tags of the whole.
 */
export interface CoherentStore extends DivisibleStore {
  namespace(name: string): CoherentStore;
  readonly coherence: Coherence;
  /** As `Store.read`. Tags that the entries probably carry are looked up with them, which spares a round trip. */
  read(keys: readonly string[], tags?: readonly string[]): Promise<(StoredEntry | undefined)[]>;
  /**
   * The fresh entry of a key as this process remembers it, at once and without asking anybody; `undefined` where it
   * remembers none, or cannot vouch for it now.
   */
  peek(key: string): StoredEntry | undefined;
  /** The same for a value of bytes: those that are kept, not a copy. Nobody may change them. `undefined` for any other value. */
  peekBytes(key: string): Buffer | undefined;
}

/** Whether a store keeps what it says true. */
export function isCoherent(store: Store): store is CoherentStore {
  return isDivisible(store) && (store as Partial<CoherentStore>).coherence !== undefined;
}
