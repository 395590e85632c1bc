import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { Claiming, Pause } from './claiming.js';
import { isLanding, type Flight, type Landing } from './flights.js';
import type { LoadPlan } from './load-options.js';
import { Loading } from './loading.js';
import { Patience } from './patience.js';

/** Gives the values of keys; a key that it does not know is left out. */
export type LoadMany = (missing: string[]) => Promise<Map<string, unknown>>;

/**
 * Looks many keys up with one read, and loads what is missing: each key is loaded once at a time in all processes, and those
 * that fall to this caller with one call of the loader.
 */
export class ReadThroughMany {
  readonly #scope: CacheScope;
  readonly #claiming: Claiming;
  readonly #loading: Loading;

  constructor(scope: CacheScope) {
    this.#scope = scope;
    this.#claiming = new Claiming(scope);
    this.#loading = new Loading(scope);
  }

  /** The values of keys by key, in their order, without those that nobody knows. `keys` holds each once. */
  async get(keys: readonly string[], load: LoadMany, plan: LoadPlan): Promise<Map<string, unknown>> {
    const { flights } = this.#scope.context;
    const since = flights.turn;
    for (const key of keys) flights.refuseOwn(this.#scope.flightOf(key));
    const found = new Map<string, unknown>();
    const entries = plan.fresh ? [] : await this.#look(keys, plan.tags);
    const offline = entries === 'refused';
    const missing: string[] = [];
    const stale: string[] = [];
    for (const [index, key] of keys.entries()) {
      const entry = offline ? undefined : entries[index];
      const isStale = entry?.staleFor !== undefined;
      if (entry === undefined || (isStale && (entry.staleFor ?? 0) >= plan.stale.revalidate))
        missing.push(key);
      else found.set(key, entry.value);
      if (isStale && found.has(key)) stale.push(key);
    }
    this.#refresh(stale, load, plan);
    const own: Flight[] = [];
    const joined: Flight[] = [];
    for (const key of missing) {
      const id = this.#scope.flightOf(key);
      const running = plan.fresh ? undefined : flights.join(id);
      if (running === undefined) own.push(flights.begin(id, key, plan.tags));
      else joined.push(running);
    }
    void this.#fly(own, load, plan, offline);
    const alone = await this.#collect(own, joined, since, plan, found);
    if (alone.length > 0) {
      void this.#loading.many(alone, load, plan, new Set());
      await this.#collect(alone, [], since, plan, found);
    }
    return inOrder(keys, found);
  }

  /** Loads what is stale beside what is served. What fails is told by its event, and the next caller tries again. */
  #refresh(keys: readonly string[], load: LoadMany, plan: LoadPlan): void {
    const { flights } = this.#scope.context;
    const begun: Flight[] = [];
    for (const key of keys) {
      this.#scope.report({ type: 'stale', cache: this.#scope.name, key });
      const flight = flights.beginRefresh(this.#scope.flightOf(key), key, plan.tags);
      if (flight !== undefined) begun.push(flight);
    }
    if (begun.length === 0) return;
    this.#claimAndLoad(begun, load, plan, false)
      .catch(() => undefined)
      .finally(() => {
        for (const flight of begun) flights.end(flight);
      });
  }

  /** Claims and loads until all flights have landed. Never rejects. */
  async #fly(flights: readonly Flight[], load: LoadMany, plan: LoadPlan, offline: boolean): Promise<void> {
    let waiting = flights;
    try {
      for (let tries = 0; waiting.length > 0; tries++) {
        const pause = new Pause(
          this.#scope,
          waiting.map(({ key }) => key),
        );
        try {
          const busy = await this.#claimAndLoad(waiting, load, plan, offline);
          waiting = busy;
          if (busy.length > 0) await pause.passed(tries);
        } finally {
          pause.end();
        }
      }
    } catch (error) {
      for (const flight of waiting) {
        this.#scope.context.flights.end(flight);
        flight.fail(error);
      }
    }
  }

  /** Gives the flights whose keys somebody else loads. */
  async #claimAndLoad(
    flights: readonly Flight[],
    load: LoadMany,
    plan: LoadPlan,
    offline: boolean,
  ): Promise<Flight[]> {
    const claims = offline ? this.#claiming.none(flights) : await this.#claiming.once(flights, plan.fresh);
    const busy: Flight[] = [];
    const mine: Flight[] = [];
    const old = new Set<Flight>();
    for (const [index, flight] of flights.entries()) {
      const claim = claims[index] as (typeof claims)[number];
      if (!flight.current || (claim.state === 'busy' && !claim.failed)) {
        await this.#claiming.again([flight]);
        busy.push(flight);
      } else if (claim.state === 'fresh') {
        await this.#loading.landEntry(flight, claim.entry);
      } else {
        if (claim.state === 'barred') flight.current = false;
        if (claim.state === 'held' && claim.entry !== undefined) old.add(flight);
        mine.push(flight);
      }
    }
    if (mine.length > 0) await this.#loading.many(mine, load, plan, old);
    return busy;
  }

  /** Takes what flights bring. Gives new flights for what those of others cannot give to a caller of turn `since`. */
  async #collect(
    own: readonly Flight[],
    joined: readonly Flight[],
    since: number,
    plan: LoadPlan,
    found: Map<string, unknown>,
  ): Promise<Flight[]> {
    const wait = ({ key, landing }: Flight): Promise<Landing | StoredEntry> =>
      new Patience(this.#scope, key, plan).wait(landing);
    const [mine, others] = await Promise.all([Promise.all(own.map(wait)), Promise.all(joined.map(wait))]);
    for (const [index, { key }] of own.entries()) {
      const one = mine[index] as Landing | StoredEntry;
      if (!isLanding(one) || one.found) found.set(key, one.value);
    }
    const alone: Flight[] = [];
    for (const [index, flight] of joined.entries()) {
      const one = others[index] as Landing | StoredEntry;
      const value = isLanding(one) ? await this.#copy(flight, one, since) : one.value;
      if (value === undefined) alone.push(this.#scope.context.flights.alone(flight.key, plan.tags));
      else found.set(flight.key, value);
    }
    return alone;
  }

  async #copy(flight: Flight, { copy, current }: Landing, since: number): Promise<unknown> {
    if (copy === undefined || !(current || flight.claimedAt > since)) return undefined;
    this.#scope.report({ type: 'coalesced', cache: this.#scope.name, key: flight.key });
    return copy();
  }

  async #look(
    keys: readonly string[],
    tags: readonly string[],
  ): Promise<readonly (StoredEntry | undefined)[] | 'refused'> {
    const scope = this.#scope;
    if (keys.length === 0) return [];
    try {
      const entries = await scope.read(keys, tags);
      for (const [index, entry] of entries.entries()) {
        const isHit = entry !== undefined && entry.staleFor === undefined;
        scope.report({ type: isHit ? 'hit' : 'miss', cache: scope.name, key: keys[index] as string });
      }
      return entries;
    } catch (error) {
      return scope.refused('read', error, 'refused', keys[0]);
    }
  }
}

function inOrder(keys: readonly string[], found: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const ordered = new Map<string, unknown>();
  for (const key of keys) if (found.has(key)) ordered.set(key, found.get(key));
  return ordered;
}
