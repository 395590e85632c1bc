/** Those who wait for something to happen to an entry. Keys are Redis keys. */
export class Watchers {
  readonly #wakes = new Map<string, Set<() => void>>();

  /** How many entries are watched. */
  get size(): number {
    return this.#wakes.size;
  }

  /** Has `wake` called until the returned function is. */
  add(key: string, wake: () => void): () => void {
    // One of its own: the same function may watch an entry twice.
    const own = (): void => wake();
    const present = this.#wakes.get(key);
    if (present === undefined) this.#wakes.set(key, new Set([own]));
    else present.add(own);
    return () => {
      const wakes = this.#wakes.get(key);
      if (wakes?.delete(own) === true && wakes.size === 0) this.#wakes.delete(key);
    };
  }

  /** Wakes those who watch an entry. */
  wake(key: string): void {
    const wakes = this.#wakes.get(key);
    if (wakes !== undefined) for (const wake of [...wakes]) wake();
  }

  /** Wakes all. */
  wakeAll(): void {
    for (const wakes of [...this.#wakes.values()]) for (const wake of [...wakes]) wake();
  }
}
