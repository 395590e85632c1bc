import { LoadTimeoutError } from '../errors.js';
import type { StoredEntry } from '../store/store.js';
import type { CacheScope } from './cache-scope.js';
import type { LoadPlan } from './load-options.js';

/**
 * How long one caller waits for a load: a stale value is good enough after the soft timeout and when the load fails, if
 * there is one that was not invalidated; after the hard timeout the caller waits no longer.
 */
export class Patience {
  readonly #scope: CacheScope;
  readonly #key: string;
  readonly #plan: LoadPlan;
  readonly #began: number;

  constructor(scope: CacheScope, key: string, plan: LoadPlan) {
    this.#scope = scope;
    this.#key = key;
    this.#plan = plan;
    const { soft, hard } = plan.timeout;
    this.#began = soft === undefined && hard === undefined ? 0 : scope.context.clock.monotonic();
  }

  /**
   * What a load gives, or the stale entry that is served in its place.
   *
   * @throws LoadTimeoutError, or the loader's error, when there is no such entry
   */
  async wait<T>(load: Promise<T>): Promise<T | StoredEntry> {
    try {
      return await this.#within(load);
    } catch (error) {
      const entry = await this.#stale();
      if (entry === undefined) throw error;
      return entry;
    }
  }

  #within<T>(load: Promise<T>): Promise<T | StoredEntry> {
    const { stale, timeout } = this.#plan;
    const soft = stale.error > 0 ? timeout.soft : undefined;
    if (soft === undefined && timeout.hard === undefined) return load;
    const { clock } = this.#scope.context;
    const passed = clock.monotonic() - this.#began;
    return new Promise((resolve, reject) => {
      const cancels: (() => void)[] = [];
      const after = (limit: number, then: () => void): void => {
        cancels.push(clock.schedule(Math.max(0, limit - passed), then, true));
      };
      if (soft !== undefined) {
        after(soft, () => void this.#stale().then((entry) => entry !== undefined && resolve(entry)));
      }
      const { hard } = timeout;
      if (hard !== undefined) after(hard, () => reject(new LoadTimeoutError([this.#key], hard)));
      void load.then(resolve, reject).finally(() => {
        for (const cancel of cancels) cancel();
      });
    });
  }

  /** The stale entry that may be served now, as the store knows it now: not one that was invalidated meanwhile. */
  async #stale(): Promise<StoredEntry | undefined> {
    const { error: window } = this.#plan.stale;
    if (window === 0) return undefined;
    const [entry] = await this.#scope.read([this.#key], this.#plan.tags).catch(() => []);
    if (entry === undefined || (entry.staleFor ?? 0) >= window) return undefined;
    this.#scope.report({ type: 'stale', cache: this.#scope.name, key: this.#key });
    return entry;
  }
}
