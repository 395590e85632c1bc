import type { Codec, EncodedValue } from '../codec/codec.js';
import type { StoreWrite } from './store.js';

/**
 * Encodes the values of writes, in order. A promise only where a value is compressed, so that writes that are not keep
 * the order in which they were called.
 */
export function encodeWrites(
  codec: Codec,
  writes: readonly StoreWrite[],
): readonly EncodedValue[] | Promise<readonly EncodedValue[]> {
  const encoded: (EncodedValue | Promise<EncodedValue>)[] = [];
  try {
    for (const write of writes) encoded.push(codec.encode(write.value));
  } catch (error) {
    // The compressions that have begun must not fail unheard.
    return Promise.allSettled(encoded).then(() => Promise.reject(error as Error));
  }
  return encoded.some((one) => one instanceof Promise)
    ? Promise.all(encoded)
    : (encoded as readonly EncodedValue[]);
}
