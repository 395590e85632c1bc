import { UncacheableValueError } from '../codec/uncacheable-value.js';
import type { Duration } from '../duration.js';
import { NotANumberError } from '../errors.js';
import { flag, optionsObject } from '../option.js';
import { globMatcher } from '../key/glob.js';
import { isReclaiming, type ReclaimingStore, type StoreWrite } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { checkKey } from './check-key.js';
import { isRefusal, refusalError } from './refusal.js';
import { refuseTags } from './plain-coherence.js';
import { setPlan, type SetOptions } from './set-ttl.js';
import { walkOptions, type WalkOptions } from './walk-options.js';

/** Keys removed by one step of `deletePattern`. */
const DELETE_KEYS = 500;

/** How a cache is cleared. */
export interface ClearOptions {
  /**
   * Also takes the cleared entries away, in the background and in small steps. Default: they stay in Redis, invalid, until
   * their ttl or eviction takes them.
   */
  reclaim?: boolean;
}

/** The writes and removals of one cache. A ttl is milliseconds, `null` = no expiry, 0 or less = nothing is kept. */
export class Writing {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  /** `options` is the third argument of cache-manager's `set`. */
  async set<T>(key: string, value: T, options: Duration | null | SetOptions | undefined): Promise<T> {
    checkKey(key);
    const { context, coherent } = this.#scope;
    const { ttl, tags } = setPlan(options, context.ttl);
    if (!coherent) refuseTags('options.tags', tags);
    const write = { key, value, ttl, tags, grace: context.grace };
    try {
      await this.#put([write]);
      if (this.#scope.heard) this.#scope.emit('set', { key, value, store: 'primary' });
    } catch (error) {
      this.#scope.emit('set', { key, value, error });
      this.#scope.refused('set', error, undefined, key);
    }
    return value;
  }

  async setMany<T>(writes: readonly StoreWrite[], list: T): Promise<T> {
    try {
      await this.#put(writes);
      this.#scope.emit('mset', { list });
    } catch (error) {
      this.#scope.emit('mset', { list, error });
      this.#scope.refused('mset', error, undefined);
    }
    return list;
  }

  async add(write: StoreWrite): Promise<boolean> {
    const { key } = write;
    if (!isKept(write)) return false;
    this.#scope.outdate([key]);
    try {
      const [stored = false] = await this.#scope.store.write([write], 'add');
      if (stored) this.#scope.outdate([key]);
      this.#scope.report({ type: 'write', cache: this.#scope.name, key, stored });
      return stored;
    } catch (error) {
      if (!(error instanceof UncacheableValueError)) return this.#scope.refused('add', error, false, key);
      this.#scope.report({ type: 'uncacheable', cache: this.#scope.name, key, reason: error.message });
      return false;
    }
  }

  async touch(key: string, ttl: number | null): Promise<boolean> {
    try {
      if (ttl === null || ttl > 0) return await this.#scope.store.touch(key, ttl);
      // A store may count what a clear has dropped among the removed, so it is asked before that. It is removed in any case.
      const left = this.#scope.store.ttl(key);
      left.catch(() => undefined);
      await this.#remove([key]);
      return (await left) !== undefined;
    } catch (error) {
      return this.#scope.refused('touch', error, false, key);
    }
  }

  async increment(
    key: string,
    by: number,
    start: { initial: number | undefined; ttl: number | null },
  ): Promise<number> {
    const scope = this.#scope;
    let sum: number | undefined;
    // Before and after, as for every write: what is loaded meanwhile must not be stored over the sum.
    scope.outdate([key]);
    try {
      sum = await scope.store.increment(key, by, start);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      scope.reportError('incr', error, key);
      if (scope.context.onError === 'throw' || start.initial === undefined) throw refusalError('incr', error);
      return start.initial + by;
    }
    if (sum === undefined) {
      throw new NotANumberError('There is no such key to count on. Give { initial } to start one.');
    }
    scope.outdate([key]);
    scope.report({ type: 'write', cache: scope.name, key, stored: true });
    return sum;
  }

  async delete(key: string): Promise<boolean> {
    try {
      await this.#remove([key]);
      this.#scope.emit('del', { key });
      return true;
    } catch (error) {
      this.#scope.emit('del', { key, error });
      return this.#scope.refused('del', error, false, key);
    }
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    try {
      await this.#remove(keys);
      this.#scope.emit('mdel', { keys });
      return true;
    } catch (error) {
      this.#scope.emit('mdel', { keys, error });
      return this.#scope.refused('mdel', error, false);
    }
  }

  async deletePattern(glob: string, options: WalkOptions | undefined): Promise<number> {
    const { signal, onProgress } = walkOptions(options);
    let removed = 0;
    let batch: string[] = [];
    const matches = globMatcher(glob);
    const removeBatch = async (): Promise<void> => {
      removed += await this.#remove(batch);
      batch = [];
      onProgress?.({ keys: removed });
      signal?.throwIfAborted();
    };
    this.#scope.outdateMatching(matches);
    try {
      for await (const key of this.#scope.store.keys(glob, true)) {
        signal?.throwIfAborted();
        if (batch.push(key) >= DELETE_KEYS) await removeBatch();
      }
      await removeBatch();
      // Once more: a load may have begun after the walk had passed its key.
      this.#scope.outdateMatching(matches);
      return removed;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return this.#scope.refused('deletePattern', error, removed);
    }
  }

  async clear(options: ClearOptions | undefined): Promise<boolean> {
    const { store } = this.#scope;
    const reclaim = flag(optionsObject(options ?? {}, 'options', ['reclaim'])['reclaim'], 'options.reclaim');
    this.#scope.outdateAll();
    try {
      await store.clear();
      if (reclaim && isReclaiming(store)) this.#reclaim(store);
      // Once more: a load that began while the clear was on its way may have read what it cleared.
      this.#scope.outdateAll();
      this.#scope.report({ type: 'clear', cache: this.#scope.name });
      this.#scope.emit('clear');
      return true;
    } catch (error) {
      this.#scope.emit('clear', error);
      return this.#scope.refused('clear', error, false);
    }
  }

  async invalidateTags(tags: readonly string[]): Promise<void> {
    if (tags.length === 0) return;
    const scope = this.#scope;
    scope.outdate([], tags);
    try {
      await scope.coherence.invalidateTags(tags);
      // Once more: a load that began while it was on its way may have read what it invalidates.
      scope.outdate([], tags);
      scope.report({ type: 'invalidate', cache: scope.name, tags });
    } catch (error) {
      scope.refused('invalidateTags', error, undefined);
    }
  }

  async expire(key: string): Promise<boolean> {
    const scope = this.#scope;
    scope.outdate([key]);
    try {
      const expired = await scope.coherence.expire(key, scope.context.grace);
      scope.outdate([key]);
      if (expired) scope.report({ type: 'expire', cache: scope.name, key });
      return expired;
    } catch (error) {
      return scope.refused('expire', error, false, key);
    }
  }

  #reclaim(store: ReclaimingStore): void {
    store.reclaim().catch((error: unknown) => this.#scope.reportError('reclaim', error));
  }

  /** Stores what can be kept, and removes what stood under the keys of what cannot. */
  #put(writes: readonly StoreWrite[]): Promise<void> {
    return writes.every(isKept) ? this.#store(writes) : this.#putLast(writes);
  }

