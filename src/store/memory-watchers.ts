interface Watcher {
  readonly wake: () => void;
}

/** Who waits for changes of the keys of a memory store, all its parts together. */
export class MemoryWatchers {
  readonly #watching = new Map<string, Set<Watcher>>();

  /** How many keys are watched. */
  get size(): number {
    return this.#watching.size;
  }

  /** Calls `wake` at every change of a key, until the returned function is called. */
  watch(entryKey: string, wake: () => void): () => void {
    const watcher = { wake };
    const others = this.#watching.get(entryKey);
    if (others === undefined) this.#watching.set(entryKey, new Set([watcher]));
    else others.add(watcher);
    return () => {
      const all = this.#watching.get(entryKey);
      if (all?.delete(watcher) === true && all.size === 0) this.#watching.delete(entryKey);
    };
  }

  /** A key has changed. */
  wake(entryKey: string): void {
    const watchers = this.#watching.get(entryKey);
    // A copy: who is woken may watch again at once.
    if (watchers !== undefined) for (const { wake } of [...watchers]) wake();
  }

  /** All keys that begin with `prefix` may have changed. */
  wakeBelow(prefix: string): void {
    for (const entryKey of [...this.#watching.keys()]) if (entryKey.startsWith(prefix)) this.wake(entryKey);
  }
}
