import { createCodec } from '../../../src/codec/create-codec.js';
import type { CodecOptions } from '../../../src/codec/codec-options.js';
import type { Codec } from '../../../src/codec/codec.js';

/** A codec with the given options and the defaults of a cache for the rest. */
export function codecWith(options: Partial<CodecOptions> = {}): Codec {
  return createCodec({
    types: [],
    serializer: undefined,
    compressor: undefined,
    maxBytes: Infinity,
    format: 'entry',
    ...options,
  });
}

/** What a reader gets of a value, over bytes with a header before the payload, as in Redis. */
export async function roundTrip(
  value: unknown,
  writer: Codec = codecWith(),
  reader = writer,
): Promise<unknown> {
  const { flags, payload } = await writer.encode(value);
  const header = Buffer.from('~header~');
  const bytes = Buffer.concat([header, typeof payload === 'string' ? Buffer.from(payload) : payload]);
  return await reader.decode(flags, bytes, header.length);
}
