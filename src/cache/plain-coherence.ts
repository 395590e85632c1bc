import { InvalidOptionsError } from '../errors.js';
import type { Claim, Coherence, Lease, LoadEnd } from '../store/coherence.js';
import type { Store } from '../store/store.js';

const NO_TAGS = 'the store of this cache cannot invalidate by tags; a store in Redis or in memory can';
const ENDED: LoadEnd = Object.freeze({ stored: false, current: true });

/**
 * The best that can be made of a store which knows no coherence of its own, such as a Keyv: loads are shared and fenced
 * within this process alone, by their flights; `expire` removes; tags are refused.
 */
export function plainCoherence(store: Store): Coherence {
  const barred = new Map<string, number>();
  return {
    async acquire(requests) {
      return requests.map(({ key }): Claim =>
        barred.has(key) ? { state: 'barred' } : { state: 'held', lease: { key }, entry: undefined },
      );
    },
    async fill(fills) {
      const stored = await store.write(
        fills.map(({ write }) => write),
        'set',
      );
      return stored.map((one) => ({ stored: one, current: one }));
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
      if (tags.length > 0) throw new InvalidOptionsError('tags', NO_TAGS, tags);
      for (const key of keys) barred.set(key, (barred.get(key) ?? 0) + 1);
      await store.delete(keys);
      return {
        renew: () => Promise.resolve(),
        async lift() {
          await store.delete(keys);
          for (const key of keys) {
            const others = (barred.get(key) ?? 1) - 1;
            if (others === 0) barred.delete(key);
            else barred.set(key, others);
          }
        },
      };
    },
  };
}

/** @throws InvalidOptionsError when a store that knows no tags is given some */
export function refuseTags(path: string, tags: readonly string[]): void {
  if (tags.length > 0) throw new InvalidOptionsError(path, NO_TAGS, tags);
}
