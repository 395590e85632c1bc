import { resolveCacheOptions, type CacheOptions } from '../cache/cache-options.js';
import type { NamedCache } from '../cache/named-cache.js';
import type { Clock } from '../clock.js';
import type { ManagedConnection } from '../connection/managed-connection.js';
import { assembleCache } from '../module/cache-assembly.js';
import type { Store, StoreFactory } from '../store/store.js';
import { RecordingReporter } from './recording-reporter.js';

/** The options of a cache, its name (default `'default'`) and its application's key prefix (default that of the setup). */
export interface SetupCacheOptions extends CacheOptions {
  name?: string;
  keyPrefix?: string;
}

/** Where caches of one test are made. What they tell is in `events`. */
export interface CacheSetup {
  readonly events: RecordingReporter;
  cache(options?: SetupCacheOptions): Promise<NamedCache>;
  /** Closes what the stores of the caches have opened. Connections stay as they are. */
  close(): Promise<void>;
}

/** What caches are made on. */
export interface CacheSetupOptions {
  /** Where entries live that are given no other place; a function is asked once per cache. */
  readonly store: 'memory' | 'redis' | (() => Store | StoreFactory);
  readonly clock: Clock;
  /** Default `'test'`. */
  readonly keyPrefix?: string;
  /** By name. Default: none. */
  readonly connections?: ReadonlyMap<string, ManagedConnection>;
}

/** Makes caches without an application, as the module makes them. Their default ttl is five minutes. */
export function openCaches(options: CacheSetupOptions): CacheSetup {
  const events = new RecordingReporter();
  const { clock, connections = new Map<string, ManagedConnection>() } = options;
  const closes: (() => Promise<void>)[] = [];
  return {
    events,
    async cache({ name = 'default', keyPrefix = options.keyPrefix ?? 'test', ...own } = {}) {
      const store = typeof options.store === 'function' ? options.store() : options.store;
      const defaults = { store: 'memory', ttl: 300_000 } as const;
      const resolved = resolveCacheOptions(name, { store, ...own }, `caches.${name}`, defaults);
      const parts = { keyPrefix, clock, connections, reporter: events, types: new Map() };
      const { cache, close } = await assembleCache(resolved, parts);
      closes.push(close);
      return cache;
    },
    async close() {
      await Promise.all(closes.splice(0).map((close) => close()));
    },
  };
}
