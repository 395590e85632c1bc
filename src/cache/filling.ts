import { UncacheableValueError } from '../codec/uncacheable-value.js';
import { PayloadTooLargeError, SerializationError } from '../errors.js';
import type { Fill, Lease, LoadEnd } from '../store/coherence.js';
import type { CacheScope } from './cache-scope.js';
import type { Flight } from './flights.js';

/** What a loader gave for the key of a flight. `value` is `undefined` where it gave nothing, or nothing to be stored. */
export interface LoadedValue {
  readonly flight: Flight;
  readonly value: unknown;
  /** Milliseconds to live; `null` = no expiry, 0 or less = not to be stored. */
  readonly ttl: number | null;
  /** For how long it is kept after that, in milliseconds. */
  readonly grace: number;
  readonly tags: readonly string[];
  /** The value of another key that is stored with it. */
  readonly beside?: { readonly key: string; readonly value: unknown } | undefined;
  /** An older value may be there: it goes if this one is not kept. */
  readonly replaces: boolean;
}

/**
 * Stores what was loaded, if its lease is still held, and gives the leases back. A loaded value is good whether or not it
 * could be stored, so nothing is thrown.
 */
export class Filling {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  /** Ends loads: says of each whether it is stored and whether it is current. */
  async end(loaded: readonly LoadedValue[]): Promise<LoadEnd[]> {
    const kept = loaded.filter(isKept);
    for (const one of loaded) if (isOutdated(one)) this.#tellWrite(one, false);
    const ends = new Map<Flight, LoadEnd>();
    const [stored, released] = await Promise.all([
      this.#fill(kept),
      this.#release(loaded.filter((one) => !isKept(one))),
    ]);
    for (const [index, { flight }] of kept.entries()) ends.set(flight, stored[index] as LoadEnd);
    for (const [flight, end] of released) ends.set(flight, end);
    // A load that had no lease has no proof: whoever came after it had begun is to have a newer one.
    return loaded.map(({ flight }) => ends.get(flight) ?? NOT_STORED);
  }

  /** Several at once; where one cannot be encoded, each by itself. */
  async #fill(loaded: readonly LoadedValue[]): Promise<LoadEnd[]> {
    if (loaded.length === 0) return [];
    try {
      const ends = await this.#scope.coherence.fill(loaded.map((one) => this.#fillOf(one)));
      return ends.map((end, index) => this.#told(end, loaded[index] as LoadedValue));
    } catch (error) {
      if (loaded.length > 1 && isUncacheable(error)) {
        return (await Promise.all(loaded.map((one) => this.#fill([one])))).flat();
      }
      return Promise.all(loaded.map((one) => this.#failed(error, one)));
    }
  }

  #fillOf({ flight, value, ttl, grace, tags, beside }: LoadedValue): Fill {
    const kept = { ttl, grace, tags, wanted: (): boolean => flight.current };
    return {
      lease: flight.lease as Lease,
      write: { key: flight.key, value, ...kept },
      beside: beside && { ...beside, ...kept },
    };
  }

  #told(end: LoadEnd, one: LoadedValue): LoadEnd {
    if (end.error !== undefined) {
      this.#scope.reportError('fill', end.error, one.flight.key);
      return end;
    }
    this.#tellWrite(one, end.stored);
    return end;
  }

  #tellWrite({ flight }: LoadedValue, stored: boolean): void {
    this.#scope.report({ type: 'write', cache: this.#scope.name, key: flight.key, stored });
  }

  async #failed(error: unknown, one: LoadedValue): Promise<LoadEnd> {
    const { key } = one.flight;
    if (!isUncacheable(error)) {
      this.#scope.reportError('fill', error, key);
      return NOT_STORED;
    }
    this.#scope.report({ type: 'uncacheable', cache: this.#scope.name, key, reason: error.message });
    return (await this.#release([one])).get(one.flight) ?? NOT_STORED;
  }

  async #release(loaded: readonly LoadedValue[]): Promise<Map<Flight, LoadEnd>> {
    const ends = new Map<Flight, LoadEnd>();
    const holding = loaded.map(({ flight }) => flight).filter(({ lease }) => lease !== undefined);
    try {
      const leases = holding.map(({ lease }) => lease as Lease);
      const released = leases.length === 0 ? [] : await this.#scope.coherence.release(leases);
      for (const [index, flight] of holding.entries()) ends.set(flight, released[index] as LoadEnd);
      await this.#drop(
        loaded.filter((one) => one.replaces && one.flight.current).map((one) => one.flight.key),
      );
    } catch (error) {
      this.#scope.reportError('fill', error, loaded[0]?.flight.key);
    }
    return ends;
  }

  async #drop(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#scope.store.delete(keys);
    this.#scope.report({ type: 'delete', cache: this.#scope.name, keys });
  }
}

const NOT_STORED: LoadEnd = Object.freeze({ stored: false, current: false });

function isKept(loaded: LoadedValue): boolean {
  return loaded.flight.lease !== undefined && loaded.flight.current && isStorable(loaded);
}

/** Whether it would be kept if its key had not changed meanwhile. */
function isOutdated(loaded: LoadedValue): boolean {
  return loaded.flight.claimedAt > 0 && !loaded.flight.current && isStorable(loaded);
}

function isStorable({ value, ttl }: LoadedValue): boolean {
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
