import { systemClock } from '../clock.js';
import { Keyv, type StoredData } from 'keyv';

/** The part of a cache that a Keyv needs. */
interface KeyvSource {
  getEntry<T>(key: string): Promise<{ readonly value: T; readonly ttl: number | null } | undefined>;
  set<T>(key: string, value: T, ttl?: { ttl: number | null }): Promise<T>;
  del(key: string): Promise<boolean>;
  clear(): Promise<boolean>;
}

/**
 * A Keyv whose entries are those of a cache, under the same keys: for code that takes a Keyv, or reaches for the first of
 * a cache-manager's `stores`. It serialises nothing itself. A write without a ttl gets the cache's.
 */
export function keyvView(cache: KeyvSource): Keyv {
  const adapter = {
    opts: {},
    async get<T>(key: string): Promise<StoredData<T>> {
      const entry = await cache.getEntry<T>(key);
      if (entry === undefined) return undefined;
      if (entry.ttl === null) return { value: entry.value };
      // Keyv compares with the time of the system, whatever clock the cache goes by.
      return { value: entry.value, expires: systemClock.now() + entry.ttl };
    },
    async set(key: string, stored: unknown, ttl?: number): Promise<boolean> {
      const { value } = stored as { value: unknown };
      await (ttl === undefined ? cache.set(key, value) : cache.set(key, value, { ttl }));
      return true;
    },
    delete: (key: string) => cache.del(key),
    clear: async () => void (await cache.clear()),
    // Keyv listens for its store's errors. A cache reports its own.
    on: () => adapter,
  };
  const keyv = new Keyv({ store: adapter, useKeyPrefix: false });
  keyv.serialize = undefined;
  keyv.deserialize = undefined;
  return keyv;
}
