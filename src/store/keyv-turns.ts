/** Lets works on one key run one after the other, in the order in which they were given; those on others run freely. */
export class KeyTurns {
  readonly #last = new Map<string, Promise<unknown>>();
  #lastOnAll: Promise<unknown> | undefined;

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
    const before = this.#last.get(key) ?? this.#lastOnAll;
    return before === undefined ? work() : before.then(work, work);
  }

  /** Runs `work` when all before it are done, whatever their keys; all that come later wait for it. */
  async takeAll<T>(work: () => Promise<T>): Promise<T> {
    const before = [...this.#last.values(), this.#lastOnAll];
    this.#last.clear();
    const turn = Promise.allSettled(before).then(work);
    this.#lastOnAll = turn;
    try {
      return await turn;
    } finally {
      if (this.#lastOnAll === turn) this.#lastOnAll = undefined;
    }
  }
}
