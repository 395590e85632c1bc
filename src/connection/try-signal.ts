/**
 * An abort signal for one try to connect after the other. The client reads its `signal` once and hands it to every socket
 * that it makes, and node takes no socket's listener off a signal again: an `AbortSignal` of its own would hold every socket
 * that ever was. This one passes on to the signal of the try that is under way, and lets go of the ones before.
 */
export class TrySignal {
  #controller = new AbortController();

  /** A new try begins. */
  renew(): void {
    if (!this.aborted) this.#controller = new AbortController();
  }

  /** Ends the try that is under way, and every later one. */
  abort(): void {
    this.#controller.abort();
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }

  get reason(): unknown {
    return this.#controller.signal.reason as unknown;
  }

  addEventListener(...args: Parameters<AbortSignal['addEventListener']>): void {
    this.#controller.signal.addEventListener(...args);
  }

  removeEventListener(...args: Parameters<AbortSignal['removeEventListener']>): void {
    this.#controller.signal.removeEventListener(...args);
  }
}
