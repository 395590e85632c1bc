import type { Clock } from '../clock.js';
import { Deadlines, type Awaited } from '../connection/deadline.js';
import { RedisUnavailableError } from '../errors.js';

/** Milliseconds that a call may take. Longer than Redis gets: behind the store may be any database. */
const DEADLINE = 2_000;
/** So many calls in a row without an answer, and no more are made until one is answered. */
const LIMIT = 5;
/** Milliseconds after which a call is given up for lost and another one is tried. */
const PATIENCE = 10_000;

/**
 * Calls of somebody else's store, which may never answer: its client may wait for a server that is away. Every call is
 * answered within the deadline; where several in a row were not, further ones are rejected at once while the store hangs.
 */
export class ForeignCalls {
  readonly #name: string;
  readonly #deadlines: Deadlines;
  readonly #waiting = new Set<Awaited>();
  #timeouts = 0;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#deadlines = new Deadlines({
      clock,
      deadline: DEADLINE,
      patience: PATIENCE,
      stuck: () => this.#giveUp(),
    });
  }

  /** Gives what `work` gives, or rejects with `RedisUnavailableError` when that takes too long. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#timeouts >= LIMIT) {
      return Promise.reject(this.unavailable(`it left ${this.#timeouts} calls in a row unanswered`));
    }
    return new Promise<T>((resolve, reject) => {
      const call = this.#begin(() => reject(this.unavailable('it did not answer in time')));
      start(work).then(
        (value) => {
          this.#settle(call);
          resolve(value);
        },
        (error: Error) => {
          this.#settle(call);
          reject(error);
        },
      );
    });
  }

  /** The error of a store that is out of reach. */
  unavailable(reason: string, cause?: unknown): RedisUnavailableError {
    return new RedisUnavailableError(this.#name, reason, cause);
  }

  #begin(expired: () => void): Awaited {
    const call: Awaited = {
      due: 0,
      expired: false,
      previous: undefined,
      next: undefined,
      expire: () => {
        this.#timeouts += 1;
        expired();
      },
    };
    this.#waiting.add(call);
    this.#deadlines.add(call, 1, 0);
    return call;
  }

  #settle(call: Awaited): void {
    this.#timeouts = 0;
    if (this.#waiting.delete(call)) this.#deadlines.settle(call);
  }

  /** Lets one more call try. */
  #giveUp(): void {
    for (const call of this.#waiting) {
      if (!call.expired) continue;
      this.#waiting.delete(call);
      this.#deadlines.settle(call);
    }
    this.#timeouts = Math.min(this.#timeouts, LIMIT - 1);
  }
}

async function start<T>(work: () => Promise<T>): Promise<T> {
  return work();
}
