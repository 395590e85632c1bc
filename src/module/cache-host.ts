import { resolveCacheOptions, type ResolvedCacheOptions } from '../cache/cache-options.js';
import type { NamedCache } from '../cache/named-cache.js';
import { systemClock } from '../clock.js';
import type { ManagedConnection } from '../connection/managed-connection.js';
import { CacheRegistry } from '../di/cache-registry.js';
import { NEVER_STALE } from '../cache/stale-options.js';
import { createReporter } from '../event/reporter.js';
import type { CacheDefaults } from '../http/engine/response-storage.js';
import { KeySpace } from '../key/key-space.js';
import { assembleCache, type AssembledCache, type AssemblyParts } from './cache-assembly.js';
import { Connections } from './connections.js';
import { eventLog } from './event-log.js';
import type { LogSink } from './quiet-log.js';
import { checkConnection, type ResolvedModuleOptions } from './module-options.js';

/** Those of a cache that the application has put into the registry by itself. */
const NO_DEFAULTS: CacheDefaults = Object.freeze({ ttl: null, stale: NEVER_STALE, takesTags: false });

/** All that one application has of this library: its connections, and the registry of the caches that live on them. */
export class CacheHost {
  readonly registry: CacheRegistry;
  readonly #options: ResolvedModuleOptions;
  readonly #connections: Connections;
  readonly #parts: AssemblyParts;
  readonly #log: LogSink;
  readonly #made = new Map<string, AssembledCache & { readonly defaults: CacheDefaults }>();
  #running = false;
  #closing: Promise<void> | undefined;

  private constructor(options: ResolvedModuleOptions, log: LogSink, types: AssemblyParts['types']) {
    const clock = systemClock;
    const reporter = createReporter([eventLog(log, clock)]);
    const { keyPrefix } = options;
    const probeKey = KeySpace.of({ keyPrefix, cache: 'default', version: undefined }).entryKey('probe');
    this.#options = options;
    this.#log = log;
    this.#connections = new Connections(options.connections, { reporter, clock, probeKey });
    this.#parts = { keyPrefix, clock, reporter, types, connections: this.#connections.all };
    this.registry = new CacheRegistry(this.#connections);
  }

  /**
   * Begins to connect, and makes the caches that the options declare. `types` are the classes that decorated methods
   * return, by cache.
   */
  static async open(
    options: ResolvedModuleOptions,
    log: LogSink,
    types: AssemblyParts['types'],
  ): Promise<CacheHost> {
    const host = new CacheHost(options, log, types);
    await host.#connections.start();
    return host.starting(async () => {
      for (const cache of options.caches.values()) await host.#declare(cache);
      return host;
    });
  }

  /**
   * Does a part of the application's start. Where it fails, all is closed: an application that does not start calls no
   * hook. Once it runs, what fails (a module that is loaded later) leaves it alone.
   */
  async starting<T>(part: (host: CacheHost) => T | Promise<T>): Promise<T> {
    try {
      return await part(this);
    } catch (error) {
      if (!this.#running) await this.close();
      throw error;
    }
  }

  /** The application has started. */
  started(): void {
    this.#running = true;
  }

  /** Adds a cache of a feature module. */
  async declare(name: string, raw: unknown): Promise<NamedCache> {
    const cache = resolveCacheOptions(name, raw, `caches.${name}`, this.#options.defaults);
    checkConnection(cache, this.#options.connections);
    return this.#declare(cache);
  }

  #declare(cache: ResolvedCacheOptions): Promise<NamedCache> {
    return this.registry.declare(cache.name, cache, async () => {
      const made = await assembleCache(cache, this.#parts);
      this.#made.set(cache.name, {
        ...made,
        defaults: { ttl: cache.ttl, stale: cache.stale, takesTags: made.cache.takesTags },
      });
      this.#log.log(`Cache "${cache.name}" lives in ${this.#placeOf(cache)}`);
      return made.cache;
    });
  }

  #placeOf(cache: ResolvedCacheOptions): string {
    if (cache.store === 'redis') return `Redis, connection "${cache.connection}"`;
    if (cache.store !== 'memory') return 'a store of the application';
    return this.#options.connections.size === 0
      ? "this process's memory, since no connection is configured"
      : "this process's memory";
  }

  /** What responses take from a cache. Throws for an unknown one. */
  defaultsOf(cache: string): CacheDefaults {
    this.registry.get(cache);
    return this.#made.get(cache)?.defaults ?? NO_DEFAULTS;
  }

  /** The connection of a name. */
  connection(name: string): ManagedConnection {
    return this.#connections.get(name);
  }

  /** Closes what the stores hold open, then the connections that are ours. The caches go on as their `onError` says. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#made.values()].map(({ close }) => close()));
    await this.#connections.close();
  }
}
