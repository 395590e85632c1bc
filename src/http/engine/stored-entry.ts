import { packResponse, unpackResponse, type StoredResponse } from '../rule/stored-response.js';

/** What may stand under the key of a response. */
export type StoredEntry =
  | { readonly kind: 'response'; readonly response: StoredResponse }
  /** The responses of this URL differ by these request headers: lower-cased names. They stand under keys of their own. */
  | { readonly kind: 'variants'; readonly names: readonly string[] }
  /** Responses of this URL could not be stored: nobody waits for another one's, until then (milliseconds since the epoch). */
  | { readonly kind: 'uncacheable'; readonly until: number };

const VARIANTS = 0x5256;
const UNCACHEABLE = 0x5255;

/** Writes an entry as one buffer. */
export function packEntry(entry: StoredEntry): Buffer {
  if (entry.kind === 'response') return packResponse(entry.response);
  const text = entry.kind === 'variants' ? entry.names.join('\n') : String(entry.until);
  const bytes = Buffer.alloc(2 + Buffer.byteLength(text));
  bytes.writeUInt16BE(entry.kind === 'variants' ? VARIANTS : UNCACHEABLE, 0);
  bytes.write(text, 2);
  return bytes;
}

/** Reads what `packEntry` wrote; `undefined` for anything else. */
export function unpackEntry(bytes: unknown): StoredEntry | undefined {
  if (!Buffer.isBuffer(bytes) || bytes.length < 3) return undefined;
  switch (bytes.readUInt16BE(0)) {
    case VARIANTS:
      return { kind: 'variants', names: bytes.toString('utf8', 2).split('\n') };
    case UNCACHEABLE: {
      const until = Number(bytes.toString('latin1', 2));
      return Number.isFinite(until) ? { kind: 'uncacheable', until } : undefined;
    }
    default: {
      const response = unpackResponse(bytes);
      return response && { kind: 'response', response };
    }
  }
}
