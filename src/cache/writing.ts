import { UncacheableValueError } from '../codec/uncacheable-value.js';
import { NotANumberError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import type { StoreWrite } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { isRefusal, refusalError } from './refusal.js';

/** Keys removed by one step of `deletePattern`. */
const DELETE_KEYS = 500;

/** The writes and removals of one cache. A ttl is milliseconds, `null` = no expiry, 0 or less = nothing is kept. */
export class Writing {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  async set<T>(write: StoreWrite & { readonly value: T }): Promise<T> {
    const { key, value } = write;
    try {
      await this.#put([write]);
      this.#scope.emit('set', { key, value, store: 'primary' });
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
      // A store may count what a clear has dropped among the removed.
      const present = (await this.#scope.store.ttl(key)) !== undefined;
      await this.#remove([key]);
      return present;
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

  async deletePattern(glob: string): Promise<number> {
    let removed = 0;
    let batch: string[] = [];
    const matches = globMatcher(glob);
    this.#scope.outdateMatching(matches);
    try {
      for await (const key of this.#scope.store.keys(glob)) {
        batch.push(key);
        if (batch.length < DELETE_KEYS) continue;
        removed += await this.#remove(batch);
        batch = [];
      }
      removed += await this.#remove(batch);
      // Once more: a load may have begun after the walk had passed its key.
      this.#scope.outdateMatching(matches);
      return removed;
    } catch (error) {
      return this.#scope.refused('deletePattern', error, removed);
    }
  }

  async clear(): Promise<boolean> {
    this.#scope.outdateAll();
    try {
      await this.#scope.store.clear();
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

  /** Stores what can be kept, and removes what stood under the keys of what cannot. */
  async #put(writes: readonly StoreWrite[]): Promise<void> {
    let kept = writes;
    if (!writes.every(isKept)) {
      // The last item of a key counts, whether it is stored or drops what was there.
      const last = [...new Map(writes.map((one) => [one.key, one])).values()];
      kept = last.filter(isKept);
      await this.#remove(last.filter((one) => !isKept(one)).map((one) => one.key));
    }
    if (kept.length === 0) return;
    try {
      await this.#store(kept);
    } catch (error) {
      if (!(error instanceof UncacheableValueError)) throw error;
      for (const write of kept) await this.#storeUnlessForeign(write);
    }
  }

  async #store(writes: readonly StoreWrite[]): Promise<void> {
    const keys = writes.map((one) => one.key);
    this.#scope.outdate(keys);
    const stored = await this.#scope.store.write(writes, 'set');
    this.#scope.outdate(keys);
    for (const [index, key] of keys.entries()) {
      this.#scope.report({ type: 'write', cache: this.#scope.name, key, stored: stored[index] === true });
    }
  }

  /** A value with a foreign class in it is no failure: it is not cached, and what stood under its key is outdated. */
  async #storeUnlessForeign(write: StoreWrite): Promise<void> {
    try {
      await this.#store([write]);
    } catch (error) {
      if (!(error instanceof UncacheableValueError)) throw error;
      const { key } = write;
      this.#scope.report({ type: 'uncacheable', cache: this.#scope.name, key, reason: error.message });
      await this.#remove([key]);
    }
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
