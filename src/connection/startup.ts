import type { Clock } from '../clock.js';
import { RedisUnavailableError } from '../errors.js';

/** The longest that a start waits for Redis, in milliseconds. */
export const START_LIMIT = 10_000;

/** A start that waits until Redis serves, or until it is clear that it will not. */
export class Startup {
  readonly served: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: Error) => void;
  readonly #name: string;
  readonly #cancel: () => void;
  #reason = 'Redis was not reached';

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.served = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const giveUp = (): void => this.#reject(this.#error(`${this.#reason}, for ${START_LIMIT / 1_000} s`));
    // Between two tries nothing else would keep a process alive that has not started yet.
    this.#cancel = clock.schedule(START_LIMIT, giveUp, true);
  }

  /** Tells it what became of the connection. What comes after the first end of the start is ignored. */
  changed(available: boolean, reason: string, denied: boolean): void {
    this.#reason = reason;
    if (!available && !denied) return;
    this.#cancel();
    if (available) this.#resolve();
    else this.#reject(this.#error(reason));
  }

  /** Ends a start that nobody waits for any more. */
  abandon(): void {
    this.#cancel();
    this.#reject(this.#error('it was closed'));
  }

  #error(reason: string): RedisUnavailableError {
    return new RedisUnavailableError(this.#name, reason);
  }
}
