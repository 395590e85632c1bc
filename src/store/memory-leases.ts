import { LEASE_TIME, type Lease } from './coherence.js';
import type { TagMoment } from './memory-tags.js';

/** A lease of a memory store: the object is its own token. */
export interface MemoryLease extends Lease {
  readonly entryKey: string;
  readonly tags: readonly string[];
  /** When it was given. */
  readonly since: TagMoment;
}

interface Hold {
  /** `undefined` = nobody is to load the key for a while. */
  readonly lease: MemoryLease | undefined;
  /** By the monotonic clock. */
  until: number;
}

const SMALLEST_SWEEP = 64;

/**
 * The leases of a memory store, shared by its parts: one for a key at most. Times are those of the monotonic clock.
 * A lease that neither was given back nor renewed is forgotten by the time as many again have been taken.
 */
export class MemoryLeases {
  readonly #holds = new Map<string, Hold>();
  #sweepAt = SMALLEST_SWEEP;

  /** How many keys are held, those included whose time has passed unnoticed. */
  get size(): number {
    return this.#holds.size;
  }

  /** Whether somebody loads a key, or nobody is to. */
  stateOf(entryKey: string, now: number): 'free' | 'loading' | 'paused' {
    const hold = this.#holds.get(entryKey);
    if (hold === undefined || hold.until <= now) return 'free';
    return hold.lease === undefined ? 'paused' : 'loading';
  }

  /** Gives out the lease of a key that is free. */
  take(lease: MemoryLease, now: number): void {
    this.#hold(lease.entryKey, { lease, until: now + LEASE_TIME }, now);
  }

  /** Whether a lease is still held. */
  holds(lease: MemoryLease, now: number): boolean {
    const hold = this.#holds.get(lease.entryKey);
    return hold !== undefined && hold.lease === lease && hold.until > now;
  }

  /** Keeps a lease for its whole time again, and says whether it is still held. */
  renew(lease: MemoryLease, now: number): boolean {
    if (!this.holds(lease, now)) return false;
    (this.#holds.get(lease.entryKey) as Hold).until = now + LEASE_TIME;
    return true;
  }

  /** Lets nobody load a key for so many milliseconds. */
  pause(entryKey: string, length: number, now: number): void {
    this.#hold(entryKey, { lease: undefined, until: now + length }, now);
  }

  /** Ends the lease or the pause of a key. */
  end(entryKey: string): void {
    this.#holds.delete(entryKey);
  }

  /** Ends those of all keys that begin with `prefix`. */
  endBelow(prefix: string): void {
    for (const entryKey of this.#holds.keys()) if (entryKey.startsWith(prefix)) this.#holds.delete(entryKey);
  }

  /**
   * Ends the leases of loads that are known to carry one of the tags, and those whose time has passed: each holds on to all
   * that was invalidated since.
   */
  endTagged(tags: ReadonlySet<string>, now: number): void {
    for (const [entryKey, { lease, until }] of this.#holds) {
      const isTagged = lease?.tags.some((tag) => tags.has(tag)) === true;
      if (isTagged || until <= now) this.#holds.delete(entryKey);
    }
  }

  #hold(entryKey: string, hold: Hold, now: number): void {
    this.#holds.set(entryKey, hold);
    if (this.#holds.size < this.#sweepAt) return;
    for (const [key, { until }] of this.#holds) if (until <= now) this.#holds.delete(key);
    this.#sweepAt = Math.max(SMALLEST_SWEEP, this.#holds.size * 2);
  }
}
