import { randomBytes } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { COMPRESSION, compressionOf, isPlainJson, SERIALIZATION } from '../../../src/codec/flags.js';
import type { Compressor } from '../../../src/codec/codec-options.js';
import { brotli, gzip, zstd } from '../../../src/codec/zlib-compressor.js';
import { SerializationError } from '../../../src/errors.js';
import { codecWith, roundTrip } from './codec-for-test.js';

const LARGE = { text: 'a text that repeats itself. '.repeat(1_000), at: new Date(5) };
const hasZstd = 'zstdCompress' in zlib;

const reversing: Compressor = {
  threshold: 10,
  compress: (bytes) => Promise.resolve(Buffer.from(bytes.subarray(1))),
  decompress: (bytes) => Promise.resolve(Buffer.concat([Buffer.from('"'), bytes])),
};

describe.each([
  ['gzip', () => gzip()],
  ['brotli', () => brotli()],
  ...(hasZstd ? [['zstd', () => zstd()] as const] : []),
] as const)('%s', (algorithm, make) => {
  const codec = codecWith({ compressor: make() });

  it.each([
    ['plain', 'x'.repeat(10_000)],
    ['rich', LARGE],
    ['bytes', Buffer.alloc(10_000, 7)],
  ])('makes a large value smaller and gives it back: %s', async (_name, value) => {
    const { flags, payload } = await codec.encode(value);
    expect(compressionOf(flags)).toBe(COMPRESSION[algorithm]);
    expect(payload.length).toBeLessThan(1_000);
    expect(await roundTrip(value, codec)).toStrictEqual(value);
  });

  it('is read by a cache that writes with another algorithm, or with none', async () => {
    const other = algorithm === 'gzip' ? brotli() : gzip();
    expect(await roundTrip(LARGE, codec, codecWith({ compressor: other }))).toStrictEqual(LARGE);
    expect(await roundTrip(LARGE, codec, codecWith())).toStrictEqual(LARGE);
  });

  it('leaves small values and incompressible ones as they are', async () => {
    expect(codec.encode('small')).toEqual({ flags: 0, payload: '"small"' });
    const noise = randomBytes(10_000);
    expect(await codec.encode(noise)).toEqual({ flags: SERIALIZATION.bytes, payload: noise });
  });

  it('refuses bytes that are corrupt', async () => {
    const { flags, payload } = await codec.encode('x'.repeat(10_000));
    const corrupt = Buffer.from(payload as Buffer);
    corrupt.fill(0xff, 8);
    await expect(codec.decode(flags, corrupt)).rejects.toThrow(SerializationError);
    await expect(codec.decode(flags, (payload as Buffer).subarray(0, 12))).rejects.toThrow(
      SerializationError,
    );
  });

  it('starts at the threshold, in bytes of the payload', async () => {
    const eager = codecWith({ compressor: { ...make(), threshold: 102 } });
    expect(compressionOf((await eager.encode('x'.repeat(99))).flags)).toBe(COMPRESSION.none);
    expect(compressionOf((await eager.encode('x'.repeat(100))).flags)).toBe(COMPRESSION[algorithm]);
  });
});

describe('a bomb', () => {
  const zeros = Buffer.alloc(50_000_000);

  it.each([
    ['gzip', COMPRESSION.gzip, () => gzipSync(zeros)],
    ['brotli', COMPRESSION.brotli, () => brotliCompressSync(zeros)],
  ] as const)('is not expanded beyond maxBytes: %s', async (_name, compression, bomb) => {
    const codec = codecWith({ maxBytes: 1_000_000 });
    await expect(codec.decode(SERIALIZATION.bytes | compression, bomb())).rejects.toThrow(
      expect.objectContaining({
        code: 'SERIALIZATION_FAILED',
        cause: expect.objectContaining({ code: 'ERR_BUFFER_TOO_LARGE' }) as unknown,
      }),
    );
  });

  it('may be as large as maxBytes', async () => {
    const codec = codecWith({ maxBytes: 1_000_000, compressor: gzip() });
    expect(await roundTrip(Buffer.alloc(1_000_000), codec)).toHaveLength(1_000_000);
  });
});

describe("an application's own compressor", () => {
  const codec = codecWith({ compressor: reversing });

  it('is used both ways, and read by no other', async () => {
    const { flags, payload } = await codec.encode('a longer text');
    expect(compressionOf(flags)).toBe(COMPRESSION.custom);
    expect(isPlainJson(flags)).toBe(true);
    expect(await codec.decode(flags, payload as Buffer)).toBe('a longer text');
    for (const other of [codecWith(), codecWith({ compressor: gzip() })]) {
      await expect(other.decode(flags, payload as Buffer)).rejects.toThrow(SerializationError);
    }
  });

  it('that fails makes encode fail, with the cause', async () => {
    const cause = new Error('out of memory');
    const failing = codecWith({ compressor: { ...reversing, compress: () => Promise.reject(cause) } });
    await expect(failing.encode('a longer text')).rejects.toThrow(expect.objectContaining({ cause }));
  });
});

const ZSTD_MISUSE: [() => unknown, string] = hasZstd
  ? [() => zstd({ level: 23 }), 'compressor.zstd.level: must be a whole number from 1 to 22']
  : [() => zstd(), 'zstd() needs Node 22.15 or later'];

describe('options of a compressor', () => {
  it.each([
    [() => gzip({ level: 10 }), 'compressor.gzip.level: must be a whole number from 1 to 9, received 10'],
    [() => brotli({ level: 1.5 }), 'compressor.brotli.level: must be a whole number from 0 to 11'],
    [() => gzip({ threshold: -1 }), 'compressor.gzip.threshold: must be a whole number of bytes'],
    ZSTD_MISUSE,
  ])('are checked: %#', (make, message) => {
    expect(make).toThrow(message);
  });
});
