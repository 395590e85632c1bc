import { InvalidOptionsError } from '../errors.js';
import type { EncodedValue } from '../codec/codec.js';
import type { CacheScope } from './cache-scope.js';
import { Filling } from './filling.js';
import { Flight, type Landing } from './flights.js';
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
  readonly #filling: Filling;

  constructor(scope: CacheScope) {
    this.#scope = scope;
    this.#filling = new Filling(scope);
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
      const { value, wishes } = await this.#load(key, load, [flight]);
      const ttl = wishes.wishedTtl === undefined ? options.ttl(value) : wishes.wishedTtl;
      const stored = !wishes.skipped && (await this.#filling.one({ key, value, ttl, flight }, options.fresh));
      await this.#land(key, flight, value);
      return { value, storedTtl: stored ? ttl : undefined, loaded: true };
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
  async refresh(
    key: string,
    load: () => unknown,
    ttl: ReadThroughOptions['ttl'],
  ): Promise<ReadThroughResult | undefined> {
    const flight = this.#scope.context.flights.beginRefresh(this.#scope.flightOf(key));
    if (flight === undefined) return undefined;
    try {
      const { value } = await this.#load(key, load);
      const lifetime = ttl(value);
      const stored = await this.#filling.one({ key, value, ttl: lifetime, flight }, true);
      return { value, storedTtl: stored ? lifetime : undefined, loaded: true };
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
    }
    for (const key of keys) {
      if (!joined.has(key)) own.set(key, this.#scope.context.flights.begin(this.#scope.flightOf(key)));
    }
    const found = await this.#flyTogether(own, load, options);
    const alone: string[] = [];
    for (const [key, flight] of joined) {
      const { copy } = await flight.landing;
      if (copy === undefined) {
        alone.push(key);
        continue;
      }
      const value = await copy();
      if (value !== undefined) found.set(key, value);
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
        const loaded = await this.#loadMany(missing, load, [...own.values()]);
        const fill = missing.map((key) => {
          const value = loaded.get(key);
          return { key, value, ttl: options.ttl(value), flight: own.get(key) as Flight };
        });
        await this.#filling.each(fill, options.fresh);
        for (const [key, value] of loaded) found.set(key, value);
      }
      for (const [key, flight] of own) {
        if (found.has(key)) await this.#land(key, flight, found.get(key));
        else this.#landEmpty(key, flight);
      }
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
    flights: readonly Flight[] = [],
  ): Promise<{ value: unknown; wishes: LoadWishes }> {
    const wishes = new LoadWishes(key);
    const value = await this.#timed([key], async () => Flight.call(flights, () => load(wishes)));
    return { value, wishes };
  }

  async #loadMany(
    missing: string[],
    load: (missing: string[]) => Promise<Map<string, unknown>>,
    flights: readonly Flight[] = [],
  ): Promise<Map<string, unknown>> {
    const loaded = await this.#timed(missing, async () => Flight.call(flights, () => load([...missing])));
    if (typeof (loaded as Partial<Map<string, unknown>> | undefined)?.get !== 'function') {
      throw new InvalidOptionsError('load', 'must give a Map of values by key', loaded);
    }
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

  /**
   * Ends a flight. Who joined gets copies that are made from here on: the value itself belongs to the caller who began,
   * and may be changed by it at once.
   */
  async #land(key: string, flight: Flight, value: unknown): Promise<void> {
    this.#scope.context.flights.end(this.#scope.flightOf(key), flight);
    flight.land({ value, copy: flight.joined === 0 ? undefined : await this.#copier(value) });
  }

  /** Ends a flight whose loader knew nothing of the key: who joined has a loader of its own to ask. */
  #landEmpty(key: string, flight: Flight): void {
    this.#scope.context.flights.end(this.#scope.flightOf(key), flight);
    flight.land({ value: undefined, copy: undefined });
  }

  async #copier(value: unknown): Promise<Landing['copy']> {
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

function inOrder(keys: readonly string[], found: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const ordered = new Map<string, unknown>();
  for (const key of keys) if (found.has(key)) ordered.set(key, found.get(key));
  return ordered;
}
