import type { Reading } from './record.js';
import type { Change } from './world.js';

/** What a loader may say beside its value. */
export interface Wishes {
  tags(...tags: string[]): void;
  /** Milliseconds to live. */
  ttl(milliseconds: number): void;
}

/**
 * A cache as the workload sees it: what it does not offer is absent. Values are `Reading`s, and a miss is `undefined` or
 * `null`. What changes something tells whether the cache says that it is done; it does not reject.
 */
export interface HistoryCache {
  get(key: string): Promise<unknown>;
  /** From the node's own memory. */
  peek?(key: string): unknown;
  getEntry?(key: string): Promise<{ readonly value: unknown; readonly stale: boolean } | undefined>;
  getOrSet(key: string, load: (wishes: Wishes) => Promise<Reading>): Promise<unknown>;
  getOrSetMany?(
    keys: readonly string[],
    load: (missing: readonly string[]) => Promise<Map<string, Reading>>,
  ): Promise<ReadonlyMap<string, unknown>>;
  del(key: string): Promise<boolean>;
  mdel?(keys: readonly string[]): Promise<boolean>;
  set?(key: string, value: Reading): Promise<boolean>;
  invalidateTags?(tags: readonly string[]): Promise<boolean>;
  clear?(): Promise<boolean>;
  /** False also where there was nothing. */
  expire?(key: string): Promise<boolean>;
  mutate?(change: Change, work: () => Promise<void>): Promise<boolean>;
  /** Gives an entry another time to live, which is no change of it. */
  touch?(key: string, milliseconds: number): Promise<unknown>;
}

/** A participant of a history. */
export interface HistoryNode {
  readonly name: string;
  /** Whether it remembers entries in its own memory. */
  readonly remembers: boolean;
  /** Whether `getOrSet` may give a value after its ttl. */
  readonly servesStale: boolean;
  readonly cache: HistoryCache;
  close(): Promise<void>;
}

/** An error that a loader has thrown on purpose. */
export class LoaderFailure extends Error {}
