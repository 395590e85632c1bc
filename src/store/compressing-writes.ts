import type { EncodedValue } from '../codec/codec.js';

/** Keeps encoded values, those of the keys that stand: no later write or removal has overtaken them. Called synchronously. */
export type KeepStanding<T> = (
  encoded: readonly EncodedValue[],
  standing: ReadonlySet<string>,
) => T | Promise<T>;

/**
 * The writes whose values are being compressed. A later write or removal of the same key overtakes them, and must not be
 * undone when the compression is done. Nothing of a write is remembered once it is done.
 */
export class CompressingWrites {
  /** The keys of each that still stand, in the order of the calls. */
  readonly #pending = new Set<Set<string>>();

  /**
   * Waits for values to be compressed, and lets them be kept. They overtake what was called before them, unless they are
   * to be added: whether they will be is not known, and what is lost for them would be lost for nothing.
   */
  async wait<T>(
    keys: readonly string[],
    pending: Promise<readonly EncodedValue[]>,
    mode: 'set' | 'add',
    keep: KeepStanding<T>,
  ): Promise<T> {
    const standing = new Set(keys);
    this.#pending.add(standing);
    try {
      const encoded = await pending;
      for (const earlier of this.#pending) {
        if (earlier === standing || mode === 'add') break;
        for (const key of standing) earlier.delete(key);
      }
      return await keep(encoded, standing);
    } finally {
      this.#pending.delete(standing);
    }
  }

  /** These keys are written or removed now. */
  overtake(keys: readonly string[]): void {
    for (const standing of this.#pending) for (const key of keys) standing.delete(key);
  }

  /** All keys that begin with `prefix` are removed now. */
  overtakeBelow(prefix: string): void {
    for (const standing of this.#pending) {
      for (const key of standing) if (key.startsWith(prefix)) standing.delete(key);
    }
  }
}
