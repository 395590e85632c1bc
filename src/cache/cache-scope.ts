import { EventEmitter } from 'node:events';
import { InvalidOptionsError } from '../errors.js';
import type { CacheEvent } from '../event/cache-event.js';
import type { Locks } from '../lock/lock.js';
import type { Coherence } from '../store/coherence.js';
import { isCoherent, type CoherentStore } from '../store/coherent-store.js';
import type { Store, StoredEntry } from '../store/store.js';
import type { CacheContext } from './cache-context.js';
import { flightPrefix } from './flight-id.js';
import { plainCoherence } from './plain-coherence.js';
import { asError, isRefusal, refusalError } from './refusal.js';

const NO_LOCKS = 'locks need a store in Redis or in memory, or a connection';

/** One cache or one namespace of it: its store, what it tells, and how it meets failures. Its operations share it. */
export class CacheScope {
  /** The cache's name; for a namespace `cache/namespace`. */
  readonly name: string;
  readonly store: Store;
  readonly context: CacheContext;
  /** The store's own, or the best that can be made of it. */
  readonly coherence: Coherence;
  /** The store where it is coherent. */
  readonly #coherent: CoherentStore | undefined;
  /** The names of the namespaces that lead here. */
  readonly #path: readonly string[];
  readonly #flightPrefix: string;
  #emitter: EventEmitter | undefined;

  constructor(name: string, store: Store, context: CacheContext, path: readonly string[] = []) {
    this.name = name;
    this.store = store;
    this.context = context;
    this.#path = path;
    this.#flightPrefix = flightPrefix(path);
    this.#coherent = isCoherent(store) ? store : undefined;
    this.coherence = this.#coherent?.coherence ?? plainCoherence(store);
  }

  /** Whether the store keeps itself coherent. */
  get coherent(): boolean {
    return this.#coherent !== undefined;
  }

  /** Looks keys up; `tags` are those that the entries probably carry. */
  read(keys: readonly string[], tags: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    return this.#coherent === undefined ? this.store.read(keys) : this.#coherent.read(keys, tags);
  }

  /** The fresh entry of a key that this process remembers, at once. */
  peek(key: string): StoredEntry | undefined {
    return this.#coherent?.peek(key);
  }

  /** The same for a value of bytes, which nobody may change. */
  peekBytes(key: string): Buffer | undefined {
    return this.#coherent?.peekBytes(key);
  }

  /** The scope of a namespace whose entries are in `store`. */
  part(name: string, store: Store): CacheScope {
    return new CacheScope(`${this.name}/${name}`, store, this.context, [...this.#path, name]);
  }

  /** The locks of this very part. @throws InvalidOptionsError where there is no place for locks */
  locks(): Locks {
    const { locks } = this.context;
    if (locks === undefined) throw new InvalidOptionsError('lock', NO_LOCKS, this.name);
    return this.#path.reduce((all, name) => all.namespace(name), locks);
  }

  /** What the flight of a key is called among those of the cache and all its namespaces. */
  flightOf(key: string): string {
    return `${this.#flightPrefix}=${key}`;
  }

  /** The values of these keys and tags change: what is being loaded for them now is too old to be stored. */
  outdate(keys: readonly string[], tags: readonly string[] = []): void {
    const { flights } = this.context;
    if (flights.size === 0) return;
    for (const key of keys) flights.detach(this.flightOf(key));
    if (tags.length > 0) flights.detachWhere((flight) => flight.tags.some((tag) => tags.includes(tag)));
  }

  /** The same for the keys of this scope alone that a predicate picks. */
  outdateMatching(matches: (key: string) => boolean): void {
    const start = this.flightOf('');
    this.context.flights.detachWhere(({ id, key }) => id.startsWith(start) && matches(key));
  }

  /** The same for all keys of this scope and of the namespaces below. */
  outdateAll(): void {
    this.context.flights.detachWhere(({ id }) => id.startsWith(this.#flightPrefix));
  }

  /** The emitter of cache-manager's events; made when somebody first listens. */
  listeners(): EventEmitter {
    return (this.#emitter ??= new EventEmitter());
  }

  /** Whether anybody has ever listened: an event that nobody hears need not be made. */
  get heard(): boolean {
    return this.#emitter !== undefined;
  }

  /** Emits one of cache-manager's events, which hold values. What a listener throws reaches no caller of the cache. */
  emit(event: string, ...data: unknown[]): void {
    try {
      this.#emitter?.emit(event, ...data);
    } catch (error) {
      process.emitWarning(asError(error));
    }
  }

  report(event: CacheEvent): void {
    this.context.counters.count(event);
    this.context.reporter.report(event);
  }

  /** Reports a store's error without judging it. */
  reportError(operation: string, error: unknown, key?: string): void {
    const at = key === undefined ? {} : { key };
    this.report({ type: 'error', cache: this.name, operation, ...at, error: asError(error) });
  }

  /** Meets an error by the cache's `onError`: a store's is reported once, then thrown or answered with `otherwise`. */
  refused<T>(operation: string, error: unknown, otherwise: T, key?: string): T {
    if (!isRefusal(error)) throw error;
    this.reportError(operation, error, key);
    if (this.context.onError === 'throw') throw refusalError(operation, error);
    return otherwise;
  }
}
