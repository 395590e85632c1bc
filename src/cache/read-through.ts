import type { EncodedValue } from '../codec/codec.js';
import { UncacheableValueError } from '../codec/uncacheable-value.js';
import { PayloadTooLargeError, SerializationError } from '../errors.js';
import type { StoreWrite } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import type { Flight, Landing } from './flights.js';
import { LoadWishes, type LoadContext } from './load-context.js';

/** How a value is looked up and loaded. */
export interface ReadThroughOptions {
  /** Do not look: load. */
  readonly fresh: boolean;
  /** The ttl of a loaded value unless its loader says another. */
  readonly ttl: (value: unknown) => number | null;
}

/** A value and where it came from. */
export interface ReadThroughResult {
  readonly value: unknown;
  /** The ttl it was stored with, when it was loaded by this call and stored; else `undefined`. */
  readonly storedTtl: number | null | undefined;
  readonly loaded: boolean;
}

/**
 * Looks values up and loads what is missing, once for all callers of this process that ask for a key at the same time.
 * A loader's failure reaches all of them and is not remembered.
 */
export class ReadThrough {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  async one(
    key: string,
    load: (context: LoadContext) => unknown,
    options: ReadThroughOptions,
  ): Promise<ReadThroughResult> {
    const running = options.fresh ? undefined : this.#scope.context.flights.join(this.#scope.flightOf(key));
    if (running !== undefined) {
      const { copy } = await running.landing;
      if (copy !== undefined) {
        this.#scope.report({ type: 'coalesced', cache: this.#scope.name, key });
        return { value: await copy(), storedTtl: undefined, loaded: false };
      }
      const { value } = await this.#load(key, load);
      return { value, storedTtl: undefined, loaded: true };
    }
    return this.#fly(key, load, options);
  }

