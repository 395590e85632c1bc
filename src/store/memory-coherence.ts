import type { Codec, EncodedValue } from '../codec/codec.js';
import type { Barrier, Claim, Coherence, Fill, Lease, LeaseRequest, LoadEnd } from './coherence.js';
import { encodeWrites } from './encode-writes.js';
import type { BarrierTargets } from './memory-barriers.js';
import type { MemoryEntry } from './memory-entries.js';
import type { MemoryKeys } from './memory-keys.js';
import type { MemoryLease } from './memory-leases.js';
import type { MemoryValues } from './memory-values.js';
import type { MemoryWhole } from './memory-whole.js';

/** A claim whose entry is still as it is kept. */
type KeptClaim =
  | { readonly state: 'held'; readonly lease: MemoryLease; readonly entry: MemoryEntry | undefined }
  | { readonly state: 'fresh'; readonly entry: MemoryEntry }
  | { readonly state: 'busy'; readonly failed: boolean; readonly entry: MemoryEntry | undefined }
  | { readonly state: 'barred' };

const ENDED: LoadEnd = Object.freeze({ stored: false, current: false });
const GIVEN_BACK: LoadEnd = Object.freeze({ stored: false, current: true });
const STORED: LoadEnd = Object.freeze({ stored: true, current: true });

/** What one part of a memory store stands on. */
export interface MemoryPart {
  readonly whole: MemoryWhole;
  readonly keys: MemoryKeys;
  readonly codec: Codec;
  readonly values: MemoryValues;
}

/**
 * The coherence of one part of a memory store. Whatever outdates a load ends its lease at once: by a lease that is held
 * everything is as it was when it was given, but for tags that only the result names.
 */
export class MemoryCoherence implements Coherence {
  readonly #whole: MemoryWhole;
  readonly #keys: MemoryKeys;
  readonly #codec: Codec;
  readonly #values: MemoryValues;

  constructor({ whole, keys, codec, values }: MemoryPart) {
    this.#whole = whole;
    this.#keys = keys;
    this.#codec = codec;
    this.#values = values;
  }

  async acquire(requests: readonly LeaseRequest[]): Promise<Claim[]> {
    const now = this.#whole.clock.monotonic();
    const claims = requests.map((request) => this.#claim(request, now));
    return Promise.all(
      claims.map((claim, index) => this.#opened(claim, requests[index] as LeaseRequest, now)),
    );
  }

  #claim({ key, tags, anew }: LeaseRequest, now: number): KeptClaim {
    const { leases, entries } = this.#whole;
    const entryKey = this.#keys.entryKey(key);
    if (this.#whole.bars(entryKey, tags, now)) return { state: 'barred' };
    const entry = entries.find(entryKey, now);
    if (!anew && entry !== undefined && entry.freshUntil > now) return { state: 'fresh', entry };
    const state = leases.stateOf(entryKey, now);
    if (state !== 'free') return { state: 'busy', failed: state === 'paused', entry };
    const lease: MemoryLease = { key, entryKey, tags, since: this.#whole.tags.now };
    leases.take(lease, now);
    return { state: 'held', lease, entry };
  }

  async #opened(claim: KeptClaim, request: LeaseRequest, now: number): Promise<Claim> {
    if (claim.state === 'barred') return claim;
    const entry = claim.entry && (await this.#values.open(request.key, claim.entry, now));
    if (claim.state !== 'fresh') return { ...claim, entry };
    if (entry !== undefined) return { state: 'fresh', entry };
    // It cannot be read: it is as good as absent.
    const again = { ...request, anew: true };
    return { ...this.#claim(again, this.#whole.clock.monotonic()), entry: undefined } as Claim;
  }

  async fill(fills: readonly Fill[]): Promise<LoadEnd[]> {
    const pending = encodeWrites(
      this.#codec,
      fills.flatMap(({ write, beside }) => (beside === undefined ? [write] : [write, beside])),
    );
    const encoded = [...(pending instanceof Promise ? await pending : pending)];
    return fills.map((fill) => {
      const count = fill.beside === undefined ? 1 : 2;
      return this.#fill(fill, encoded.splice(0, count));
    });
  }

  #fill({ lease, write, beside }: Fill, [encoded, besideIt]: readonly EncodedValue[]): LoadEnd {
    const { leases, tags, entries, clock } = this.#whole;
    const { entryKey, since } = lease as MemoryLease;
    const now = clock.monotonic();
    if (!leases.holds(lease as MemoryLease, now)) return ENDED;
    const named = write.tags ?? [];
    const outdated =
      this.#whole.bars(entryKey, named, now) ||
      tags.invalidatedSince(since, named) ||
      write.wanted?.() === false;
    const stored = !outdated && entries.put(entryKey, this.#values.keep(encoded as EncodedValue), write);
    if (stored && beside !== undefined) {
      entries.put(this.#keys.entryKey(beside.key), this.#values.keep(besideIt as EncodedValue), beside);
    }
    this.#whole.changed(entryKey);
    if (outdated) return ENDED;
    return stored ? STORED : GIVEN_BACK;
  }

  async release(leases: readonly Lease[], pause?: number): Promise<LoadEnd[]> {
    const now = this.#whole.clock.monotonic();
    return (leases as readonly MemoryLease[]).map((lease) => {
      if (!this.#whole.leases.holds(lease, now)) return ENDED;
      this.#whole.leases.end(lease.entryKey);
      if (pause !== undefined) this.#whole.leases.pause(lease.entryKey, pause, now);
      this.#whole.watchers.wake(lease.entryKey);
      return GIVEN_BACK;
    });
  }

  async renew(leases: readonly Lease[]): Promise<boolean[]> {
    const now = this.#whole.clock.monotonic();
    return leases.map((lease) => this.#whole.leases.renew(lease as MemoryLease, now));
  }

  watch(key: string, wake: () => void): () => void {
    return this.#whole.watchers.watch(this.#keys.entryKey(key), wake);
  }

  async invalidateTags(tags: readonly string[]): Promise<void> {
    this.#whole.invalidate(new Set(tags));
  }

  async expire(key: string): Promise<boolean> {
    const { entries } = this.#whole;
    const entryKey = this.#keys.entryKey(key);
    const entry = entries.fresh(entryKey);
    if (entry !== undefined) entries.age(entryKey, entry, 0);
    this.#whole.changed(entryKey);
    return entry !== undefined;
  }

  async bar(
    targets: { readonly keys: readonly string[]; readonly tags: readonly string[] },
    ttl: number,
  ): Promise<Barrier> {
    const { barriers, clock } = this.#whole;
    const own: BarrierTargets = {
      entryKeys: new Set(targets.keys.map((key) => this.#keys.entryKey(key))),
      tags: new Set(targets.tags),
    };
    const invalidate = (): void => {
      this.#whole.remove(own.entryKeys);
      this.#whole.invalidate(own.tags);
    };
    const stand = (): void => {
      barriers.stand(own, clock.monotonic() + ttl);
      invalidate();
    };
    stand();
    return {
      renew: async () => stand(),
      lift: async () => {
        barriers.lift(own);
        invalidate();
      },
    };
  }
}
