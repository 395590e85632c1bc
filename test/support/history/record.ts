import type { Moment } from './moment.js';
import type { Change } from './world.js';

/** What stands in a cache: where it is from and how old it is. */
export interface Reading {
  readonly key: string;
  /** The last change of the database that concerned the key when it was read there. */
  readonly version: number;
  /** Who has put it there: absent = a loader, else the `id` of the write. */
  readonly set?: string;
}

/** How a value was read. */
export type ReadOperation = 'get' | 'peek' | 'getEntry' | 'getOrSet' | 'getOrSetMany';

/** One read of one key that was answered. */
export interface ReadRecord {
  readonly type: 'read';
  readonly node: string;
  readonly operation: ReadOperation;
  readonly key: string;
  readonly start: Moment;
  readonly end: Moment;
  /** Absent = a miss. */
  readonly value?: Reading;
  /** It may be one that has outlived its ttl: what `expire` has made stale is allowed then. */
  readonly mayBeStale: boolean;
  /** The error it was answered with. */
  readonly failed?: string;
}

/** How something is invalidated. */
export type WriteOperation = 'del' | 'mdel' | 'invalidateTags' | 'clear' | 'set' | 'mutate' | 'expire';

/** A change of the database, and the invalidation that followed it (for `mutate`: that surrounded it). */
export interface WriteRecord {
  readonly type: 'write';
  readonly node: string;
  readonly operation: WriteOperation;
  /** Another for each. */
  readonly id: string;
  readonly change: Change;
  /** That of the database after the change. */
  readonly version: number;
  /** When the call began. */
  readonly began: Moment;
  /** When the invalidation began; for `mutate` when its work had ended. What had been stored before that is removed by it. */
  readonly start: Moment;
  readonly end: Moment;
  /** Whether the cache has said that it is done. */
  readonly acknowledged: boolean;
}

/** One run of a loader, for one key. */
export interface LoadRecord {
  readonly type: 'load';
  readonly node: string;
  readonly operation: 'getOrSet' | 'getOrSetMany';
  readonly key: string;
  /** When the call began for which it runs. */
  readonly asked: Moment;
  readonly start: Moment;
  readonly end: Moment;
  /** It has failed on a node that has others pause then: those who have no old value load without a lease meanwhile. */
  readonly pauses?: true;
}

/** Something was done to the nodes, to Redis or to what lies between them. */
export interface FaultRecord {
  readonly type: 'fault';
  readonly name: string;
  readonly start: Moment;
  readonly end: Moment;
  /** The node whose process stood still meanwhile. */
  readonly frozen?: string;
  /** The nodes whose invalidation channel carried nothing meanwhile. */
  readonly deaf?: readonly string[];
}

export type HistoryRecord = ReadRecord | WriteRecord | LoadRecord | FaultRecord;

/** What is to be known of a node to judge what it has read. */
export interface NodeTraits {
  readonly name: string;
  /** Whether it remembers entries in its own memory. */
  readonly remembers: boolean;
}

/** What some nodes have done. */
export interface History {
  readonly nodes: readonly NodeTraits[];
  readonly records: readonly HistoryRecord[];
}
