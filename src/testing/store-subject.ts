import type { Store } from '../store/store.js';

/**
 * What not every store can do: `atomic` takes concurrent calls one after the other, in the order in which they are made;
 * `increment` counts at all; `keys` lists by a glob; `namespaces` divides; `null` keeps it as a value; `persist` takes an
 * expiry back; `versions` goes with a cache's `version`, which no store of one's own does.
 *
 * A store that is not coherent (`Coherence`) knows no `tags`, no `stale` values, and no `barriers` around mutations. `locks`
 * come with a store in memory or with a connection. `processes` share entries; then the subject has `another`. `outages` end
 * without a lost invalidation; then it has `outage`.
 */
export type StoreCapability =
  | 'atomic'
  | 'barriers'
  | 'increment'
  | 'keys'
  | 'locks'
  | 'namespaces'
  | 'null'
  | 'outages'
  | 'persist'
  | 'processes'
  | 'stale'
  | 'tags'
  | 'versions';

/** An empty store to be tried. */
export interface StoreSubject {
  readonly store: Store;
  /** Lets milliseconds pass for the store: a `FakeClock` that it goes by is advanced, or they are really waited. */
  pass(milliseconds: number): void | Promise<void>;
  close?(): unknown;
}
