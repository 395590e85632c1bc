/** Lets works on one key run one after the other, in the order in which they were given; those on others run freely. */
export class KeyTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when all before it on the key are done, and gives what it gives. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = this.after(key, work);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }

  /** As `take`, and later works on the key do not wait for it. */
  after<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    return before === undefined ? work() : before.then(work, work);
  }

  /** Resolves when all that has been given up to now is done. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#last.values());
  }
}
