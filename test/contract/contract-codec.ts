import { createCodec } from '../../src/codec/create-codec.js';

/** The codec of a cache without options. */
export const plainCodec = createCodec({
  types: [],
  serializer: undefined,
  compressor: undefined,
  maxBytes: Infinity,
  format: 'entry',
});
