import { InvalidOptionsError, PayloadTooLargeError } from '../errors.js';
import { createClassList } from './class-list.js';
import type { Codec, EncodedValue } from './codec.js';
import { compressed, expanded } from './compression.js';
import type { CodecOptions, Compressor } from './codec-options.js';
import { COMPRESSION, compressionOf, PLAIN_JSON_FLAGS } from './flags.js';
import { parseJson } from './parse-json.js';
import { createValueFormat, type ValueFormat } from './value-format.js';

/** The longest string that Redis stores. */
const REDIS_LIMIT = 512 * 1024 * 1024;

/**
 * Makes the codec of a cache. `path` is where its options stand, for errors.
 *
 * @throws InvalidOptionsError when `types` holds what is no class or two of one name, or when a serializer, a compressor or
 *   types go together with the format `json`
 */
export function createCodec(options: CodecOptions, path = ''): Codec {
  const at = path === '' ? '' : `${path}.`;
  const classes = createClassList(options.types, `${at}types`);
  const values = createValueFormat(classes, options.serializer, options.format);
  const maxBytes = Math.min(options.maxBytes, REDIS_LIMIT);
  if (options.format === 'entry') return entryCodec(values, options.compressor, maxBytes);
  if (options.serializer !== undefined || options.compressor !== undefined || options.types.length > 0) {
    throw new InvalidOptionsError(`${at}format`, "'json' allows no serializer, compressor or types");
  }
  return jsonCodec(values, maxBytes);
}

function entryCodec(values: ValueFormat, compressor: Compressor | undefined, maxBytes: number): Codec {
  return {
    encode(value) {
      const encoded = fitting(values.encode(value), maxBytes);
      return compressor === undefined ? encoded : compressed(encoded, compressor);
    },
    decode(flags, bytes, start = 0) {
      if (flags === PLAIN_JSON_FLAGS) return parseJson(bytes, start);
      const payload = bytes.subarray(start);
      if (compressionOf(flags) === COMPRESSION.none) return values.decode(flags, Buffer.from(payload));
      return expanded(flags, payload, compressor, maxBytes).then((own) => values.decode(flags, own));
    },
  };
}

function jsonCodec(values: ValueFormat, maxBytes: number): Codec {
  return {
    encode: (value) => fitting(values.encode(value), maxBytes),
    decode: (_flags, bytes, start = 0) => parseJson(bytes, start),
  };
}

function fitting(encoded: EncodedValue, maxBytes: number): EncodedValue {
  const { payload } = encoded;
  // A UTF-16 unit takes at most three bytes: most texts need not be measured.
  if (payload.length * 3 <= maxBytes) return encoded;
  const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  if (bytes > maxBytes) throw new PayloadTooLargeError(bytes, maxBytes);
  return encoded;
}
