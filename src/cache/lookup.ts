import { InvalidOptionsError } from '../errors.js';
import { checkKey } from './check-key.js';
import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { walkOptions, type WalkOptions } from './walk-options.js';

/** A cached value with what is known about it. */
export interface CacheEntry<T> {
  readonly value: T;
  /** Milliseconds left to live; `null` = never expires, 0 = it is stale. */
  readonly ttl: number | null;
  /** Whether its ttl has passed: it is kept to be served in place of a loader that fails, or while it runs. */
  readonly stale: boolean;
  readonly tags: readonly string[];
  /** When it was written: milliseconds since the epoch, by the clock of the process that wrote it. */
  readonly createdAt: number;
}

/** The lookups of one cache. */
export class Lookup {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  async get<T>(key: string): Promise<T | undefined> {
    checkKey(key);
    const scope = this.#scope;
    try {
      const entry = scope.peek(key) ?? fresh((await scope.store.read([key]))[0]);
      scope.report({ type: entry === undefined ? 'miss' : 'hit', cache: scope.name, key });
      if (entry === undefined) return undefined;
      if (scope.heard) scope.emit('get', { key, value: entry.value, store: 'primary' });
      return entry.value as T;
    } catch (error) {
      scope.emit('get', { key, error, store: 'primary' });
      return scope.refused('get', error, undefined, key);
    }
  }

  async getMany<T>(keys: string[]): Promise<(T | undefined)[]> {
    const scope = this.#scope;
    try {
      const entries = await scope.store.read(keys);
      const values = entries.map((found, index) => {
        const entry = fresh(found);
        scope.report({ type: entry ? 'hit' : 'miss', cache: scope.name, key: keys[index] as string });
        return entry?.value as T | undefined;
      });
      scope.emit('mget', { keys, values });
      return values;
    } catch (error) {
      scope.emit('mget', { keys, error });
      const nothing = keys.map(() => undefined);
      return scope.refused('mget', error, nothing);
    }
  }

  async entry<T>(key: string): Promise<CacheEntry<T> | undefined> {
    const scope = this.#scope;
    try {
      const [[entry], ttl] = await Promise.all([scope.store.read([key]), scope.store.ttl(key)]);
      // Of a stale entry a store says that it has no ttl, as it does of one that is gone.
      const gone = entry === undefined || (ttl === undefined && entry.staleFor === undefined);
      scope.report({ type: gone ? 'miss' : 'hit', cache: scope.name, key });
      if (gone) return undefined;
      const { value, createdAt, staleFor, tags = [] } = entry;
      const left = ttl === undefined || staleFor !== undefined ? 0 : ttl;
      return { value: value as T, ttl: left, stale: staleFor !== undefined, tags, createdAt };
    } catch (error) {
      return scope.refused('getEntry', error, undefined, key);
    }
  }

  async has(key: string): Promise<boolean> {
    const { store } = this.#scope;
    try {
      return (await store.ttl(key)) !== undefined;
    } catch (error) {
      if (!(error instanceof InvalidOptionsError)) return this.#scope.refused('has', error, false, key);
    }
    // A store of the application's that cannot tell the ttl can still be read.
    try {
      return fresh((await store.read([key]))[0]) !== undefined;
    } catch (error) {
      return this.#scope.refused('has', error, false, key);
    }
  }

  async remainingTtl(key: string): Promise<number | null | undefined> {
    try {
      return await this.#scope.store.ttl(key);
    } catch (error) {
      return this.#scope.refused('remainingTtl', error, undefined, key);
    }
  }

  async expiresAt(key: string): Promise<number | undefined> {
    const scope = this.#scope;
    try {
      const left = await scope.store.ttl(key);
      const expires = typeof left === 'number' ? scope.context.clock.now() + left : undefined;
      if (left !== undefined) scope.emit('ttl', { key, value: expires });
      return expires;
    } catch (error) {
      scope.emit('ttl', { key, error });
      return scope.refused('ttl', error, undefined, key);
    }
  }

  async *keys(glob: string, options: WalkOptions | undefined): AsyncGenerator<string, void, undefined> {
    const walk = walkOptions(options);
    let found = 0;
    try {
      for await (const key of this.#scope.store.keys(glob)) {
        walk.signal?.throwIfAborted();
        yield key;
        walk.onProgress?.({ keys: (found += 1) });
      }
    } catch (error) {
      walk.signal?.throwIfAborted();
      this.#scope.refused('keys', error, undefined);
    }
  }
}

/** Only what is fresh is a hit. */
function fresh(entry: StoredEntry | undefined): StoredEntry | undefined {
  return entry?.staleFor === undefined ? entry : undefined;
}
