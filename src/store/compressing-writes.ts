import type { EncodedValue } from '../codec/codec.js';

/** Encoded values, and which of the keys they are for stand: no later write or removal has overtaken them. */
export interface CompressedWrites {
  readonly encoded: readonly EncodedValue[];
  readonly standing: ReadonlySet<string>;
}

/**
 * The writes whose values are being compressed. A later write or removal of the same key overtakes them, and must not be
 * undone when the compression is done.
 */
export class CompressingWrites {
  /** By key, the number of the last write or removal that took effect while something was being compressed. */
  readonly #last = new Map<string, number>();
  /** The same for all keys that begin with a prefix. */
  readonly #lastBelow = new Map<string, number>();
  #calls = 0;
  #pending = 0;

  /** Waits for values to be compressed. The keys that stand then count as written. */
  async wait(keys: readonly string[], pending: Promise<readonly EncodedValue[]>): Promise<CompressedWrites> {
    const call = ++this.#calls;
    this.#pending += 1;
    try {
      const encoded = await pending;
      const standing = new Set(keys.filter((key) => this.#lastOf(key) < call));
      for (const key of standing) this.#last.set(key, call);
      return { encoded, standing };
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) {
        this.#last.clear();
        this.#lastBelow.clear();
      }
    }
  }

  /** These keys are written or removed now. */
  overtake(keys: readonly string[]): void {
    if (this.#pending === 0) return;
    const call = ++this.#calls;
    for (const key of keys) this.#last.set(key, call);
  }

  /** All keys that begin with `prefix` are removed now. */
  overtakeBelow(prefix: string): void {
    if (this.#pending > 0) this.#lastBelow.set(prefix, ++this.#calls);
  }

  #lastOf(key: string): number {
    let last = this.#last.get(key) ?? 0;
    for (const [prefix, call] of this.#lastBelow) if (call > last && key.startsWith(prefix)) last = call;
    return last;
  }
}
