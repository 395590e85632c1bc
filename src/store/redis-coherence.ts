import type { Barrier, Claim, Coherence, Fill, Lease, LeaseRequest, LoadEnd } from './coherence.js';
import { raiseBarrier } from './redis-barriers.js';
import { RedisClaims } from './redis-claims.js';
import type { RedisEntries } from './redis-entries.js';
import { EntrySteps } from './redis-entry-steps.js';
import type { RedisLease } from './redis-lease.js';
import { RedisLeases } from './redis-leases.js';

/**
 * The coherence of one key space in Redis, between all processes that use it. `flush` sends the writes that wait for the end
 * of this turn of the event loop: what is called later takes effect later.
 */
export function redisCoherence(entries: RedisEntries, flush: () => void): Coherence {
  return new RedisCoherence(entries, flush);
}

class RedisCoherence implements Coherence {
  readonly #entries: RedisEntries;
  readonly #flush: () => void;
  readonly #claims: RedisClaims;
  readonly #leases: RedisLeases;
  readonly #steps: EntrySteps;

  constructor(entries: RedisEntries, flush: () => void) {
    this.#entries = entries;
    this.#flush = flush;
    this.#claims = new RedisClaims(entries);
    this.#leases = new RedisLeases(entries);
    this.#steps = new EntrySteps(entries);
  }

  acquire(requests: readonly LeaseRequest[]): Promise<Claim[]> {
    this.#flush();
    return this.#claims.acquire(requests);
  }

  fill(fills: readonly Fill[]): Promise<LoadEnd[]> {
    this.#flush();
    return this.#leases.fill(fills);
  }

  release(leases: readonly Lease[], pause?: number): Promise<LoadEnd[]> {
    this.#flush();
    return this.#leases.release(leases as readonly RedisLease[], pause);
  }

  renew(leases: readonly Lease[]): Promise<boolean[]> {
    return this.#leases.renew(leases as readonly RedisLease[]);
  }

  watch(key: string, wake: () => void): (() => void) | undefined {
    return this.#entries.shared.tier?.watch(this.#entries.space.entryKey(key), wake);
  }

  invalidateTags(tags: readonly string[]): Promise<void> {
    this.#flush();
    const { tags: inRedis, unsettled } = this.#entries.shared;
    const each = [...new Set(tags)];
    return unsettled.guardTags(each, () => inRedis.bump(each));
  }

  expire(key: string, grace?: number): Promise<boolean> {
    this.#flush();
    return this.#steps.expire(this.#entries.space.entryKey(key), grace);
  }

  bar(
    targets: { readonly keys: readonly string[]; readonly tags: readonly string[] },
    ttl: number,
  ): Promise<Barrier> {
    this.#flush();
    return raiseBarrier(this.#entries, targets, ttl);
  }
}
