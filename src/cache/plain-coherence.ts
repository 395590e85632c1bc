import { InvalidOptionsError } from '../errors.js';
import type { Barrier, Claim, Coherence, Lease, LoadEnd } from '../store/coherence.js';
import type { Store } from '../store/store.js';

/** Why a cache takes no tags. */
const NO_TAGS = 'the store of this cache cannot invalidate by tags; a store in Redis or in memory can';
const ENDED: LoadEnd = Object.freeze({ stored: false, current: true });

/**
 * The best that can be made of a store which knows no coherence of its own, such as a Keyv: loads are shared and fenced
 * within this process alone, by their flights; `expire` removes; tags are refused.
 */
export function plainCoherence(store: Store): Coherence {
  const barriers = new PlainBarriers(store);
  return {
    async acquire(requests) {
      return requests.map(({ key }): Claim =>
        barriers.has(key) ? { state: 'barred' } : { state: 'held', lease: { key }, entry: undefined },
      );
    },
    async fill(fills) {
      const besides = fills.flatMap(({ beside }) => beside ?? []);
      const stored = await store.write([...fills.map(({ write }) => write), ...besides], 'set');
      return stored.slice(0, fills.length).map((one) => ({ stored: one, current: one }));
    },
    release: (leases: readonly Lease[]) => Promise.resolve(leases.map(() => ENDED)),
    renew: (leases: readonly Lease[]) => Promise.resolve(leases.map(() => true)),
    watch: () => undefined,
    invalidateTags: () => Promise.reject(new InvalidOptionsError('tags', NO_TAGS)),
    async expire(key) {
      const present = (await store.ttl(key)) !== undefined;
      await store.delete([key]);
      return present;
    },
    async bar({ keys, tags }) {
      refuseTags('tags', tags);
      return barriers.raise(keys);
    },
  };
}

/** Barriers that hold within this process alone. */
class PlainBarriers {
  readonly #store: Store;
  /** How many stand, by key. */
  readonly #standing = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  has(key: string): boolean {
    return this.#standing.has(key);
  }

  async raise(keys: readonly string[]): Promise<Barrier> {
    this.#count(keys, 1);
    // One that could not be raised or lifted stands no longer: nobody would come to lift it again.
    const lift = async (): Promise<void> => {
      try {
        await this.#store.delete(keys);
      } finally {
        this.#count(keys, -1);
      }
    };
    try {
      await this.#store.delete(keys);
    } catch (error) {
      this.#count(keys, -1);
      throw error;
    }
    return { renew: () => Promise.resolve(), lift };
  }

  #count(keys: readonly string[], more: 1 | -1): void {
    for (const key of keys) {
      const standing = (this.#standing.get(key) ?? 0) + more;
      if (standing === 0) this.#standing.delete(key);
      else this.#standing.set(key, standing);
    }
  }
}

/** @throws InvalidOptionsError when a store that knows no tags is given some */
export function refuseTags(path: string, tags: readonly string[]): void {
  if (tags.length > 0) throw new InvalidOptionsError(path, NO_TAGS, tags);
}
