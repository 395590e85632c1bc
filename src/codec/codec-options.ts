import type { Type } from './type.js';

/**
 * Turns values into bytes in the place of the built-in serializer, wholly: `types` and the exact round trip of Date, Map
 * and the like are then this one's affair. Change the cache's `version` together with the serializer: the bytes of
 * another one are given to it as its own.
 */
export interface Serializer {
  /** The bytes of a value, synchronously; a string stands for its UTF-8 bytes. What it throws becomes a `SerializationError`. */
  serialize(value: unknown): string | Buffer;
  /** The value again, from bytes that are its own to keep. What it throws makes the entry a miss. */
  deserialize(bytes: Buffer): unknown;
}

/** An algorithm that this library can read back, whatever the cache writes now. `zstd` only where Node has it. */
export type CompressionAlgorithm = 'gzip' | 'brotli' | 'zstd';

/** Makes payloads smaller. `gzip()`, `brotli()` and `zstd()` give one; an own one needs no `algorithm`. */
export interface Compressor {
  /**
   * The format of what `compress` gives. Absent: a format of its own, read only by caches that have this compressor;
   * change the cache's `version` together with it.
   */
  readonly algorithm?: CompressionAlgorithm | undefined;
  /** Payloads of fewer bytes are stored as they are. */
  readonly threshold: number;
  /** Must not change `bytes`. A result that is not smaller is thrown away. */
  compress(bytes: Buffer): Promise<Buffer>;
  /** Gives the bytes back; rejects when they are corrupt or would take more than `maxBytes`, without expanding them. */
  decompress(bytes: Buffer, maxBytes: number): Promise<Buffer>;
}

/** What a codec is made of, resolved. */
export interface CodecOptions {
  /** Classes whose instances come back as instances. */
  readonly types: readonly Type[];
  /** In the place of the built-in serializer. */
  readonly serializer: Serializer | undefined;
  /** What large payloads are compressed with; `undefined` = they are stored as they are. */
  readonly compressor: Compressor | undefined;
  /** The most bytes that a value may take, before compression. `Infinity` = what Redis takes, 512 MiB. */
  readonly maxBytes: number;
  /**
   * `entry` keeps everything. `json` writes bare JSON text that other programs read and reads theirs: only values that
   * JSON keeps are taken (properties that are `undefined` are left out), and the flags of what is read do not matter.
   */
  readonly format: 'entry' | 'json';
}
