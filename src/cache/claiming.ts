import type { Claim } from '../store/coherence.js';
import { isRefusal } from './refusal.js';
import type { CacheScope } from './cache-scope.js';
import type { Flight } from './flights.js';

/** The first pause between two claims of a key that somebody else loads, and the longest, in milliseconds. */
const PAUSES = { first: 5, longest: 100, whenHeard: 1_000 } as const;

/** What became of a claim. `unleased` = Redis is out of reach: load, and store nothing. */
export type Claimed = Exclude<Claim, { state: 'busy'; failed: false }> | Unleased;

interface Unleased {
  readonly state: 'unleased';
}

const UNLEASED: Unleased = Object.freeze({ state: 'unleased' });

/** Asks for the right to load, in turn with all other processes. */
export class Claiming {
  readonly #scope: CacheScope;

  constructor(scope: CacheScope) {
    this.#scope = scope;
  }

  /**
   * Asks once for several keys. Where Redis is out of reach the caller still gets what it has asked for, whatever `onError`
   * says: loaded, and not stored.
   */
  async once(flights: readonly Flight[], anew: boolean): Promise<(Claim | Unleased)[]> {
    const { coherence, context } = this.#scope;
    context.flights.claim(flights);
    try {
      const requests = flights.map(({ key, tags }) => ({ key, tags, anew }));
      const claims = await coherence.acquire(requests);
      for (const [index, flight] of flights.entries()) {
        const claim = claims[index] as Claim;
        if (claim.state === 'held') flight.lease = claim.lease;
      }
      return claims;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#scope.reportError('acquire', error, flights[0]?.key);
      return flights.map(() => UNLEASED);
    }
  }

  /**
   * Asks for one key until nobody else loads it. `patient: false` asks once: then `undefined` = somebody else does.
   */
  async one(flight: Flight, anew: boolean, patient: boolean): Promise<Claimed | undefined> {
    for (let tries = 0; ; tries++) {
      const pause = new Pause(this.#scope, [flight.key]);
      try {
        const [claim] = (await this.once([flight], anew)) as [Claim | Unleased];
        if (!flight.current) await this.again([flight]);
        else if (claim.state !== 'busy' || claim.failed) return claim;
        else if (!patient) return undefined;
        else await pause.passed(tries);
      } finally {
        pause.end();
      }
    }
  }

  /** Claims nothing, since Redis is known to be out of reach. */
  none(flights: readonly Flight[]): Unleased[] {
    this.#scope.context.flights.claim(flights);
    return flights.map(() => UNLEASED);
  }

  /** What these flights were told is outdated: gives back what they hold. */
  async again(flights: readonly Flight[]): Promise<void> {
    const leases = flights.flatMap(({ lease }) => (lease === undefined ? [] : [lease]));
    for (const flight of flights) flight.lease = undefined;
    if (leases.length > 0) await this.#scope.coherence.release(leases).catch(() => {});
  }
}

/**
 * The pause before the next claim of keys that somebody else loads. It ends when one of them may have changed; where nobody
 * tells, after a while. Begins to listen when it is made, so before the claim: no change between the two is missed.
 */
export class Pause {
  readonly #scope: CacheScope;
  readonly #unwatch: (() => void)[] = [];
  readonly #heard: boolean;
  #woken = false;
  #wake: () => void = () => (this.#woken = true);

  constructor(scope: CacheScope, keys: readonly string[]) {
    this.#scope = scope;
    const wake = (): void => this.#wake();
    let heard = true;
    for (const key of keys) {
      const unwatch = scope.coherence.watch(key, wake);
      if (unwatch === undefined) heard = false;
      else this.#unwatch.push(unwatch);
    }
    this.#heard = heard;
  }

  /** Waits. `tries` = how often it was waited before. */
  async passed(tries: number): Promise<void> {
    if (this.#woken) return;
    const { first, longest, whenHeard } = PAUSES;
    const wait = this.#heard ? whenHeard : Math.min(longest, first * 2 ** tries);
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
  }
}
