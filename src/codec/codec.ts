/** A value as bytes. `flags` says how to read `payload` back and is kept beside it in the entry's header. */
export interface EncodedValue {
  /** 0–63. The meaning belongs to the codec that wrote it; `flags.ts` holds the layout. */
  readonly flags: number;
  /** A string stands for its UTF-8 bytes. Never shares memory with the value. */
  readonly payload: string | Buffer;
}

/** Turns the values of one cache into bytes and back. */
export interface Codec {
  /**
   * Encodes a value, synchronously unless it is compressed. Later changes of the value do not reach the result.
   *
   * @throws SerializationError when it is `undefined`, or holds what cannot be told in bytes: a function, a symbol, a circle
   * @throws UncacheableValueError when it holds an instance of a class that the cache does not list in `types`
   * @throws PayloadTooLargeError when it takes more than the cache's `maxBytes`, counted before compression
   */
  encode(value: unknown): EncodedValue | Promise<EncodedValue>;
  /**
   * Decodes the payload that begins at byte `start` (default 0) and ends with `bytes`. A promise if it is compressed.
   * The value never shares memory with `bytes` and is never `undefined`.
   *
   * @throws SerializationError (rejects, if compressed) when the bytes are corrupt, expand beyond the bound, or were
   *   written with a serializer, a compressor or a class that this codec does not have
   */
  decode(flags: number, bytes: Buffer, start?: number): unknown;
}