  async #fly(
    key: string,
    load: (context: LoadContext) => unknown,
    options: ReadThroughOptions,
  ): Promise<ReadThroughResult> {
    const flight = this.#scope.context.flights.begin(this.#scope.flightOf(key));
    try {
      const [entry] = options.fresh ? [] : await this.#read([key]);
      if (entry !== undefined) {
        await this.#land(key, flight, entry.value);
        return { value: entry.value, storedTtl: undefined, loaded: false };
      }
      const { value, wishes } = await this.#load(key, load);
      const ttl = wishes.wishedTtl === undefined ? options.ttl(value) : wishes.wishedTtl;
      const storedTtl =
        !wishes.skipped && (await this.#fill([{ key, value, ttl }], [flight])) ? ttl : undefined;
      await this.#land(key, flight, value);
      return { value, storedTtl, loaded: true };
    } catch (error) {
      this.#scope.context.flights.end(this.#scope.flightOf(key), flight);
      flight.fail(error);
      throw error;
    }
  }

  /**
   * Loads a key anew beside the value that is still served, and stores the result; `undefined` when this process is doing
   * so already.
   */
  async refresh(key: string, load: () => unknown, ttl: ReadThroughOptions['ttl']): Promise<unknown> {
    const flight = this.#scope.context.flights.beginRefresh(this.#scope.flightOf(key));
    if (flight === undefined) return undefined;
    try {
      const { value } = await this.#load(key, load);
      await this.#fill([{ key, value, ttl: ttl(value) }], [flight]);
      return value;
    } finally {
      this.#scope.context.flights.end(this.#scope.flightOf(key), flight);
    }
  }

  /** Looks many keys up with one read, and gives the missing ones to `load` in one call. */
  async many(
    keys: readonly string[],
    load: (missing: string[]) => Promise<Map<string, unknown>>,
    options: ReadThroughOptions,
  ): Promise<Map<string, unknown>> {
    const joined = new Map<string, Flight>();
    const own = new Map<string, Flight>();
    for (const key of keys) {
      const running = options.fresh ? undefined : this.#scope.context.flights.join(this.#scope.flightOf(key));
      if (running !== undefined) joined.set(key, running);
      else own.set(key, this.#scope.context.flights.begin(this.#scope.flightOf(key)));
    }
    const found = await this.#flyTogether(own, load, options);
    const alone: string[] = [];
    for (const [key, flight] of joined) {
      const { copy } = await flight.landing;
      if (copy === undefined) alone.push(key);
      else found.set(key, await copy());
    }
    if (alone.length > 0) {
      for (const [key, value] of await this.#loadMany(alone, load)) found.set(key, value);
    }
    return inOrder(keys, found);
  }

  async #flyTogether(
    own: ReadonlyMap<string, Flight>,
    load: (missing: string[]) => Promise<Map<string, unknown>>,
    options: ReadThroughOptions,
  ): Promise<Map<string, unknown>> {
    const keys = [...own.keys()];
    try {
      const entries = options.fresh ? [] : await this.#read(keys);
      const found = new Map<string, unknown>();
      const missing: string[] = [];
      for (const [index, key] of keys.entries()) {
        const entry = entries[index];
        if (entry === undefined) missing.push(key);
        else found.set(key, entry.value);
      }
      if (missing.length > 0) {
        const loaded = await this.#loadMany(missing, load);
        const writes = [...loaded].map(([key, value]) => ({ key, value, ttl: options.ttl(value) }));
        await this.#fillEach(writes, own);
        for (const [key, value] of loaded) found.set(key, value);
      }
      for (const [key, flight] of own) await this.#land(key, flight, found.get(key));
      return found;
    } catch (error) {
      for (const [key, flight] of own) {
        this.#scope.context.flights.end(this.#scope.flightOf(key), flight);
        flight.fail(error);
      }
      throw error;
    }
  }

  async #read(keys: readonly string[]): Promise<readonly ({ readonly value: unknown } | undefined)[]> {
    if (keys.length === 0) return [];
    try {
      const entries = await this.#scope.store.read(keys);
      for (const [index, entry] of entries.entries()) {
        this.#scope.report({
          type: entry === undefined ? 'miss' : 'hit',
          cache: this.#scope.name,
          key: keys[index] as string,
        });
      }
      return entries;
    } catch (error) {
      return this.#scope.refused('read', error, [], keys[0]);
    }
  }

  async #load(
    key: string,
    load: (context: LoadContext) => unknown,
  ): Promise<{ value: unknown; wishes: LoadWishes }> {
    const wishes = new LoadWishes(key);
    const value = await this.#timed([key], async () => load(wishes));
    return { value, wishes };
  }

  async #loadMany(
    missing: string[],
    load: (missing: string[]) => Promise<Map<string, unknown>>,
  ): Promise<Map<string, unknown>> {
    const loaded = await this.#timed(missing, async () => load([...missing]));
    const found = new Map<string, unknown>();
    for (const key of missing) if (loaded.get(key) !== undefined) found.set(key, loaded.get(key));
    return found;
  }

  async #timed<T>(keys: readonly string[], load: () => Promise<T>): Promise<T> {
    const start = this.#scope.context.clock.monotonic();
    let failed = true;
    try {
      const value = await load();
      failed = false;
      return value;
    } finally {
      const duration = this.#scope.context.clock.monotonic() - start;
      for (const key of keys)
        this.#scope.report({ type: 'load', cache: this.#scope.name, key, duration, failed });
    }
  }

  /** Stores what was loaded for several keys; one value that cannot be stored does not keep the others out. */
  async #fillEach(writes: readonly StoreWrite[], flights: ReadonlyMap<string, Flight>): Promise<void> {
    const flightsOf = (some: readonly StoreWrite[]): Flight[] =>
      some.map((one) => flights.get(one.key) as Flight);
    try {
      await this.#write(writes, flightsOf(writes));
    } catch (error) {
      if (!isUncacheable(error)) return this.#scope.reportError('fill', error, writes[0]?.key);
      await Promise.all(writes.map((one) => this.#fill([one], flightsOf([one]))));
    }
  }

  /** Stores what was loaded. The value is good whether or not it could be stored, so nothing is thrown. */
  async #fill(writes: readonly StoreWrite[], flights: readonly Flight[]): Promise<boolean> {
    const key = writes[0]?.key as string;
    try {
      return await this.#write(writes, flights);
    } catch (error) {
      if (isUncacheable(error)) {
        this.#scope.report({ type: 'uncacheable', cache: this.#scope.name, key, reason: error.message });
      } else {
        this.#scope.reportError('fill', error, key);
      }
      return false;
    }
  }

  async #write(writes: readonly StoreWrite[], flights: readonly Flight[]): Promise<boolean> {
    const wanted = writes.filter(
      (one, index) =>
        flights[index]?.current === true && one.value !== undefined && (one.ttl === null || one.ttl > 0),
    );
    if (wanted.length === 0) return false;
    const stored = await this.#scope.store.write(wanted, 'set');
    for (const [index, one] of wanted.entries()) {
      this.#scope.report({
        type: 'write',
        cache: this.#scope.name,
        key: one.key,
        stored: stored[index] === true,
      });
    }
    return stored[0] === true;
  }

  /**
   * Ends a flight. Who joined gets copies that are made from here on: the value itself belongs to the caller who began,
   * and may be changed by it at once.
   */
  async #land(key: string, flight: Flight, value: unknown): Promise<void> {
    this.#scope.context.flights.end(this.#scope.flightOf(key), flight);
    flight.land({ value, copy: flight.joined === 0 ? undefined : await this.#copier(value) });
  }

  async #copier(value: unknown): Promise<Landing['copy']> {
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || value === null) return () => value;
    let encoded: EncodedValue;
    try {
      encoded = await this.#scope.context.codec.encode(value);
    } catch {
      return undefined;
    }
    const payload = typeof encoded.payload === 'string' ? Buffer.from(encoded.payload) : encoded.payload;
    return () => this.#scope.context.codec.decode(encoded.flags, payload);
  }
}

/** Whether an error says that a value is none that can be cached. */
export function isUncacheable(error: unknown): error is Error {
  return (
    error instanceof UncacheableValueError ||
    error instanceof SerializationError ||
    error instanceof PayloadTooLargeError
  );
}

function inOrder(keys: readonly string[], found: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const ordered = new Map<string, unknown>();
  for (const key of keys) if (found.has(key)) ordered.set(key, found.get(key));
  return ordered;
}
