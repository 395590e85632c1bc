// oxlint-disable max-lines -- the public surface of a cache is one class, so that it can be injected by its type
import type { EventEmitter } from 'node:events';
import type { Events } from 'cache-manager';
import type { Keyv } from 'keyv';
import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { underLock, type Lock, type LockOptions } from '../lock/lock.js';
import type { CacheKey, UntypedKey } from '../key/typed-key.js';
import { isDivisible } from '../store/store.js';
import type { CacheItem, KeyListener, WrapOptions } from './cache-manager-contract.js';
import { checkKey, checkKeys } from './check-key.js';
import { checkInteger, countStart, type CountOptions } from './count-options.js';
import type { CacheScope } from './cache-scope.js';
import type { CacheStats } from './cache-stats.js';
import { keyvView } from './keyv-view.js';
import type { Loader } from './load-context.js';
import { loadPlan, sharedPlan, type LoadOptions, type LoadPlan, type ShareOptions } from './load-options.js';
import { Lookup, type CacheEntry } from './lookup.js';
import { mutate, type MutationTargets } from './mutation.js';
import { ReadThrough, type Load, type ReadThroughResult } from './read-through.js';
import { ReadThroughMany } from './read-through-many.js';
import { reserve, type Reservation } from './reservation.js';
import { setPlan, ttlArgument, type SetOptions } from './set-ttl.js';
import { tagsArgument } from './check-tags.js';
import type { WalkOptions } from './walk-options.js';
import { wrap, wrapOptions } from './wrap.js';
import { refuseTags } from './plain-coherence.js';
import { isRefusal, refusalError } from './refusal.js';
import { Writing, type ClearOptions } from './writing.js';

/**
 * A named cache: cache-manager's `Cache`, and more.
 *
 * Values given out are a copy or deeply frozen. `undefined` is never cached, `null` is a value. A miss is `undefined`.
 * While Redis is out of reach every method follows the cache's `onError`: `'open'` (default) behaves as if every key were
 * missing, `'throw'` throws `RedisUnavailableError`. Tags cost a `set`, and a read that does not name them, one round trip
 * more (where the cache has `memory`, only the first read). Injected with `@InjectCache(name)`; not made by hand.
 */
export class NamedCache {
  /** The cache's name; for a namespace `cache/namespace`. */
  readonly name: string;
  readonly #scope: CacheScope;
  readonly #lookup: Lookup;
  readonly #writing: Writing;
  readonly #readThrough: ReadThrough;
  readonly #readThroughMany: ReadThroughMany;
  #keyv: Keyv | undefined;

  /** @internal */
  constructor(scope: CacheScope) {
    this.name = scope.name;
    this.#scope = scope;
    this.#lookup = new Lookup(scope);
    this.#writing = new Writing(scope);
    this.#readThrough = new ReadThrough(scope);
    this.#readThroughMany = new ReadThroughMany(scope);
  }

  /** The value of a key, or `undefined`. One round trip, shared by all lookups of one turn of the event loop. */
  get<T>(key: CacheKey<T>): Promise<T | undefined>;
  get<T>(key: UntypedKey): Promise<T | undefined>;
  get<T>(key: string): Promise<T | undefined> {
    return this.#lookup.get(key);
  }

  /** The values of keys, in their order, `undefined` for a miss. One round trip; none for no keys. */
  async mget<T>(keys: Iterable<string>): Promise<(T | undefined)[]> {
    return this.#lookup.getMany(checkKeys(keys));
  }

  /**
   * The value of a key if this process's memory holds it and can vouch for it, else `undefined`. Synchronous, no round trip;
   * always `undefined` for a cache in Redis without `memory`.
   */
  peek<T>(key: CacheKey<T>): T | undefined;
  peek<T>(key: UntypedKey): T | undefined;
  peek<T>(key: string): T | undefined {
    checkKey(key);
    return this.#scope.peek(key)?.value as T | undefined;
  }

  /** The value of a key with its ttl, age and tags, or `undefined`; a stale one too. One round trip. */
  getEntry<T>(key: CacheKey<T>): Promise<CacheEntry<T> | undefined>;
  getEntry<T>(key: UntypedKey): Promise<CacheEntry<T> | undefined>;
  async getEntry<T>(key: string): Promise<CacheEntry<T> | undefined> {
    checkKey(key);
    return this.#lookup.entry(key);
  }

