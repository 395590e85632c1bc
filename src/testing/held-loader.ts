/** A loader each of whose calls goes on until the test ends it, the oldest one first. */
export class HeldLoader<T> {
  calls = 0;
  readonly #running: { give(value: T): void; fail(error: Error): void }[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly load = (): Promise<T> =>
    new Promise((give, fail) => {
      this.calls += 1;
      this.#running.push({ give, fail });
      for (const resolve of this.#waiting.splice(0)) resolve();
    });

  /** Waits until a call goes on. */
  async begun(): Promise<void> {
    while (this.#running.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the oldest call that goes on with a value. */
  give(value: T): void {
    this.#oldest().give(value);
  }

  /** Ends the oldest call that goes on with an error. */
  fail(error: Error): void {
    this.#oldest().fail(error);
  }

  #oldest(): { give(value: T): void; fail(error: Error): void } {
    const call = this.#running.shift();
    if (call === undefined) throw new Error('No call of the loader goes on.');
    return call;
  }
}