  /** The last item of a key counts, whether it is stored or drops what was there. */
  async #putLast(writes: readonly StoreWrite[]): Promise<void> {
    const last = [...new Map(writes.map((one) => [one.key, one])).values()];
    await this.#remove(last.filter((one) => !isKept(one)).map((one) => one.key));
    await this.#store(last.filter(isKept));
  }

  /** A value with a foreign class in it is no failure: it is not cached, and what stood under its key is outdated. */
  async #store(writes: readonly StoreWrite[]): Promise<void> {
    if (writes.length === 0) return;
    const scope = this.#scope;
    const keys = writes.map((one) => one.key);
    try {
      scope.outdate(keys);
      const stored = await scope.store.write(writes, 'set');
      scope.outdate(keys);
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index] as string;
        scope.report({ type: 'write', cache: scope.name, key, stored: stored[index] === true });
      }
    } catch (error) {
      if (!(error instanceof UncacheableValueError)) throw error;
      if (writes.length === 1) return this.#dropForeign(keys[0] as string, error.message);
      for (const write of writes) await this.#store([write]);
    }
  }

  async #dropForeign(key: string, reason: string): Promise<void> {
    this.#scope.report({ type: 'uncacheable', cache: this.#scope.name, key, reason });
    await this.#remove([key]);
  }

  async #remove(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0;
    this.#scope.outdate(keys);
    const removed = await this.#scope.store.delete(keys);
    this.#scope.outdate(keys);
    this.#scope.report({ type: 'delete', cache: this.#scope.name, keys });
    return removed;
  }
}

function isKept(write: StoreWrite): boolean {
  return write.value !== undefined && (write.ttl === null || write.ttl > 0);
}