  /** Whether a key is present; a stored `null` is. One round trip that does not carry the value. */
  async has(key: string): Promise<boolean> {
    checkKey(key);
    return this.#lookup.has(key);
  }

  /** Milliseconds left to live; `null` = never expires, `undefined` = no such key. One round trip. */
  async remainingTtl(key: string): Promise<number | null | undefined> {
    checkKey(key);
    return this.#lookup.remainingTtl(key);
  }

  /** When a key expires: milliseconds since the epoch; `undefined` = never, or no such key. One round trip. */
  async ttl(key: string): Promise<number | undefined> {
    checkKey(key);
    return this.#lookup.expiresAt(key);
  }

  /**
   * Stores a value and gives it back. As a number, `ttl` is milliseconds and 0 means no expiry (cache-manager's meaning);
   * `{ ttl: 0 }` stores nothing and drops the old value, as do `undefined` and a value that cannot be cached because it
   * holds an instance of a class that is not listed in `types`. One round trip.
   *
   * @throws SerializationError, PayloadTooLargeError; nothing was written
   */
  set<T>(key: CacheKey<T>, value: NoInfer<T>, ttl?: Duration | null | SetOptions): Promise<T>;
  set<T>(key: UntypedKey, value: T, ttl?: Duration | null | SetOptions): Promise<T>;
  set<T>(key: string, value: T, ttl?: Duration | null | SetOptions): Promise<T> {
    return this.#writing.set(key, value, ttl);
  }

  /** Stores many values and gives the list back with the ttl of each. One round trip per 128. Throws as `set` does. */
  async mset<T>(list: CacheItem<T>[]): Promise<CacheItem<T>[]> {
    const { ttl: fallback, grace } = this.#scope.context;
    const writes = list.map(({ key, value, ttl }) => {
      checkKey(key);
      return { key, value, ttl: setPlan(ttl, fallback).ttl, grace };
    });
    const resolved = list.map(({ key, value, ttl = fallback ?? undefined }) =>
      ttl === undefined ? { key, value } : { key, value, ttl },
    );
    return this.#writing.setMany(writes, resolved);
  }

  /** Stores a value only if the key is absent, in one atomic step; false when it was present. One round trip. */
  add<T>(key: CacheKey<T>, value: NoInfer<T>, ttl?: Duration | null): Promise<boolean>;
  add(key: UntypedKey, value: unknown, ttl?: Duration | null): Promise<boolean>;
  async add(key: string, value: unknown, ttl?: Duration | null): Promise<boolean> {
    checkKey(key);
    const { ttl: fallback, grace } = this.#scope.context;
    return this.#writing.add({ key, value, ttl: ttlArgument(ttl, fallback), grace });
  }

  /** Gives a present key a new ttl; `null` = no expiry, 0 or less removes it. False when there is no such key. */
  async touch(key: string, ttl: Duration | null): Promise<boolean> {
    checkKey(key);
    if (ttl === undefined) throw new InvalidOptionsError('ttl', 'must be given; null means no expiry');
    return this.#writing.touch(key, ttlArgument(ttl, this.#scope.context.ttl));
  }

  /**
   * Adds to an integer in one atomic step and gives the sum; a present key keeps its ttl. A missing key starts at
   * `initial` and lives for `ttl`. One round trip.
   *
   * @throws NotANumberError when the value is no integer, the sum would leave ±(2^53 − 1), or the key is missing and
   * `initial` is not given
   */
  async incr(key: string, by = 1, options: CountOptions = {}): Promise<number> {
    checkKey(key);
    checkInteger('by', by);
    return this.#writing.increment(key, by, countStart(options, this.#scope.context.ttl));
  }

  /** Subtracts; see `incr`. */
  async decr(key: string, by = 1, options: CountOptions = {}): Promise<number> {
    return this.incr(key, -by, options);
  }

  /** Removes a key. True; false only when Redis could not be reached and the key may still be there. One round trip. */
  async del(key: string): Promise<boolean> {
    checkKey(key);
    return this.#writing.delete(key);
  }

  /** Removes keys. True; false only when Redis could not be reached. One round trip per 128 keys. */
  async mdel(keys: Iterable<string>): Promise<boolean> {
    return this.#writing.deleteMany(checkKeys(keys));
  }

  /**
   * Drops every entry of this cache (of this namespace, when it is one), those of its namespaces included, and nothing
   * else. One round trip at any size. False only when Redis could not be reached.
   */
  async clear(options?: ClearOptions): Promise<boolean> {
    return this.#writing.clear(options);
  }

