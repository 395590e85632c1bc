import { UncacheableValueError } from '../codec/uncacheable-value.js';
import { PayloadTooLargeError, SerializationError } from '../errors.js';
import type { CacheScope } from './cache-scope.js';
import type { Flight } from './flights.js';

/** What a loader gave for a key. `value` is `undefined` where it gave nothing. */
export interface LoadedValue {
  readonly key: string;
  readonly value: unknown;
  /** Milliseconds to live; `null` = no expiry, 0 or less = not to be stored. */
  readonly ttl: number | null;
  readonly flight: Flight;
}

/**
 * Stores what was loaded, unless its key was written or removed meanwhile. A loaded value is good whether or not it could
 * be stored, so nothing is thrown.
 */
export class Filling {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  /** Stores one value and says whether it did. `replaces` = an older value may be there; it goes if this one is not kept. */
  async one(loaded: LoadedValue, replaces: boolean): Promise<boolean> {
    try {
      if (isKept(loaded)) return await this.#write([loaded]);
      if (replaces) await this.#drop([loaded]);
    } catch (error) {
      if (!isUncacheable(error)) {
        this.#scope.reportError('fill', error, loaded.key);
        return false;
      }
      const { key } = loaded;
      this.#scope.report({ type: 'uncacheable', cache: this.#scope.name, key, reason: error.message });
      if (replaces) await this.one({ ...loaded, value: undefined }, true);
    }
    return false;
  }

  /** Stores several. One value that cannot be stored does not keep the others out. */
  async each(loaded: readonly LoadedValue[], replaces: boolean): Promise<void> {
    try {
      await this.#write(loaded.filter(isKept));
      if (replaces) await this.#drop(loaded.filter((one) => !isKept(one)));
    } catch (error) {
      if (!isUncacheable(error)) return this.#scope.reportError('fill', error, loaded[0]?.key);
      await Promise.all(loaded.map((one) => this.one(one, replaces)));
    }
  }

  async #write(loaded: readonly LoadedValue[]): Promise<boolean> {
    const writes = loaded
      .filter(({ flight }) => flight.current)
      .map(({ key, value, ttl, flight }) => ({ key, value, ttl, wanted: () => flight.current }));
    if (writes.length === 0) return false;
    const stored = await this.#scope.store.write(writes, 'set');
    for (const [index, { key }] of writes.entries()) {
      this.#scope.report({ type: 'write', cache: this.#scope.name, key, stored: stored[index] === true });
    }
    return stored[0] === true;
  }

  async #drop(loaded: readonly LoadedValue[]): Promise<void> {
    const keys = loaded.filter(({ flight }) => flight.current).map(({ key }) => key);
    if (keys.length === 0) return;
    await this.#scope.store.delete(keys);
    this.#scope.report({ type: 'delete', cache: this.#scope.name, keys });
  }
}

function isKept({ value, ttl }: LoadedValue): boolean {
  return value !== undefined && (ttl === null || ttl > 0);
}

/** Whether an error says that a value is none that can be cached. */
function isUncacheable(error: unknown): error is Error {
  return (
    error instanceof UncacheableValueError ||
    error instanceof SerializationError ||
    error instanceof PayloadTooLargeError
  );
}
