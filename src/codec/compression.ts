import { SerializationError } from '../errors.js';
import type { EncodedValue } from './codec.js';
import type { CompressionAlgorithm, Compressor } from './codec-options.js';
import { COMPRESSION, compressionOf } from './flags.js';
import { decompressorOf } from './zlib-compressor.js';

const ALGORITHMS = ['gzip', 'brotli', 'zstd'] as const satisfies readonly CompressionAlgorithm[];

/** Compresses a payload of at least the threshold, and keeps the result if it is smaller. */
export function compressed(
  encoded: EncodedValue,
  compressor: Compressor,
): EncodedValue | Promise<EncodedValue> {
  const { payload } = encoded;
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  if (size < compressor.threshold) return encoded;
  return shrunk(encoded, typeof payload === 'string' ? Buffer.from(payload) : payload, compressor);
}

async function shrunk(encoded: EncodedValue, bytes: Buffer, compressor: Compressor): Promise<EncodedValue> {
  const { algorithm } = compressor;
  const payload = await attempt('The value could not be compressed.', () => compressor.compress(bytes));
  if (payload.length >= bytes.length) return encoded;
  return { flags: encoded.flags | COMPRESSION[algorithm ?? 'custom'], payload };
}

/**
 * Expands a payload that the flags say is compressed. The built-in algorithms are read whatever `compressor` is.
 *
 * @throws SerializationError when it is corrupt, expands beyond `maxBytes`, or nothing here can read it
 */
export async function expanded(
  flags: number,
  payload: Buffer,
  compressor: Compressor | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const algorithm = ALGORITHMS.find((one) => COMPRESSION[one] === compressionOf(flags));
  const decompress = algorithm === undefined ? ownDecompressor(flags, compressor) : decompressorOf(algorithm);
  if (decompress === undefined) {
    throw new SerializationError('The stored payload was compressed in a way that cannot be read here.');
  }
  return attempt(`The stored payload is corrupt, or takes more than ${maxBytes} bytes.`, () =>
    decompress(payload, maxBytes),
  );
}

function ownDecompressor(
  flags: number,
  compressor: Compressor | undefined,
): Compressor['decompress'] | undefined {
  if (compressionOf(flags) !== COMPRESSION.custom || compressor?.algorithm !== undefined) return undefined;
  return compressor?.decompress.bind(compressor);
}

async function attempt<T>(failure: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new SerializationError(failure, cause);
  }
}
