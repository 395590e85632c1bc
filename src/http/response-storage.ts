import { Logger } from '@nestjs/common';
import type { NamedCache } from '../cache/named-cache.js';
import type { Clock } from '../clock.js';
import { RedisCacheError } from '../errors.js';
import { NO_FILLER, reservedFiller, type Reserved, type ResponseFiller } from './response-filler.js';
import { packResponse, unpackResponse, type StoredResponse } from './stored-response.js';

/** What the response cache stands on. */
export interface ResponseStorageContext {
  /** A named cache; throws for a name that no module declares. */
  readonly cacheOf: (name: string) => DivisibleCache;
  /** A cache's own ttl in milliseconds; `null` = entries never expire. */
  readonly ttlOf: (name: string) => number | null;
  /** Another number once a cache was cleared in this process; 0 for one that no module declares. */
  readonly clearsOf: (name: string) => number;
  readonly clock: Clock;
}

/** What is needed of a cache, or of the part of it that holds its responses. */
type Cache = Pick<NamedCache, 'get' | 'set'> & {
  reserve(key: string, tags: readonly string[]): Promise<Reserved | undefined>;
};
type DivisibleCache = Cache & { namespace(name: string): Cache };

/** The part of a named cache that holds its responses. The cache's `clear` drops them too. */
const NAMESPACE = 'http-responses';

/** The stored responses of all named caches. No failure of a cache leaves it. */
export class ResponseStorage {
  readonly clock: Clock;
  readonly #context: ResponseStorageContext;
  readonly #caches = new Map<string, Cache>();
  readonly #pending = new Set<Promise<void>>();
  readonly #told = new Set<string>();
  readonly #logger = new Logger('ResponseCache');

  constructor(context: ResponseStorageContext) {
    this.#context = context;
    this.clock = context.clock;
  }

  /** A cache's own ttl in milliseconds; `null` = entries never expire. Throws for an unknown cache. */
  ttlOf(cache: string): number | null {
    return this.#context.ttlOf(cache);
  }

  /** A stored response; `undefined` when there is none, it cannot be read, or the cache fails. One round trip. */
  async read(cache: string, key: string): Promise<StoredResponse | undefined> {
    try {
      return unpackResponse(await this.#part(cache).get(key));
    } catch (error) {
      this.#tell(cache, 'read', error);
      return undefined;
    }
  }

  /**
   * Asks for what takes the response of a handler that runs next. Nothing is stored that was cleared meanwhile, since the
   * handler may have read what was cleared. Where responses carry tags (`undefined` = they do not), the same is so for
   * tags and for all processes, and one handler at a time fills: one round trip more, before the handler.
   */
  async filler(cache: string, key: string, tags: readonly string[] | undefined): Promise<ResponseFiller> {
    if (tags !== undefined) return this.#reserve(cache, key, tags);
    const { clearsOf } = this.#context;
    const clears = clearsOf(cache);
    return {
      ...NO_FILLER,
      store: (response, ttl) =>
        this.#write(cache, async () => {
          if (clearsOf(cache) === clears) await this.#part(cache).set(key, packResponse(response), { ttl });
        }),
    };
  }

  async #reserve(cache: string, key: string, tags: readonly string[]): Promise<ResponseFiller> {
    try {
      const reserved = await this.#part(cache).reserve(key, tags);
      return reserved === undefined
        ? NO_FILLER
        : reservedFiller(reserved, (work) => this.#write(cache, work));
    } catch (error) {
      this.#tell(cache, 'stored', error);
      return NO_FILLER;
    }
  }

  #write(cache: string, work: () => Promise<void>): void {
    const writing = Promise.resolve()
      .then(work)
      .then(
        () => undefined,
        (error: unknown) => this.#tell(cache, 'stored', error),
      )
      .finally(() => this.#pending.delete(writing));
    this.#pending.add(writing);
  }

  /** Waits until everything that was to be stored is stored or has failed. Does not reject. */
  async drain(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #part(name: string): Cache {
    const known = this.#caches.get(name);
    if (known !== undefined) return known;
    const part = responsesOf(this.#context.cacheOf(name));
    this.#caches.set(name, part);
    return part;
  }

  /** Says once per cache and kind what went wrong. A Redis out of reach is told by the connection. */
  #tell(cache: string, what: 'read' | 'stored', error: unknown): void {
    const code = error instanceof RedisCacheError ? error.code : 'UNEXPECTED';
    const once = `${cache}\0${what}\0${code}`;
    if (code === 'REDIS_UNAVAILABLE' || this.#told.has(once)) return;
    this.#told.add(once);
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`A response could not be ${what} in the cache ${JSON.stringify(cache)}: ${reason}`);
  }
}

/** The namespace for responses; the cache itself where its store cannot be divided. */
function responsesOf(cache: DivisibleCache): Cache {
  try {
    return cache.namespace(NAMESPACE);
  } catch (error) {
    if (error instanceof RedisCacheError && error.code === 'INVALID_OPTIONS') return cache;
    throw error;
  }
}
