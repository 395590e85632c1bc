import type { EncodedValue } from '../codec/codec.js';

/** Encoded values, and which of the keys they are for stand: no later write or removal has overtaken them. */
export interface CompressedWrites {
  readonly encoded: readonly EncodedValue[];
  readonly standing: ReadonlySet<string>;
}

/** The writes of one call whose values are being compressed. */
interface Pending {
  /** The keys that stand so far. */
  readonly standing: Set<string>;
}

/**
 * The writes whose values are being compressed. A later write or removal of the same key overtakes them, and must not be
 * undone when the compression is done. Remembers nothing once it is done.
 */
export class CompressingWrites {
  /** In the order in which they were called. */
  readonly #pending = new Set<Pending>();

  /** Waits for values to be compressed. The keys that stand then count as written. */
  async wait(keys: readonly string[], pending: Promise<readonly EncodedValue[]>): Promise<CompressedWrites> {
    const own: Pending = { standing: new Set(keys) };
    this.#pending.add(own);
    try {
      const encoded = await pending;
      this.#overtake(own.standing, own);
      return { encoded, standing: own.standing };
    } finally {
      this.#pending.delete(own);
    }
  }

  /** These keys are written or removed now. */
  overtake(keys: Iterable<string>): void {
    this.#overtake(keys, undefined);
  }

  /** All keys that begin with `prefix` are removed now. */
  overtakeBelow(prefix: string): void {
    for (const { standing } of this.#pending) {
      for (const key of standing) if (key.startsWith(prefix)) standing.delete(key);
    }
  }

  /** Those that were called before `end`; `undefined` = all. */
  #overtake(keys: Iterable<string>, end: Pending | undefined): void {
    for (const one of this.#pending) {
      if (one === end) return;
      for (const key of keys) one.standing.delete(key);
    }
  }
}
