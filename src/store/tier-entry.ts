import type { Codec } from '../codec/codec.js';
import { COMPRESSION, compressionOf, isPlainJson } from '../codec/flags.js';
import { deepFreeze } from '../codec/freeze.js';
import type { StoredEntry } from './store.js';
import type { Version } from './tier-versions.js';
import type { FetchedEntry } from './tier.js';

/** A value as a memory tier remembers it. */
export interface KeptValue {
  /** What readers are given: its value is shared and deeply frozen, or none where there is a `payload`. */
  readonly entry: StoredEntry;
  /** The bytes of a value that cannot be frozen, not compressed: every reader gets a value of its own. */
  readonly payload: Buffer | undefined;
  /** Those of the payload. */
  readonly flags: number;
  /** Of the serialised value. */
  readonly bytes: number;
}

/** An entry as a memory tier remembers it. Made by one literal: reading what a spread has made takes three times as long. */
export interface KeptEntry extends KeptValue {
  /** By the monotonic clock; `Infinity` = never. */
  readonly deadline: number;
  /** The tags and generations it depends on. */
  readonly versions: readonly Version[];
  /** The tier's epoch under which it was found to be valid last. */
  epoch: number;
}

/** A fetched value as it can be remembered; `undefined` where reading it again would take more than a moment. */
export function keptValue(fetched: FetchedEntry, codec: Codec): KeptValue | undefined {
  const { bytes, flags, payloadStart, value } = fetched;
  const compressed = compressionOf(flags) !== COMPRESSION.none;
  if (isPlainJson(flags)) {
    const size = compressed ? jsonLength(value) : bytes.length - payloadStart;
    if (size === undefined) return undefined;
    return { entry: sharedEntry(fetched, deepFreeze(value)), payload: undefined, flags, bytes: size };
  }
  const own = compressed ? expanded(value, codec) : { flags, payload: bytes.subarray(payloadStart) };
  if (own === undefined) return undefined;
  const payload = copyOf(own.payload);
  return { entry: sharedEntry(fetched, undefined), payload, flags: own.flags, bytes: payload.length };
}

function sharedEntry({ createdAt, expiresAt, tags }: FetchedEntry, value: unknown): StoredEntry {
  if (tags.length === 0) return { value, createdAt, expiresAt };
  return { value, createdAt, expiresAt, tags: Object.freeze(tags.map(({ tag }) => tag)) };
}

/** Not of the pool, of which a small slice would keep all. */
function copyOf(payload: string | Buffer): Buffer {
  const source = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const copy = Buffer.allocUnsafeSlow(source.length);
  source.copy(copy);
  return copy;
}

function jsonLength(value: unknown): number | undefined {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return undefined; // Nested too deeply.
  }
}

function expanded(
  value: unknown,
  codec: Codec,
): { readonly flags: number; readonly payload: string | Buffer } | undefined {
  try {
    const encoded = codec.encode(value);
    if (!(encoded instanceof Promise)) return encoded;
    encoded.catch(() => undefined);
  } catch {
    // What the serializer cannot write again is read from Redis each time.
  }
  return undefined;
}
