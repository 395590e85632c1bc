import { Logger } from '@nestjs/common';
import type { NamedCache } from '../../cache/named-cache.js';
import type { ResolvedStale } from '../../cache/stale-options.js';
import type { Clock } from '../../clock.js';
import { RedisCacheError } from '../../errors.js';
import { ResponseFlights } from './response-flights.js';
import type { ResponseCachePart } from './response-flights-context.js';
import type { Answer, Question } from './response-question.js';
import type { StoredResponse } from '../rule/stored-response.js';
import { Variants } from './variants.js';

/** What the response cache stands on. */
export interface ResponseStorageContext {
  /** A named cache; throws for a name that no module declares. */
  readonly cacheOf: (name: string) => DivisibleCache;
  /** A cache's own ttl in milliseconds (`null` = entries never expire), and its stale options. */
  readonly defaultsOf: (name: string) => CacheDefaults;
  readonly clock: Clock;
}

/** What responses take from their cache where nothing else says so. */
export interface CacheDefaults {
  readonly ttl: number | null;
  readonly stale: ResolvedStale;
  /** Whether its entries can be invalidated by tags. */
  readonly takesTags: boolean;
}

type DivisibleCache = ResponseCachePart &
  Pick<NamedCache, 'invalidateTags'> & { namespace(name: string): ResponseCachePart };

/** The part of a named cache that holds its responses. The cache's `clear` drops them too. */
const NAMESPACE = 'http-responses';

/** How long the end of the application waits for handlers that run in the background, in milliseconds. */
const DRAIN_DUE = 10_000;

const ALONE: Answer = Object.freeze({ kind: 'alone', filler: undefined });

/** The stored responses of all named caches. No failure of a cache leaves it. */
export class ResponseStorage {
  readonly clock: Clock;
  readonly #context: ResponseStorageContext;
  readonly #flights = new Map<string, ResponseFlights>();
  readonly #variants: Variants;
  readonly #settling = new Set<Promise<unknown>>();
  readonly #told = new Set<string>();
  readonly #logger = new Logger('ResponseCache');

  constructor(context: ResponseStorageContext) {
    this.#context = context;
    this.clock = context.clock;
    this.#variants = new Variants(context.clock);
  }

  /** What responses take from a cache. Throws for an unknown one. */
  defaultsOf(cache: string): CacheDefaults {
    return this.#context.defaultsOf(cache);
  }

  /** A named cache; throws for an unknown one. */
  cacheOf(name: string): Pick<NamedCache, 'invalidateTags'> {
    return this.#context.cacheOf(name);
  }

  /** The fresh stored response to a request that this process remembers, at once; `undefined` where it has to be looked up. */
  remembered(cache: string, question: Question): StoredResponse | undefined {
    try {
      return this.#flightsOf(cache).remembered(question);
    } catch (error) {
      this.#tell(cache, 'read', error);
      return undefined;
    }
  }

  /** Answers a request; where the cache fails, it runs its handler for itself. A hit is one round trip. */
  ask(cache: string, question: Question): Promise<Answer> {
    return this.#safely(cache, ALONE, (flights) => flights.ask(question));
  }

  /** The stored response to a request that fills nothing; `undefined` when there is none. */
  find(cache: string, question: Question): Promise<StoredResponse | undefined> {
    return this.#safely(cache, undefined, (flights) => flights.find(question));
  }

  /** Waits until everything that is to be stored is stored or has failed, for ten seconds at the most. Does not reject. */
  async drain(): Promise<void> {
    let stop!: () => void;
    const due = new Promise<void>((resolve) => (stop = this.clock.schedule(DRAIN_DUE, resolve)));
    await Promise.race([due, this.#settled()]);
    stop();
  }

  async #settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling);
  }

  async #safely<T>(cache: string, otherwise: T, work: (flights: ResponseFlights) => Promise<T>): Promise<T> {
    try {
      return await work(this.#flightsOf(cache));
    } catch (error) {
      this.#tell(cache, 'read', error);
      return otherwise;
    }
  }

  #flightsOf(name: string): ResponseFlights {
    let flights = this.#flights.get(name);
    if (flights === undefined) {
      flights = new ResponseFlights({
        cache: responsesOf(this.#context.cacheOf(name)),
        variants: this.#variants,
        clock: this.clock,
        settling: (work) => this.#settle(name, work),
      });
      this.#flights.set(name, flights);
    }
    return flights;
  }

  #settle(cache: string, work: Promise<unknown>): void {
    const settling: Promise<unknown> = work
      .catch((error: unknown) => this.#tell(cache, 'stored', error))
      .finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
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
function responsesOf(cache: DivisibleCache): ResponseCachePart {
  try {
    return cache.namespace(NAMESPACE);
  } catch (error) {
    if (error instanceof RedisCacheError && error.code === 'INVALID_OPTIONS') return cache;
    throw error;
  }
}
