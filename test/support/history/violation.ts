import type { Moment } from './moment.js';

/** The invariants of docs that a history is checked against, by what they promise. */
export type Rule =
  /** What was invalidated is not served. */
  | 'freshness'
  /** What a node has seen replaced does not come back to it. */
  | 'monotonic'
  /** One loader of a key at a time that may fill. */
  | 'single load'
  /** A value is the one of its key. */
  | 'identity'
  /** Every read ends in time, and well. */
  | 'answer'
  /** Nothing is served from memory while nobody tells of changes. */
  | 'deafness';

/** A breach of an invariant. */
export interface Violation {
  readonly rule: Rule;
  readonly node: string;
  readonly key: string;
  readonly at: Moment;
  readonly text: string;
  /** For how long what was read had been invalidated already. */
  readonly lag?: Moment;
}

/** What a history is measured by, in microseconds. */
export interface Bounds {
  /** For how long a node that remembers entries may serve what another node has invalidated. */
  readonly delay: Moment;
  /** The longest that a read may take. */
  readonly patience: Moment;
}
