import { LoadTimeoutError } from '../errors.js';
import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import type { Flight, Landing } from './flights.js';
import { serves, type LoadPlan } from './load-options.js';

/** How often a caller begins anew because what it waited for was invalidated meanwhile. After that it loads for itself. */
export const ATTEMPTS = 3;

/**
 * How long one caller waits, for one load after another: a stale value is good enough after the soft timeout and when a load
 * fails, if there is one that was not invalidated; after the hard timeout the caller waits no longer.
 */
export class Patience {
  readonly #scope: CacheScope;
  readonly #plan: LoadPlan;
  readonly #began: number;

  constructor(scope: CacheScope, plan: LoadPlan) {
    this.#scope = scope;
    this.#plan = plan;
    const { soft, hard } = plan.timeout;
    this.#began = soft === undefined && hard === undefined ? 0 : scope.context.clock.monotonic();
  }

  /**
   * What a flight brings, or the stale entry that is served in its place.
   *
   * @throws LoadTimeoutError, or the loader's error, when there is no such entry
   */
  async wait(flight: Flight): Promise<Landing | StoredEntry> {
    try {
      return await this.#within(flight);
    } catch (error) {
      if (this.#plan.isFailure?.(error) === false) throw error;
      const entry = await this.#stale(flight.key);
      if (entry === undefined) throw error;
      return entry;
    }
  }

  #within(flight: Flight): Promise<Landing | StoredEntry> {
    const { key, landing } = flight;
    const { stale, timeout } = this.#plan;
    const soft = stale.error > 0 ? timeout.soft : undefined;
    if (soft === undefined && timeout.hard === undefined) return landing;
    const { clock, flights } = this.#scope.context;
    const passed = clock.monotonic() - this.#began;
    return new Promise((resolve, reject) => {
      const cancels: (() => void)[] = [];
      const after = (limit: number, then: () => void): void => {
        cancels.push(clock.schedule(Math.max(0, limit - passed), then, true));
      };
      if (soft !== undefined) {
        after(soft, () => void this.#stale(key).then((entry) => entry !== undefined && resolve(entry)));
      }
      const { hard } = timeout;
      if (hard !== undefined) {
        after(hard, () => {
          reject(new LoadTimeoutError([key], hard));
          flights.leave(flight);
        });
      }
      void landing.then(resolve, reject).finally(() => {
        for (const cancel of cancels) cancel();
      });
    });
  }

  /** The entry that may be served now, as the store knows it now: not one that was invalidated meanwhile. */
  async #stale(key: string): Promise<StoredEntry | undefined> {
    if (this.#plan.stale.error === 0) return undefined;
    const [entry] = await this.#scope.read([key], this.#plan.tags).catch(() => []);
    if (entry === undefined || !serves(this.#plan, entry, 'error')) return undefined;
    if (entry.staleFor !== undefined) this.#scope.report({ type: 'stale', cache: this.#scope.name, key });
    return entry;
  }
}
