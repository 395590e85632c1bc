import { settled, shareCache, type CacheSubject } from './cache-subject.js';
import { failureNameOf, failureOf } from './failure-of.js';
import type { StoreCapability } from './store-subject.js';
import type { BehaviourCase } from './test-runner.js';

const AT_ONCE = { wait: 0 } as const;

/** Behaviour 27, as caches have it. `lockConformance` tries the locks themselves. */
export const CACHE_LOCK_CASES: readonly BehaviourCase<CacheSubject, StoreCapability>[] = [
  {
    title: 'a lock has nothing to do with the entry of its name',
    needs: ['locks'],
    async run(subject, expect) {
      const cache = await subject.cache();
      await cache.set('job', 'cached');
      const lock = await cache.lock('job', AT_ONCE);
      expect(await cache.get('job')).toBe('cached');
      await Promise.all([cache.del('job'), cache.clear()]);
      expect(await failureNameOf(cache.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      await cache.set('job', 'cached again');
      expect(await lock.release()).toBe(true);
      expect(await cache.get('job')).toBe('cached again');
    },
  },
  {
    title: 'withLock gives what the work gives or throws, and the lock back in any case',
    needs: ['locks'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const boom = new Error('boom');
      const fences: number[] = [];
      const given = await cache.withLock('job', async (lock) => {
        fences.push(lock.fence);
        return failureNameOf(cache.lock('job', AT_ONCE));
      });
      expect(given).toBe('LockTimeoutError');
      const failing = cache.withLock(
        'job',
        ({ fence }) => {
          fences.push(fence);
          throw boom;
        },
        AT_ONCE,
      );
      expect(await failureOf(failing)).toBe(boom);
      const last = await cache.lock('job', AT_ONCE);
      expect((fences[0] ?? NaN) < (fences[1] ?? NaN) && (fences[1] ?? NaN) < last.fence).toBe(true);
      await last.release();
    },
  },
  {
    title: 'locks of a namespace and of another cache are their own',
    needs: ['locks', 'namespaces'],
    async run(subject, expect) {
      const cache = await subject.cache();
      const caches = [cache, cache.namespace('part'), await subject.cache({ name: 'other' })];
      const locks = await Promise.all(caches.map((one) => one.lock('job', AT_ONCE)));
      expect(await failureNameOf(cache.namespace('part').lock('job', AT_ONCE))).toBe('LockTimeoutError');
      const released = await Promise.all(locks.map((lock) => lock.release()));
      expect(released).toStrictEqual([true, true, true]);
    },
  },
  {
    title: 'a lock is held in all processes, and passes on to who waits in the other',
    needs: ['locks', 'processes'],
    async run(subject, expect) {
      const { here, there } = await shareCache(subject);
      const lock = await here.lock('job');
      expect(await failureNameOf(there.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      const waiting = there.lock('job', { wait: '1h' });
      await lock.release();
      const next = await settled(subject, waiting);
      expect(next.fence > lock.fence).toBe(true);
      expect([await lock.release(), lock.signal.aborted]).toStrictEqual([false, false]);
      expect(await failureNameOf(here.lock('job', AT_ONCE))).toBe('LockTimeoutError');
      expect(await next.release()).toBe(true);
    },
  },
];
