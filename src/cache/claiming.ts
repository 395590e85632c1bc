import type { Claim } from '../store/coherence.js';
import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import type { Flight } from './flights.js';
import { willDo, type LoadPlan } from './load-options.js';
import { isRefusal } from './refusal.js';

/**
 * The pauses between two claims of a key that somebody else loads, in milliseconds: `share` of the time that it was waited
 * already, so that nobody waits much longer than the load takes, and few claims are sent however long it takes.
 */
const PAUSES = { shortest: 5, longest: 100, share: 0.2, whenHeard: 1_000 } as const;

/**
 * What a flight is to do: load, and store the result if it has a lease; wait until somebody else has loaded; ask once more,
 * since what it was told is outdated; or land with an entry that is there.
 */
export type Step = 'load' | 'wait' | 'again' | StoredEntry;

/** Asks for the right to load, in turn with all other processes. */
export class Claiming {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  /**
   * Asks once for leases. `undefined` = Redis is out of reach: the caller still gets what it has asked for, whatever `onError`
   * says, loaded and not stored.
   */
  async acquire(flights: readonly Flight[], anew: boolean): Promise<(Claim | undefined)[]> {
    const { coherence, context } = this.#scope;
    context.flights.claim(flights);
    try {
      const claims = await coherence.acquire(flights.map(({ key, tags }) => ({ key, tags, anew })));
      for (const [index, flight] of flights.entries()) {
        const claim = claims[index] as Claim;
        if (claim.state === 'held') flight.lease = claim.lease;
      }
      return claims;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#scope.reportError('acquire', error, flights[0]?.key);
      return flights.map(() => undefined);
    }
  }

  /** Asks once for several keys. */
  async once(flights: readonly Flight[], plan: LoadPlan, anew: boolean): Promise<Step[]> {
    const claims = await this.acquire(flights, anew);
    const steps = flights.map((flight, index) => stepOf(flight, claims[index], plan));
    await this.#giveBack(flights.filter((_, index) => steps[index] === 'again'));
    return steps;
  }

  /**
   * Asks for one key until nobody else loads it. `undefined` = nobody waits for it any more, or, without `patient`, somebody
   * else loads it.
   */
  async one(
    flight: Flight,
    plan: LoadPlan,
    { anew, patient }: { readonly anew: boolean; readonly patient: boolean },
  ): Promise<Exclude<Step, 'wait' | 'again'> | undefined> {
    const since = this.#scope.context.clock.monotonic();
    while (!flight.over) {
      const pause = new Pause(this.#scope, [flight]);
      try {
        const [step] = (await this.once([flight], plan, anew)) as [Step];
        if (step === 'wait') {
          if (!patient) return undefined;
          await pause.passed(since);
        } else if (step !== 'again') return step;
      } finally {
        pause.end();
      }
    }
    return undefined;
  }

  async #giveBack(flights: readonly Flight[]): Promise<void> {
    const leases = flights.flatMap(({ lease }) => lease ?? []);
    for (const flight of flights) flight.lease = undefined;
    if (leases.length > 0) await this.#scope.coherence.release(leases).catch(() => {});
  }
}

function stepOf(flight: Flight, claim: Claim | undefined, plan: LoadPlan): Step {
  if ((!flight.current && !flight.detached) || flight.over) return 'again';
  if (claim === undefined) return 'load';
  if (claim.state === 'fresh') return claim.entry;
  if (claim.state === 'barred') {
    flight.current = false;
    return 'load';
  }
  flight.old = claim.entry;
  if (claim.state === 'held') return 'load';
  if (!claim.failed) return 'wait';
  // Somebody's load has failed a moment ago: where an old value will do, the source is left in peace.
  return willDo(plan, claim.entry) ? claim.entry : 'load';
}

/**
 * The pause before the next claim of keys that somebody else loads. It ends when one of them may have changed, or nobody waits
 * for it any more; where nobody tells, after a while. Begins to listen when it is made, so before the claim: no change between the two is missed.
 */
export class Pause {
  readonly #scope: CacheScope;
  readonly #flights: readonly Flight[];
  readonly #unwatch: (() => void)[] = [];
  readonly #heard: boolean;
  #woken = false;
  #wake: () => void = () => (this.#woken = true);

  constructor(scope: CacheScope, flights: readonly Flight[]) {
    this.#scope = scope;
    this.#flights = flights;
    const wake = (): void => this.#wake();
    let heard = true;
    for (const flight of flights) {
      flight.whenOver = wake;
      const unwatch = scope.coherence.watch(flight.key, wake);
      if (unwatch === undefined) heard = false;
      else this.#unwatch.push(unwatch);
    }
    this.#heard = heard;
  }

  /** Waits. `since` = when the first claim was sent, by the monotonic clock. */
  async passed(since: number): Promise<void> {
    if (this.#woken) return;
    const { shortest, longest, share, whenHeard } = PAUSES;
    const waited = this.#scope.context.clock.monotonic() - since;
    const wait = this.#heard ? whenHeard : Math.min(longest, Math.max(shortest, waited * share));
    await new Promise<void>((resolve) => {
      // Up to half more, so that processes that wait together do not ask together. It is somebody's request that waits.
      const cancel = this.#scope.context.clock.schedule(wait * (1 + Math.random() / 2), resolve, true);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Listens no more. */
  end(): void {
    for (const unwatch of this.#unwatch) unwatch();
    for (const flight of this.#flights) flight.whenOver = undefined;
  }
}
