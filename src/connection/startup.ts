import type { Clock } from '../clock.js';
import { RedisUnavailableError } from '../errors.js';

/** The longest that a start waits for a Redis that is required, in milliseconds. */
const START_LIMIT = 10_000;
/** The longest that any other start waits for the first try to connect. */
const FIRST_TRY_LIMIT = 2_000;

/**
 * The start of a connection. Where Redis is required, it lasts until Redis serves, or until it is clear that it will not;
 * else until the first try to connect has ended, well or badly, so that what comes after the start finds a connection
 * wherever there is one.
 */
export class Startup {
  readonly ended: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: Error) => void;
  readonly #name: string;
  readonly #required: boolean;
  readonly #cancel: () => void;
  #reason = 'Redis was not reached';

  constructor(name: string, required: boolean, clock: Clock) {
    this.#name = name;
    this.#required = required;
    this.ended = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const limit = required ? START_LIMIT : FIRST_TRY_LIMIT;
    // Between two tries nothing else would keep a process alive that has not started yet.
    this.#cancel = clock.schedule(limit, () => this.#fail(`${this.#reason}, for ${limit / 1_000} s`), true);
  }

  /** Tells it what became of the connection. What comes after the end of the start is ignored. */
  changed(available: boolean, reason: string, denied: boolean): void {
    this.#reason = reason;
    if (available) this.#end();
    else if (denied || !this.#required) this.#fail(reason);
  }

  /** Ends a start that nobody waits for any more. */
  abandon(): void {
    this.#fail('it was closed');
  }

  #end(): void {
    this.#cancel();
    this.#resolve();
  }

  #fail(reason: string): void {
    if (!this.#required) return this.#end();
    this.#cancel();
    this.#reject(new RedisUnavailableError(this.#name, reason));
  }
}
