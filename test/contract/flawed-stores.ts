import { memoryLocks } from '../../src/lock/memory-locks.js';
import type { Lock, Locks } from '../../src/lock/lock.js';
import type { Claim, Coherence } from '../../src/store/coherence.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import type { FakeClock } from '../../src/testing/index.js';

/** What is wrong with a store, its namespaces and its coherence. */
type Flaw = (store: CoherentStore) => Partial<Pick<CoherentStore, 'delete'> & Coherence>;

/** A sound store with some methods replaced. */
function flawed(flaw: Flaw): (store: CoherentStore) => CoherentStore {
  return (store) => {
    const own = flaw(store);
    const coherence = replaced(store.coherence, own);
    const namespace = (name: string): CoherentStore => flawed(flaw)(store.namespace(name));
    return replaced(store, { ...own, coherence, namespace });
  };
}

function replaced<T extends object>(sound: T, own: object): T {
  return new Proxy(sound, {
    get(target, name) {
      const from = name in own ? own : target;
      const member: unknown = Reflect.get(from, name);
      return typeof member === 'function' ? (member.bind(from) as unknown) : member;
    },
  });
}

/** Coherent stores that are wrong, and the tests of `storeCoherence` and of `cacheConformance` that must find it. */
export const FLAWED_STORES: Readonly<
  Record<string, { front(store: CoherentStore): CoherentStore; store: string; cache: string }>
> = {
  'tags that nobody looks at': {
    front: flawed(() => ({ invalidateTags: async () => undefined })),
    store: 'an entry is absent in every respect once one of its tags was invalidated',
    cache: 'an entry that was tagged by set is gone once one of its tags is invalidated',
  },
  'an invalidation of the first tag alone': {
    front: flawed(({ coherence }) => ({
      invalidateTags: (tags) => coherence.invalidateTags(tags.slice(0, 1)),
    })),
    store:
      'several tags are invalidated at one moment: nobody sees some of their entries gone and others not',
    cache: 'several tags are invalidated together, however they are given; other entries stay',
  },
  'a lease that is never lost': {
    front: flawed((store) => ({
      async fill(fills) {
        await store.coherence.release(fills.map(({ lease }) => lease));
        await store.write(
          fills.map(({ write }) => write),
          'set',
        );
        return fills.map(() => ({ stored: true, current: true }));
      },
    })),
    store: 'what was loaded before its key is removed elsewhere is not stored',
    cache: 'what is loaded while its key is removed in another process is for nobody who asks later',
  },
  'a lease for everybody': {
    front: flawed(({ coherence }) => ({
      async acquire(requests) {
        const claims = await coherence.acquire(requests);
        return claims.map((claim, index): Claim => {
          if (claim.state !== 'busy') return claim;
          return { state: 'held', lease: { key: requests[index]?.key ?? '' }, entry: claim.entry };
        });
      },
    })),
    store: 'of many who ask for a key at once, one may load it',
    cache: 'callers in the other process wait for a loader that takes its time',
  },
  'a lease that a failure does not give back': {
    front: flawed(() => ({
      release: async (leases) => leases.map(() => ({ stored: false, current: true })),
    })),
    store: 'a lease that was given back is given to the next',
    cache: 'a failure is not cached, stays in its process, and frees those who wait in the other',
  },
  'a removal that leaves a stale value': {
    front: flawed(({ coherence }) => ({
      async delete(keys) {
        const expired = await Promise.all(keys.map((key) => coherence.expire(key)));
        return expired.filter(Boolean).length;
      },
    })),
    store: 'what was invalidated is never served as stale',
    cache: 'what was removed is not served as stale',
  },
  'stale values that are never kept': {
    front: flawed((store) => ({
      async expire(key) {
        return (await store.delete([key])) > 0;
      },
    })),
    store: 'expire makes a fresh entry stale, which a load replaces',
    cache: 'revalidate: the old value is given at once, while one load makes it fresh',
  },
  'barriers that stop nothing': {
    front: flawed((store) => ({
      async bar({ keys, tags }) {
        const invalidate = async (): Promise<void> => {
          await store.delete(keys);
          await store.coherence.invalidateTags(tags);
        };
        await invalidate();
        return { renew: invalidate, lift: invalidate };
      },
    })),
    store: 'nothing is loaded, set, added or counted into the store while a barrier stands',
    cache: 'what is set or added while the work runs is not kept',
  },
};

/** Sound locks, each of which is changed before it is given out. */
function changed(locks: Locks, change: (lock: Lock, name: string) => Lock): Locks {
  return {
    lock: async (name, options) => change(await locks.lock(name, options), name),
    namespace: (name) => changed(locks.namespace(name), change),
  };
}

/** Locks that are wrong, and the tests of `lockConformance` that must find it. */
export const FLAWED_LOCKS: Readonly<Record<string, { locks(clock: FakeClock): Locks; title: string }>> = {
  'a release by whoever has held it': {
    locks(clock) {
      const last = new Map<string, Lock>();
      return changed(memoryLocks({ clock }), (lock, name) => {
        last.set(name, lock);
        return { ...lock, release: async () => (await last.get(name)?.release()) ?? false };
      });
    },
    title: 'gives a lock back once, and never that of the next holder',
  },
  'a fence that stands still': {
    locks: (clock) => changed(memoryLocks({ clock }), (lock) => ({ ...lock, fence: 1 })),
    title: 'is given a fence that grows with each holder',
  },
  'a lock for everybody': {
    locks: (clock) => ({
      lock: (name, options) => memoryLocks({ clock }).lock(name, options),
      namespace: () => memoryLocks({ clock }),
    }),
    title: 'a lock that is held is refused to others, until it is given back',
  },
  'namespaces that are one': {
    locks(clock) {
      const locks = memoryLocks({ clock });
      const one: Locks = { lock: (name, options) => locks.lock(name, options), namespace: () => one };
      return one;
    },
    title: 'locks of a namespace are its own, and the same in every process',
  },
};
