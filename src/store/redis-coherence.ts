import type { Barrier, Claim, Coherence, Fill, Lease, LeaseRequest, LoadEnd } from './coherence.js';
import { raiseBarrier } from './redis-barriers.js';
import { RedisClaims } from './redis-claims.js';
import type { RedisEntries } from './redis-entries.js';
import { EntrySteps } from './redis-entry-steps.js';
import type { EntryWrites } from './redis-entry-writes.js';
import type { RedisLease } from './redis-lease.js';
import { RedisLeases } from './redis-leases.js';

/**
 * The coherence of one key space in Redis, between all processes that use it. Of its `writes`, those that were called
 * before take effect before.
 */
export function redisCoherence(entries: RedisEntries, writes: EntryWrites): Coherence {
  return new RedisCoherence(entries, writes);
}

class RedisCoherence implements Coherence {
  readonly #entries: RedisEntries;
  readonly #writes: EntryWrites;
  readonly #claims: RedisClaims;
  readonly #leases: RedisLeases;
  readonly #steps: EntrySteps;

  constructor(entries: RedisEntries, writes: EntryWrites) {
    this.#entries = entries;
    this.#writes = writes;
    this.#claims = new RedisClaims(entries);
    this.#leases = new RedisLeases(entries);
    this.#steps = new EntrySteps(entries);
  }

  acquire(requests: readonly LeaseRequest[]): Promise<Claim[]> {
    this.#writes.flush();
    return this.#claims.acquire(requests);
  }

  fill(fills: readonly Fill[]): Promise<LoadEnd[]> {
    this.#writes.flush();
    return this.#leases.fill(fills);
  }

  release(leases: readonly Lease[], pause?: number): Promise<LoadEnd[]> {
    this.#writes.flush();
    return this.#leases.release(leases as readonly RedisLease[], pause);
  }

  renew(leases: readonly Lease[]): Promise<boolean[]> {
    return this.#leases.renew(leases as readonly RedisLease[]);
  }

  watch(key: string, wake: () => void): (() => void) | undefined {
    return this.#entries.shared.tier?.watch(this.#entries.space.entryKey(key), wake);
  }

  invalidateTags(tags: readonly string[]): Promise<void> {
    this.#writes.flush();
    const { tags: inRedis, unsettled } = this.#entries.shared;
    const each = [...new Set(tags)];
    return unsettled.guardTags(each, () => inRedis.bump(each));
  }

  expire(key: string, grace?: number): Promise<boolean> {
    this.#writes.flush();
    return this.#steps.expire(this.#entries.space.entryKey(key), grace);
  }

  bar(
    targets: { readonly keys: readonly string[]; readonly tags: readonly string[] },
    ttl: number,
  ): Promise<Barrier> {
    this.#writes.overtake(targets.keys.map((key) => this.#entries.space.entryKey(key)));
    return raiseBarrier(this.#entries, targets, ttl);
  }
}
