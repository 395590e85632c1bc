/** How a payload was serialized: the low three bits of the flags. 4–7 are free. */
export const SERIALIZATION = {
  /** What `JSON.stringify` gives, for values that are wholly JSON. */
  json: 0,
  /** JSON text of the rich serializer, for everything else. */
  rich: 1,
  /** The bytes of a top-level Buffer as they are. */
  bytes: 2,
  /** What the cache's own `serializer` gave. */
  custom: 3,
} as const;

/** How a serialized payload was compressed: the next three bits of the flags. 5–7 are free. */
export const COMPRESSION = {
  none: 0 << 3,
  gzip: 1 << 3,
  brotli: 2 << 3,
  zstd: 3 << 3,
  /** What the cache's own `compressor` gave. */
  custom: 4 << 3,
} as const;

/** The flags of a value that is stored as bare JSON text: what a script may read and change on the server. */
export const PLAIN_JSON_FLAGS = SERIALIZATION.json | COMPRESSION.none;

/** The part of the flags that says how the payload was serialized: one of `SERIALIZATION`, or a value not known yet. */
export function serializationOf(flags: number): number {
  return flags & 0b000_111;
}

/** The part of the flags that says how the payload was compressed: one of `COMPRESSION`, or a value not known yet. */
export function compressionOf(flags: number): number {
  return flags & 0b111_000;
}

/**
 * Whether an encoded value holds nothing but JSON (compressed or not): it decodes to a graph of plain objects, arrays and
 * primitives, which `deepFreeze` can freeze.
 */
export function isPlainJson(flags: number): boolean {
  return serializationOf(flags) === SERIALIZATION.json;
}
