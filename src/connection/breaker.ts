/** `closed`: commands are sent. `half-open`: one probe is on its way. `open`: nothing but answers is waited for. */
export type BreakerState = 'closed' | 'half-open' | 'open';

/**
 * Decides whether commands are sent to one node. It knows neither time nor sockets: it is told what happened and each
 * method answers whether the state has changed by it.
 *
 * It begins open, since nothing is known of the node yet.
 */
export class Breaker {
  readonly #limit: number;
  #state: BreakerState = 'open';
  #timeouts = 0;
  #reason = 'not connected yet';

  /** Opens after `limit` commands in a row that were not answered in time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Why it is not closed, or how it came to be closed. Holds no secret. */
  get reason(): string {
    return this.#reason;
  }

  /** Redis answered a command, be it late: it serves. */
  answered(): boolean {
    if (this.#timeouts !== 0) this.#timeouts = 0;
    return this.#state !== 'closed' && this.#change('closed', 'Redis answers');
  }

  /** A command was not answered in time. */
  timedOut(): boolean {
    if (this.#state === 'half-open') return this.#change('open', 'no answer in time');
    this.#timeouts += 1;
    if (this.#state === 'open' || this.#timeouts < this.#limit) return false;
    return this.#change('open', `no answer to ${this.#timeouts} commands in a row`);
  }

  /** Redis answered that it cannot serve now, or will not serve this client. */
  refused(reason: string): boolean {
    return this.#change('open', reason);
  }

  /** The connection is gone. Nothing that is in flight will be answered. */
  lost(reason: string): boolean {
    return this.#change('open', reason);
  }

  /** A probe is being sent. */
  trying(): boolean {
    return this.#state === 'open' && this.#change('half-open', this.#reason);
  }

  #change(state: BreakerState, reason: string): boolean {
    const changed = state !== this.#state;
    this.#state = state;
    this.#reason = reason;
    this.#timeouts = 0;
    return changed;
  }
}
