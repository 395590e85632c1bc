/** Runs what a request does with its session one after the other, in the order of the calls. */
export class Turns {
  #last: Promise<unknown> | undefined;

  /** Whether something is under way. */
  get busy(): boolean {
    return this.#last !== undefined;
  }

  /** Runs at once where nothing is under way. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last === undefined ? work() : this.#last.then(work);
    const end = run.then(ignore, ignore).then(() => {
      if (this.#last === end) this.#last = undefined;
    });
    this.#last = end;
    return run;
  }
}

function ignore(): void {}
