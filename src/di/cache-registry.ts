import { isDeepStrictEqual } from 'node:util';
import type { NamedCache } from '../cache/named-cache.js';
import type { ManagedConnection } from '../connection/managed-connection.js';
import type { RedisClient } from '../connection/redis-client.js';
import { InvalidOptionsError, UnknownCacheError } from '../errors.js';

/** A cache with what was declared of it. */
interface Declared {
  readonly options: object;
  readonly made: Promise<NamedCache>;
}

/** Where the registry finds connections. */
interface ConnectionSource {
  get(name: string): ManagedConnection;
}

/** The named caches of one application. Inject it where the name is known only at run time. */
export class CacheRegistry {
  readonly #declared = new Map<string, Declared>();
  readonly #caches = new Map<string, NamedCache>();
  readonly #connections: ConnectionSource;

  /** @internal */
  constructor(connections: ConnectionSource) {
    this.#connections = connections;
  }

  /**
   * The cache of a name.
   *
   * @throws UnknownCacheError listing the names that exist
   */
  get(name = 'default'): NamedCache {
    const cache = this.#caches.get(name);
    if (cache === undefined) throw new UnknownCacheError(name, this.#caches.keys());
    return cache;
  }

  /** Whether a cache of this name is declared. */
  has(name: string): boolean {
    return this.#caches.has(name);
  }

  /** The names of all declared caches. */
  names(): string[] {
    return [...this.#caches.keys()];
  }

  /**
   * A further node-redis client to the server of a connection, for blocking commands, subscriptions and queues. It is not
   * connected yet; who asks for it connects and closes it.
   *
   * @throws InvalidOptionsError when there is no such connection
   */
  duplicateConnection(name = 'default'): RedisClient {
    return this.#connections.get(name).duplicate();
  }

  /**
   * Adds a cache. Declared twice with equal options it is one cache.
   *
   * @throws InvalidOptionsError when it is declared already with other options
   * @internal
   */
  async declare(name: string, options: object, make: () => Promise<NamedCache>): Promise<NamedCache> {
    const present = this.#declared.get(name);
    if (present === undefined) {
      const made = make();
      this.#declared.set(name, { options, made });
      const cache = await made;
      this.#caches.set(name, cache);
      return cache;
    }
    if (!isDeepStrictEqual(present.options, options)) {
      throw new InvalidOptionsError(`caches.${name}`, 'is declared twice, with different options');
    }
    return present.made;
  }
}
