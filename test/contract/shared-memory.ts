import type { CoherentStore } from '../../src/store/coherent-store.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { StoreFactory } from '../../src/store/store.js';
import { FakeClock, openCaches, type CacheSubject } from '../../src/testing/index.js';

/** What a coherent store that an application brings along cannot do in a test. */
export const SHARED_MEMORY = { locks: false, outages: false, versions: false } as const;

/**
 * Caches of several processes over stores in one memory, which none of them hears of. `front` may stand in front of each
 * store.
 */
export function sharedMemory(
  front: (store: CoherentStore) => CoherentStore = (store) => store,
): CacheSubject {
  const clock = new FakeClock(Date.now());
  const bounds = { max: 100_000, maxBytes: 10_000_000 };
  const stores = new Map<string, CoherentStore>();
  const factory: StoreFactory = {
    open({ space, codec, unreadable }) {
      const name = space.entryKey('');
      const store = stores.get(name) ?? front(memoryStore({ codec, clock, bounds, unreadable }));
      stores.set(name, store);
      return store;
    },
  };
  const open = () => openCaches({ store: () => factory, clock });
  return { ...open(), another: open, pass: (milliseconds) => clock.advance(milliseconds) };
}
