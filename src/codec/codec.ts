/** A value as bytes. `flags` says how to read `payload` back and is kept beside it in the entry's header. */
export interface EncodedValue {
  /** 0–63. The meaning belongs to the codec that wrote it. */
  readonly flags: number;
  /** A string stands for its UTF-8 bytes. */
  readonly payload: string | Buffer;
}

/** Turns the values of one cache into bytes and back. */
export interface Codec {
  /**
   * Encodes a value, synchronously unless it is compressed.
   *
   * @throws SerializationError when it holds a function, a symbol or a circle, or an instance that cannot be told apart
   * @throws UncacheableValueError when it holds an instance of a class that the cache does not list in `types`
   * @throws PayloadTooLargeError when the result is larger than the cache's `maxBytes`
   */
  encode(value: unknown): EncodedValue | Promise<EncodedValue>;
  /**
   * Decodes what `encode` gave.
   *
   * @throws SerializationError when the bytes are corrupt, expand beyond the bound, or were made by another codec
   */
  decode(flags: number, payload: Buffer): unknown;
}