  /**
   * Makes an entry stale, as if its ttl had passed: it is loaded anew when it is next asked for, and `stale` options may still
   * serve it. False when there is no such key. One round trip.
   */
  async expire(key: string): Promise<boolean> {
    checkKey(key);
    return this.#writing.expire(key);
  }

  /**
   * Makes every entry of the cache and its namespaces invalid that carries one of the tags, at any number of them. What is
   * being loaded meanwhile under one of them is not stored. One round trip.
   */
  async invalidateTags(tags: string | Iterable<string>): Promise<void> {
    return this.#writing.invalidateTags(tagsArgument(tags));
  }

  /**
   * Runs `work`, such as a database transaction that changes what the targets are made of, behind a write barrier: until it
   * has ended nothing that is loaded or set for the targets is stored, and then they are invalidated, whether it failed or
   * not. Gives what `work` gives. If this process dies meanwhile, the barrier stands for 6.7 to 10 s more.
   */
  mutate<T>(targets: MutationTargets, work: () => T | Promise<T>): Promise<T> {
    return mutate(this.#scope, targets, work);
  }

  /**
   * The value of a key, or what `load` gives, which is then stored. One loader per key runs at a time, in all processes; its
   * failure reaches all callers of its process and is not cached. A result that cannot be stored is returned all the same.
   * A hit is one round trip, a miss three.
   *
   * @throws LoadTimeoutError after `timeout.hard`
   * @throws InvalidOptionsError when the loader asks for its own key before it has waited for anything. Later on it cannot be
   * told from other callers, and waits for itself until the hard timeout, for ever without one: a loader must not need its
   * own key
   */
  getOrSet<T>(key: CacheKey<T>, load: Loader<NoInfer<T>>, options?: LoadOptions): Promise<T>;
  getOrSet<T>(
    key: CacheKey<T>,
    load: Loader<NoInfer<T> | undefined>,
    options?: LoadOptions,
  ): Promise<T | undefined>;
  getOrSet<T>(key: UntypedKey, load: Loader<T>, options?: LoadOptions): Promise<T>;
  async getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T> {
    checkKey(key);
    const found = await this.#readThrough.one(key, load as Loader<unknown>, this.#plan(load, options));
    return found.value as T;
  }

  /**
   * The values of keys by key, in their order; those that are missing are asked of `load` in one call and stored. A key
   * that `load` does not give is absent from the result. Otherwise as `getOrSet`: hits are one round trip, misses two more.
   */
  async getOrSetMany<T>(
    keys: Iterable<string>,
    load: (missing: string[]) => Promise<Map<string, T>>,
    options?: LoadOptions,
  ): Promise<Map<string, T>> {
    const list = [...new Set(checkKeys(keys))];
    const found = await this.#readThroughMany.get(list, load, this.#plan(load, options));
    return found as Map<string, T>;
  }

  #plan(load: unknown, options: LoadOptions | undefined): LoadPlan {
    const plan = loadPlan(load, options, this.#scope.context);
    if (!this.#scope.coherent) refuseTags('options.tags', plan.tags);
    return plan;
  }

  /** cache-manager's `wrap`: `getOrSet` with a refresh in the background when a hit has less than `refreshThreshold` left. */
  wrap<T>(
    key: string,
    load: () => T | Promise<T>,
    ttl?: number | ((value: T) => number),
    refreshThreshold?: number | ((value: T) => number),
  ): Promise<T>;
  wrap<T>(
    key: string,
    load: () => T | Promise<T>,
    options: WrapOptions<T> & { raw: true },
  ): Promise<{ value: T; expires?: number }>;
  wrap<T>(key: string, load: () => T | Promise<T>, options: WrapOptions<T>): Promise<T>;
  async wrap<T>(
    key: string,
    load: () => T | Promise<T>,
    ttlOrOptions?: number | ((value: T) => number) | WrapOptions<T>,
    refreshThreshold?: number | ((value: T) => number),
  ): Promise<T | { value: T; expires?: number }> {
    checkKey(key);
    return wrap(this.#scope, this.#readThrough, key, load, wrapOptions(ttlOrOptions, refreshThreshold));
  }

  /** The keys that match a glob (`*`, `?`, `[a-z]`, `\`), each once, without those of namespaces. Walks by SCAN. */
  keys(glob = '*', options?: WalkOptions): AsyncGenerator<string, void, undefined> {
    return this.#lookup.keys(glob, options);
  }

  /** Removes the keys that match a glob and says how many there were. Walks by SCAN: linear in the size of the database. */
  async deletePattern(glob: string, options?: WalkOptions): Promise<number> {
    checkKey(glob, 'glob');
    return this.#writing.deletePattern(glob, options);
  }

  /**
   * A part of this cache with keys of its own. `clear()` of the part leaves the rest alone; `clear()` of the whole drops
   * the part too. Costs nothing: the same name gives the same part, in every process.
   */
  namespace(name: string): NamedCache {
    if (typeof name !== 'string' || name === '') {
      throw new InvalidOptionsError('namespace', 'must be a string that is not empty', name);
    }
    const { store } = this.#scope;
    if (!isDivisible(store)) {
      throw new InvalidOptionsError(
        'namespace',
        `the store of the cache "${this.name}" cannot be divided`,
        name,
      );
    }
    return new NamedCache(this.#scope.part(name, store.namespace(name)));
  }

  /** Whether its entries can carry tags. @internal */
  get takesTags(): boolean {
    return this.#scope.coherent;
  }

  /** See `reserve`. @internal */
  reserve(key: string, tags: readonly string[], anew = false): Promise<Reservation | undefined> {
    return reserve(this.#scope, key, tags, anew);
  }

  /** Reads the bytes that `share` would find in the memory of this process, at once. See `ReadThrough`. @internal */
  glance<T>(key: string, read: (bytes: Buffer) => T | undefined): T | undefined {
    return this.#readThrough.glance(key, read);
  }

  /** `getOrSet` for a value that is given to all callers as it is, since nobody changes it. @internal */
  share(key: string, load: Load, options: ShareOptions): Promise<ReadThroughResult> {
    return this.#readThrough.one(key, load, sharedPlan(options, this.#scope.context));
  }

  /**
   * Takes a lock that all processes share, or waits for it. Its name has nothing to do with the keys of entries.
   *
   * @throws LockTimeoutError when it was not free within `wait`
   * @throws RedisUnavailableError when Redis is out of reach, whatever `onError` says: nobody may believe to hold it then
   */
  async lock(name: string, options?: LockOptions): Promise<Lock> {
    try {
      return await this.#scope.locks().lock(name, options);
    } catch (error) {
      throw isRefusal(error) ? refusalError('lock', error) : error;
    }
  }

  /**
   * Does some work under a lock, and gives the lock back whatever comes of it. What the work gives or throws stands, also if
   * the lock was lost meanwhile: the work sees that by `lock.signal`. Throws as `lock` does.
   */
  async withLock<T>(name: string, work: (lock: Lock) => T | Promise<T>, options?: LockOptions): Promise<T> {
    if (typeof work !== 'function') throw new InvalidOptionsError('work', 'must be a function', work);
    const lock = await this.lock(name, options);
    return underLock(lock, work, (error) => this.#scope.reportError('release', error));
  }

  /** What this cache has done in this process, its namespaces included. No round trip. */
  stats(): CacheStats {
    return this.#scope.context.counters.snapshot();
  }

  /** Listens as with cache-manager; a miss tells nothing. */
  on<E extends keyof Events>(event: E, listener: Events[E]): EventEmitter;
  on(event: 'mdel' | 'ttl', listener: KeyListener): EventEmitter;
  on(event: string, listener: (...data: never[]) => void): EventEmitter {
    return this.#scope.listeners().on(event, listener as (...data: unknown[]) => void);
  }

  /** Stops listening. */
  off<E extends keyof Events>(event: E, listener: Events[E]): EventEmitter;
  off(event: 'mdel' | 'ttl', listener: KeyListener): EventEmitter;
  off(event: string, listener: (...data: never[]) => void): EventEmitter {
    return this.#scope.listeners().off(event, listener as (...data: unknown[]) => void);
  }

  /** Does nothing: the connection is shared and is closed with the application. */
  async disconnect(): Promise<undefined> {
    return undefined;
  }

  /** The cache's name. */
  cacheId(): string {
    return this.name;
  }

  /** One Keyv over this cache, for code that reaches for `cache.stores[0]`. */
  get stores(): Keyv[] {
    this.#keyv ??= keyvView(this);
    return [this.#keyv];
  }
}
