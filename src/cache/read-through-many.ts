import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import { Claiming, Pause, type Step } from './claiming.js';
import { isEntitled, isLanding, type Flight, type Landing } from './flights.js';
import type { LoadPlan } from './load-options.js';
import { Loading } from './loading.js';
import { ATTEMPTS, Patience } from './patience.js';

/** Gives the values of keys; a key that it does not know is left out. */
export type LoadMany = (missing: string[]) => Promise<Map<string, unknown>>;

/** One call, and what was found for it. */
interface Call {
  readonly load: LoadMany;
  readonly plan: LoadPlan;
  readonly patience: Patience;
  readonly found: Map<string, unknown>;
  /** The keys that nobody else's load can give it. */
  readonly alone: string[];
}

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
    for (const key of keys) flights.refuseOwn(this.#scope.flightOf(key));
    const patience = new Patience(this.#scope, plan);
    const call: Call = { load, plan, patience, found: new Map(), alone: [] };
    let missing = keys;
    for (let tries = 0; tries < ATTEMPTS && missing.length > 0; tries++)
      missing = await this.#attempt(missing, call);
    await this.#loadAlone([...call.alone, ...missing], call);
    return inOrder(keys, call.found);
  }

  /** Looks keys up, and loads or waits for what is missing. Gives the keys that are to be asked for anew. */
  async #attempt(keys: readonly string[], call: Call): Promise<string[]> {
    const { plan, load, found } = call;
    const { flights } = this.#scope.context;
    const since = flights.turn;
    const entries = plan.fresh ? [] : await this.#look(keys, plan.tags);
    const offline = entries === 'refused';
    const stale: string[] = [];
    const own: Flight[] = [];
    const joined: Flight[] = [];
    for (const [index, key] of keys.entries()) {
      const entry = offline ? undefined : entries[index];
      if (entry !== undefined && (entry.staleFor ?? -1) < plan.stale.revalidate) {
        found.set(key, entry.value);
        if (entry.staleFor !== undefined) stale.push(key);
        continue;
      }
      const id = this.#scope.flightOf(key);
      const running = plan.fresh ? undefined : flights.join(id);
      if (running === undefined) own.push(flights.begin(id, key, plan.tags));
      else joined.push(running);
    }
    this.#refresh(stale, load, plan);
    if (own.length > 0) void this.#fly(own, call, offline);
    return this.#collect(own, joined, since, call);
  }

  /** Loads without the cache: whatever happens meanwhile, what is loaded now is new enough for who asks now. */
  async #loadAlone(keys: readonly string[], call: Call): Promise<void> {
    if (keys.length === 0) return;
    const alone = keys.map((key) => this.#scope.context.flights.alone(key, call.plan.tags));
    void this.#loading.many(alone, call.load, call.plan);
    await this.#collect(alone, [], 0, call);
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
    this.#claimAndLoad(begun, load, plan)
      .catch(() => undefined)
      .finally(() => {
        for (const flight of begun) flights.end(flight);
      });
  }

  /** Claims and loads until all flights have landed. Never rejects. */
  async #fly(flights: readonly Flight[], { load, plan }: Call, offline: boolean): Promise<void> {
    const board = this.#scope.context.flights;
    let waiting = flights;
    try {
      if (offline) {
        board.claim(flights);
        return await this.#loading.many(flights, load, plan);
      }
      const since = this.#scope.context.clock.monotonic();
      while (waiting.length > 0) {
        const pause = new Pause(this.#scope, waiting);
        try {
          const { busy, again } = await this.#claimAndLoad(waiting, load, plan);
          if (busy.length > 0 && again.length === 0) await pause.passed(since);
          waiting = [...busy, ...again].filter(({ over }) => !over);
        } finally {
          pause.end();
        }
      }
    } catch (error) {
      for (const flight of waiting) {
        board.end(flight);
        flight.fail(error);
      }
    }
  }

  /** Gives the flights whose keys somebody else loads, and those that are to ask again at once. */
  async #claimAndLoad(
    flights: readonly Flight[],
    load: LoadMany,
    plan: LoadPlan,
  ): Promise<{ readonly busy: readonly Flight[]; readonly again: readonly Flight[] }> {
    const steps = await this.#claiming.once(flights, plan, plan.fresh);
    const busy: Flight[] = [];
    const again: Flight[] = [];
    const mine: Flight[] = [];
    for (const [index, flight] of flights.entries()) {
      const step = steps[index] as Step;
      if (step === 'wait') busy.push(flight);
      else if (step === 'again') again.push(flight);
      else if (step === 'load') mine.push(flight);
      else await this.#loading.landEntry(flight, step, plan);
    }
    if (mine.length > 0) await this.#loading.many(mine, load, plan);
    return { busy, again };
  }

  /** Takes what flights bring for a caller of turn `since`. Gives the keys that are to be asked for anew. */
  async #collect(
    own: readonly Flight[],
    joined: readonly Flight[],
    since: number,
    { patience, found, alone }: Call,
  ): Promise<string[]> {
    const wait = (flight: Flight): Promise<Landing | StoredEntry> => patience.wait(flight);
    const [mine, others] = await Promise.all([Promise.all(own.map(wait)), Promise.all(joined.map(wait))]);
    for (const [index, { key }] of own.entries()) {
      const one = mine[index] as Landing | StoredEntry;
      if (isLanding(one) && one.stale) this.#scope.report({ type: 'stale', cache: this.#scope.name, key });
      if (!isLanding(one) || one.found) found.set(key, one.value);
    }
    const anew: string[] = [];
    for (const [index, flight] of joined.entries()) {
      const one = others[index] as Landing | StoredEntry;
      const { key } = flight;
      if (!isLanding(one)) found.set(key, one.value);
      else if (one.copy === undefined || one.value === undefined) alone.push(key);
      else if (!isEntitled(since, flight, one)) anew.push(key);
      else {
        this.#scope.report({ type: one.stale ? 'stale' : 'coalesced', cache: this.#scope.name, key });
        found.set(key, await one.copy());
      }
    }
    return anew;
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
