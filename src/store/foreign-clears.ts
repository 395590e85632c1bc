/** Lets a clear, which walks for a while, leave alone what is written after it was called. */
export class ForeignClears {
  readonly #running = new Set<Set<string>>();

  /** Is told of a key right before it is written. */
  wrote(key: string): void {
    for (const written of this.#running) written.add(key);
  }

  /** Runs a clear; `isOld` says of a key, right before it is removed, whether nothing was written there since the call. */
  async run(clear: (isOld: (key: string) => boolean) => Promise<void>): Promise<void> {
    const written = new Set<string>();
    this.#running.add(written);
    try {
      await clear((key) => !written.has(key));
    } finally {
      this.#running.delete(written);
    }
  }
}
