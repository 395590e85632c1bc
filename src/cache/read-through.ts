import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { Claiming } from './claiming.js';
import { isEntitled, isLanding, type Flight, type Landing } from './flights.js';
import type { LoadWishes } from './load-context.js';
import { serves, type LoadPlan } from './load-options.js';
import { Loading } from './loading.js';
import { ATTEMPTS, Patience } from './patience.js';

/** A value and where it came from. */
export interface ReadThroughResult {
  readonly value: unknown;
  /** The ttl it was stored with, when it was loaded by this call and stored; else `undefined`. */
  readonly storedTtl: number | null | undefined;
  readonly loaded: boolean;
  /** Whether another caller's load has given it. */
  readonly coalesced?: boolean;
  /** Whether it is a stale value, served in the place of a new one. */
  readonly stale?: boolean;
}

/** Gives the value of a key. */
export type Load = (wishes: LoadWishes) => unknown;

/**
 * Looks values up and loads what is missing: one load at a time for all callers in all processes. A loader's failure
 * reaches all callers of its process and is not remembered.
 */
export class ReadThrough {
  readonly #scope: CacheScope;
  readonly #claiming: Claiming;
  readonly #loading: Loading;

  constructor(scope: CacheScope) {
    this.#scope = scope;
    this.#claiming = new Claiming(scope);
    this.#loading = new Loading(scope);
  }

  /**
   * What `read` makes of the fresh bytes of a key that this process remembers, at once. They are those that are kept: nobody may
   * change them. `undefined` where it makes nothing of them, where the value is no Buffer, and where the key has to be looked up.
   */
  glance<T>(key: string, read: (bytes: Buffer) => T | undefined): T | undefined {
    const bytes = this.#scope.peekBytes(key);
    const found = bytes && read(bytes);
    if (found !== undefined) this.#scope.report({ type: 'hit', cache: this.#scope.name, key });
    return found;
  }

  /** The value of one key. */
  async one(key: string, load: Load, plan: LoadPlan): Promise<ReadThroughResult> {
    const id = this.#scope.flightOf(key);
    const { flights } = this.#scope.context;
    const patience = new Patience(this.#scope, plan);
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      const since = flights.turn;
      let flight = plan.fresh ? undefined : flights.join(id);
      let offline = false;
      if (flight === undefined && !plan.fresh) {
        const found = await this.#look(key, plan.tags);
        if (found === 'refused') offline = true;
        else if (found !== undefined) {
          if (found.staleFor === undefined) return hit(found.value);
          if (serves(plan, found, 'revalidate')) return this.#serveStale(key, load, plan, found);
        }
        flight = flights.join(id);
      }
      if (flight === undefined) return this.#begin(key, load, plan, { offline, patience });
      const landing = await patience.wait(flight);
      const joined = await this.#takeJoined(key, flight, landing, since);
      if (joined !== undefined) return joined;
      if (isLanding(landing) && landing.copy === undefined) break;
    }
    return this.#loadAlone(key, load, plan, patience);
  }

  /**
   * Loads a key beside the value that is still served, and stores the result; `undefined` when somebody is doing so
   * already, or has done so and `anew` is false.
   */
  async refresh(
    key: string,
    load: Load,
    plan: LoadPlan,
    anew: boolean,
  ): Promise<ReadThroughResult | undefined> {
    const id = this.#scope.flightOf(key);
    const flight = this.#scope.context.flights.beginRefresh(id, key, plan.tags);
    if (flight === undefined) return undefined;
    void this.#run(flight, load, plan, { offline: false, patient: false, anew });
    const { value, storedTtl, loaded } = await flight.landing;
    return loaded ? { value, storedTtl, loaded } : undefined;
  }

  /** Begins a flight and waits for it: its value itself is for who began it. */
  async #begin(
    key: string,
    load: Load,
    plan: LoadPlan,
    { offline, patience }: { readonly offline: boolean; readonly patience: Patience },
  ): Promise<ReadThroughResult> {
    const flight = this.#scope.context.flights.begin(this.#scope.flightOf(key), key, plan.tags);
    void this.#run(flight, load, plan, { offline, patient: true, anew: plan.fresh });
    const landing = await patience.wait(flight);
    if (!isLanding(landing)) return served(landing);
    const { value, storedTtl, loaded, stale } = landing;
    if (stale) this.#scope.report({ type: 'stale', cache: this.#scope.name, key });
    return { value, storedTtl, loaded, stale };
  }

  /** What a caller that came at turn `since` takes from a flight it has joined; `undefined` = nothing. */
  async #takeJoined(
    key: string,
    flight: Flight,
    landing: Landing | StoredEntry,
    since: number,
  ): Promise<ReadThroughResult | undefined> {
    if (!isLanding(landing)) return served(landing);
    if (!isEntitled(since, flight, landing) || landing.copy === undefined) return undefined;
    this.#scope.report({ type: landing.stale ? 'stale' : 'coalesced', cache: this.#scope.name, key });
    return { ...hit(await landing.copy()), coalesced: true, stale: landing.stale };
  }

  /** Claims, loads and lands. Never rejects. */
  async #run(
    flight: Flight,
    load: Load,
    plan: LoadPlan,
    how: { readonly offline: boolean; readonly patient: boolean; readonly anew: boolean },
  ): Promise<void> {
    const { flights } = this.#scope.context;
    try {
      if (how.offline) flights.claim([flight]);
      const step = how.offline ? 'load' : await this.#claiming.one(flight, plan, how);
      if (step === undefined) flights.giveUp(flight);
      else if (step === 'load') await this.#loading.one(flight, load, plan);
      else await this.#loading.landEntry(flight, step, plan);
    } catch (error) {
      flights.end(flight);
      flight.fail(error);
    }
  }

  #serveStale(key: string, load: Load, plan: LoadPlan, entry: StoredEntry): ReadThroughResult {
    this.#scope.report({ type: 'stale', cache: this.#scope.name, key });
    // Its failure is told by its event, and the next caller tries again.
    const refreshing = this.refresh(key, load, plan, false).catch(() => undefined);
    plan.refreshing?.(refreshing);
    return served(entry);
  }

  /** Loads without the cache: whatever happens meanwhile, what is loaded now is new enough for who asks now. */
  async #loadAlone(key: string, load: Load, plan: LoadPlan, patience: Patience): Promise<ReadThroughResult> {
    const flight = this.#scope.context.flights.alone(key, plan.tags);
    void this.#loading.one(flight, load, plan);
    const found = await patience.wait(flight);
    return { value: found.value, storedTtl: undefined, loaded: isLanding(found) };
  }

  async #look(key: string, tags: readonly string[]): Promise<StoredEntry | 'refused' | undefined> {
    const scope = this.#scope;
    const remembered = scope.peek(key);
    try {
      const entry = remembered ?? (await scope.read([key], tags))[0];
      const isHit = entry !== undefined && entry.staleFor === undefined;
      scope.report({ type: isHit ? 'hit' : 'miss', cache: scope.name, key });
      return entry;
    } catch (error) {
      return scope.refused('read', error, 'refused', key);
    }
  }
}

function hit(value: unknown): ReadThroughResult {
  return { value, storedTtl: undefined, loaded: false };
}

function served({ value, staleFor }: StoredEntry): ReadThroughResult {
  return { ...hit(value), stale: staleFor !== undefined };
}
