import type { Codec, EncodedValue } from '../codec/codec.js';
import { COMPRESSION, compressionOf, PLAIN_JSON_FLAGS } from '../codec/flags.js';
import { deepFreeze } from '../codec/freeze.js';
import type { MemoryEntry, MemoryValue } from './memory-entries.js';
import type { StoredEntry } from './store.js';

/** How the values of a memory store are kept and given out. */
export class MemoryValues {
  readonly #codec: Codec;
  readonly #unreadable: (key: string, reason: string) => void;

  constructor(codec: Codec, unreadable: (key: string, reason: string) => void) {
    this.#codec = codec;
    this.#unreadable = unreadable;
  }

  /** An encoded value as it is kept. */
  keep({ flags, payload: written }: EncodedValue): MemoryValue {
    const payload = typeof written === 'string' ? Buffer.from(written) : written;
    const plain = flags === PLAIN_JSON_FLAGS;
    return {
      value: plain ? deepFreeze(this.#codec.decode(flags, payload)) : undefined,
      encoded: plain ? undefined : { flags, payload },
      bytes: payload.length,
    };
  }

  /** An entry as it is given out at a time of the monotonic clock; a promise where it was compressed. */
  open(
    key: string,
    entry: MemoryEntry,
    now: number,
  ): StoredEntry | undefined | Promise<StoredEntry | undefined> {
    const { value, encoded, freshUntil } = entry;
    if (encoded === undefined) return freshUntil > now ? entry : copyOf(entry, value, now);
    try {
      const decoded = this.#codec.decode(encoded.flags, encoded.payload as Buffer);
      if (!(decoded instanceof Promise)) return copyOf(entry, decoded, now);
      return decoded.then(
        (one: unknown) => copyOf(entry, one, now),
        (error: unknown) => this.#broken(key, error),
      );
    } catch (error) {
      return this.#broken(key, error);
    }
  }

  /** As `open`, without waiting: `undefined` where it was compressed. */
  openNow(key: string, entry: MemoryEntry, now: number): StoredEntry | undefined {
    if (entry.encoded !== undefined && compressionOf(entry.encoded.flags) !== COMPRESSION.none)
      return undefined;
    return this.open(key, entry, now) as StoredEntry | undefined;
  }

  #broken(key: string, error: unknown): undefined {
    this.#unreadable(key, error instanceof Error ? error.message : String(error));
  }
}

function copyOf(entry: MemoryEntry, value: unknown, now: number): StoredEntry {
  const { createdAt, expiresAt, tags, freshUntil } = entry;
  const facts = tags === undefined ? { value, createdAt, expiresAt } : { value, createdAt, expiresAt, tags };
  return freshUntil > now ? facts : { ...facts, staleFor: now - freshUntil };
}
