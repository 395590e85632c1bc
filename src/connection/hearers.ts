import type { ChangeHearer } from './connection.js';

interface Hearing {
  readonly prefixes: readonly string[];
  readonly hearer: ChangeHearer;
}

/** Those who hear of changes, and which keys are theirs. They are few: as many as there are caches. */
export class Hearers {
  readonly #all = new Set<Hearing>();

  get size(): number {
    return this.#all.size;
  }

  /** Adds one, until the returned function is called. */
  add(prefixes: readonly string[], hearer: ChangeHearer): () => void {
    const hearing = { prefixes, hearer };
    this.#all.add(hearing);
    return () => void this.#all.delete(hearing);
  }

  /** The fewest prefixes that cover all keys of all of them: Redis takes none that begins with another one. */
  get prefixes(): readonly string[] {
    const all = [...new Set([...this.#all].flatMap(({ prefixes }) => prefixes))];
    return all.filter((one) => !all.some((other) => other !== one && one.startsWith(other)));
  }

  /** Tells those to whom a key belongs. */
  changed(key: string): void {
    for (const { prefixes, hearer } of this.#all) {
      for (const prefix of prefixes) {
        if (!key.startsWith(prefix)) continue;
        hearer.changed(key);
        break;
      }
    }
  }

  /** Tells everybody that any key may have changed. */
  lost(): void {
    for (const { hearer } of [...this.#all]) hearer.lost();
  }
}
