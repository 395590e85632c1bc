import type { TagVersion } from '../codec/envelope.js';
import { newGeneration } from '../codec/generation.js';
import type { KeySpace } from '../key/key-space.js';
import type { Lease } from './coherence.js';

/** A lease that is asked for: its token is the value of its Redis key while it is held. */
export interface LeaseTry {
  readonly entryKey: string;
  readonly leaseKey: string;
  readonly token: string;
}

/** A lease in Redis, with what stood there when it was acquired. */
export interface RedisLease extends Lease, LeaseTry {
  /** The generations, put together. */
  readonly generations: string;
  /** The sequence of the tags. */
  readonly sequence: string;
  /** The tags that were known then. */
  readonly tags: readonly TagVersion[];
}

/** A try to get the lease of an entry: no token is like another. */
export function tryLease(space: KeySpace, key: string): LeaseTry {
  const entryKey = space.entryKey(key);
  return { entryKey, leaseKey: space.leaseKey(entryKey), token: newGeneration() };
}

/** Leases of one script: a longer one would keep other clients of the server waiting. */
const PART = 128;
/** From so many bytes on, a script takes no further value, for the same reason. */
const PART_BYTES = 1024 * 1024;

/**
 * The parts in which many entries go to Redis, by their number and by what `bytesOf` says of each. All of a part are touched
 * by one command.
 */
export function partsOf<T>(items: readonly T[], bytesOf?: (item: T) => number): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (part.length === 0) parts.push(part);
    part.push(item);
    bytes += bytesOf?.(item) ?? 0;
    if (part.length < PART && bytes < PART_BYTES) continue;
    part = [];
    bytes = 0;
  }
  return parts;
}
