import type { EncodedValue } from '../codec/codec.js';
import { InvalidOptionsError, LoadTimeoutError } from '../errors.js';
import type { LoadEnd } from '../store/coherence.js';
import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { joinTags } from './check-tags.js';
import { Filling, type LoadedValue } from './filling.js';
import { Flight, type Landing } from './flights.js';
import { keepLeases } from './lease-keeper.js';
import { LoadWishes } from './load-context.js';
import { willDo, type LoadPlan } from './load-options.js';
import { refuseTags } from './plain-coherence.js';
import { graceOf } from './stale-options.js';

/** For how long nobody tries again after a load has failed whose old value will do, in milliseconds. */
const PAUSE_AFTER_FAILURE = 1_000;

/** One load: calls a loader for flights that may load, stores what it gives, and lands them. */
export class Loading {
  readonly #scope: CacheScope;
  readonly #filling: Filling;

  constructor(scope: CacheScope) {
    this.#scope = scope;
    this.#filling = new Filling(scope);
  }

  /** Loads for one flight. Never rejects: who waits for the flight is told. */
  async one(flight: Flight, load: (wishes: LoadWishes) => unknown, plan: LoadPlan): Promise<void> {
    const wishes = new LoadWishes(flight.key, flight.old?.value, flight.isRefresh);
    await this.#run([flight], plan, wishes, async () => {
      const value = await this.#timed([flight], async () => Flight.call([flight], () => load(wishes)));
      const wished = wishes.wishedTtl === undefined ? plan.ttl(value) : wishes.wishedTtl;
      const ttl = wishes.skipped ? 0 : jittered(wished, plan.jitter);
      if (!this.#scope.coherent) refuseTags('tags', [...wishes.named]);
      const tags = joinTags(plan.tags, wishes.named);
      const grace = wishes.grace ?? this.#graceOf(plan);
      const replaces = !wishes.skipped && (plan.fresh || flight.old !== undefined);
      return [{ flight, value, ttl, grace, tags, replaces, found: true, beside: wishes.besides }];
    });
  }

  /** Loads for several flights with one call of a loader. Never rejects. */
  async many(
    flights: readonly Flight[],
    load: (missing: string[]) => Promise<Map<string, unknown>>,
    plan: LoadPlan,
  ): Promise<void> {
    await this.#run(flights, plan, undefined, async () => {
      const keys = flights.map(({ key }) => key);
      const loaded = await this.#timed(flights, async () => Flight.call(flights, () => load(keys)));
      requireMap(loaded);
      const grace = this.#graceOf(plan);
      return flights.map((flight) => {
        const value = loaded.get(flight.key);
        const replaces = plan.fresh || flight.old !== undefined;
        const ttl = jittered(plan.ttl(value), plan.jitter);
        return { flight, value, ttl, grace, tags: plan.tags, replaces, found: value !== undefined };
      });
    });
  }

  /** Other callers than this one may serve a stale value for longer, or not for so long. */
  #graceOf({ stale }: LoadPlan): number {
    return Math.max(this.#scope.context.grace, graceOf(stale));
  }

  async #run(
    flights: readonly Flight[],
    plan: LoadPlan,
    wishes: LoadWishes | undefined,
    load: () => Promise<(LoadedValue & { readonly found: boolean })[]>,
  ): Promise<void> {
    const { coherence, context } = this.#scope;
    for (const flight of flights) flight.whenDetached = () => void this.#giveBack([flight]);
    const stopKeeping = keepLeases(coherence, context.clock, flights);
    const limit = this.#limit(flights, plan, wishes);
    try {
      const loaded = await (limit === undefined ? load() : Promise.race([load(), limit.passed]));
      stopKeeping();
      // Who comes from here on reads what the fill has left: whether the value is right for them, it could not tell.
      // (A store that is not coherent knows no more than the board does: there it stays until it is done.)
      for (const flight of flights) {
        flight.whenDetached = undefined;
        if (this.#scope.coherent) context.flights.end(flight);
      }
      const ends = await this.#filling.end(loaded);
      for (const [index, one] of loaded.entries()) {
        await this.#land(one, one.found, ends[index] as LoadEnd, plan);
      }
    } catch (error) {
      stopKeeping();
      for (const flight of flights) context.flights.end(flight);
      const failed = plan.isFailure?.(error) !== false;
      const served = flights.filter(({ old }) => failed && willDo(plan, old));
      await Promise.all([this.#giveBack(served, PAUSE_AFTER_FAILURE), this.#giveBack(flights)]);
      for (const flight of flights) flight.fail(error);
    } finally {
      limit?.cancel();
      for (const flight of flights) flight.whenDetached = undefined;
    }
  }

  /** Rejects once the load has taken longer than its hard timeout, and aborts the loader's signal. */
  #limit(
    flights: readonly Flight[],
    { timeout }: LoadPlan,
    wishes: LoadWishes | undefined,
  ): { readonly passed: Promise<never>; cancel(): void } | undefined {
    const { hard } = timeout;
    if (hard === undefined) return undefined;
    let cancel!: () => void;
    const passed = new Promise<never>((_, reject) => {
      cancel = this.#scope.context.clock.schedule(hard, () => {
        const error = new LoadTimeoutError(
          flights.map(({ key }) => key),
          hard,
        );
        wishes?.abort(error);
        reject(error);
      });
    });
    return { passed, cancel };
  }

  /** Gives back the leases that flights still hold. */
  async #giveBack(flights: readonly Flight[], pause?: number): Promise<void> {
    const leases = flights.flatMap(({ lease }) => lease ?? []);
    for (const flight of flights) flight.lease = undefined;
    if (leases.length === 0) return;
    try {
      await this.#scope.coherence.release(leases, pause);
    } catch (error) {
      this.#scope.reportError('release', error, leases[0]?.key);
    }
  }

  async #timed<T>(flights: readonly Flight[], load: () => Promise<T>): Promise<T> {
    const { clock } = this.#scope.context;
    const start = clock.monotonic();
    let failed = true;
    try {
      const value = await load();
      failed = false;
      return value;
    } finally {
      const duration = clock.monotonic() - start;
      for (const { key } of flights) {
        this.#scope.report({ type: 'load', cache: this.#scope.name, key, duration, failed });
      }
    }
  }

  /**
   * Ends a flight. Who joined gets copies that are made from here on: the value itself belongs to the caller who began,
   * and may be changed by it at once.
   */
  async #land(
    { flight, value, ttl }: LoadedValue,
    found: boolean,
    end: LoadEnd,
    plan: LoadPlan,
  ): Promise<void> {
    this.#scope.context.flights.end(flight);
    const storedTtl = end.stored ? ttl : undefined;
    const copy = flight.joined === 0 || !found ? undefined : await this.#copier(value, plan);
    flight.land({ value, loaded: true, stale: false, found, storedTtl, current: end.current, copy });
  }

  /** Lands a flight with an entry that was there already. */
  async landEntry(flight: Flight, entry: StoredEntry, plan: LoadPlan): Promise<void> {
    this.#scope.context.flights.end(flight);
    const copy = flight.joined === 0 ? undefined : await this.#copier(entry.value, plan);
    flight.land({
      value: entry.value,
      loaded: false,
      stale: entry.staleFor !== undefined,
      found: true,
      storedTtl: undefined,
      current: false,
      copy,
    });
  }

  /** Makes copies of a value; `undefined` where it cannot be copied. */
  async #copier(value: unknown, { shared = false }: LoadPlan): Promise<Landing['copy']> {
    if (shared || typeof value !== 'object' || value === null) return () => value;
    const { codec } = this.#scope.context;
    let encoded: EncodedValue;
    try {
      encoded = await codec.encode(value);
    } catch {
      return undefined;
    }
    const payload = typeof encoded.payload === 'string' ? Buffer.from(encoded.payload) : encoded.payload;
    return () => codec.decode(encoded.flags, payload);
  }
}

/** What is loaded at the same time shall not expire at the same time. Never longer than wanted. */
function jittered(ttl: number | null, jitter: number): number | null {
  if (ttl === null || ttl <= 0 || jitter === 0) return ttl;
  return Math.max(1, Math.round(ttl * (1 - jitter * Math.random())));
}

/** @throws InvalidOptionsError unless a loader of many keys has given a Map */
function requireMap(loaded: unknown): void {
  if (typeof (loaded as Partial<Map<string, unknown>> | undefined)?.get === 'function') return;
  throw new InvalidOptionsError('load', 'must give a Map of values by key', loaded);
}
