import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
import type { CompressionAlgorithm, Compressor } from './codec-options.js';

/** How a built-in compressor works. */
export interface CompressionOptions {
  /** Payloads of fewer bytes are stored as they are. Default 4096. */
  readonly threshold?: number;
  /** More is smaller and slower. Default and range depend on the algorithm. */
  readonly level?: number;
}

/**
 * Each trip to the thread pool and back costs a read some 100 µs of CPU, however small the payload; below this size it
 * saves less than 3 KB of memory.
 */
const DEFAULT_THRESHOLD = 4096;

type Limits = { readonly maxOutputLength: number };
type Compress = (bytes: Buffer, options: object) => Promise<Buffer>;
type Decompress = (bytes: Buffer, options: Limits) => Promise<Buffer>;

/** Present from Node 22.15 on; the type definitions of Node 20 do not know it. */
const zstdFunctions = zlib as unknown as {
  readonly zstdCompress?: (
    bytes: Buffer,
    options: object,
    done: (error: Error | null, result: Buffer) => void,
  ) => void;
  readonly zstdDecompress?: (
    bytes: Buffer,
    options: object,
    done: (error: Error | null, result: Buffer) => void,
  ) => void;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
};

const gunzip: Decompress = promisify(zlib.gunzip);
const brotliDecompress: Decompress = promisify(zlib.brotliDecompress);
const zstdDecompress: Decompress | undefined =
  zstdFunctions.zstdDecompress && promisify(zstdFunctions.zstdDecompress);

/**
 * Compresses with gzip, in the thread pool. `level` 1–9, default 6.
 *
 * @throws InvalidOptionsError when an option is out of range
 */
export function gzip(options: CompressionOptions = {}): Compressor {
  const level = levelOf('gzip', options, 6, 1, 9);
  return compressor('gzip', options, promisify(zlib.gzip), { level });
}

/**
 * Compresses with Brotli, in the thread pool. `level` 0–11, default 4: the higher ones are very slow.
 *
 * @throws InvalidOptionsError when an option is out of range
 */
export function brotli(options: CompressionOptions = {}): Compressor {
  const level = levelOf('brotli', options, 4, 0, 11);
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: level };
  return compressor('brotli', options, promisify(zlib.brotliCompress), { params });
}

/**
 * Compresses with Zstandard, in the thread pool. `level` 1–22, default 3. Needs Node 22.15 or later.
 *
 * @throws InvalidOptionsError when an option is out of range, or this Node has no Zstandard
 */
export function zstd(options: CompressionOptions = {}): Compressor {
  const { zstdCompress, constants } = zstdFunctions;
  if (zstdCompress === undefined) {
    throw new InvalidOptionsError('compressor', 'zstd() needs Node 22.15 or later; use gzip() or brotli()');
  }
  const level = levelOf('zstd', options, 3, 1, 22);
  const params = { [constants.ZSTD_c_compressionLevel as number]: level };
  return compressor('zstd', options, promisify(zstdCompress), { params });
}

/** Expands what a built-in compressor gave, within a bound. `undefined` when this Node cannot. */
export function decompressorOf(algorithm: CompressionAlgorithm): Compressor['decompress'] | undefined {
  const decompress = { gzip: gunzip, brotli: brotliDecompress, zstd: zstdDecompress }[algorithm];
  return decompress && ((bytes, maxBytes) => decompress(bytes, { maxOutputLength: Math.max(1, maxBytes) }));
}

function compressor(
  algorithm: CompressionAlgorithm,
  options: CompressionOptions,
  compress: Compress,
  settings: object,
): Compressor {
  optionsObject(options, `compressor.${algorithm}`, ['threshold', 'level']);
  const threshold = options.threshold ?? DEFAULT_THRESHOLD;
  if (!Number.isInteger(threshold) || threshold < 0) {
    throw new InvalidOptionsError(
      `compressor.${algorithm}.threshold`,
      'must be a whole number of bytes',
      threshold,
    );
  }
  return {
    algorithm,
    threshold,
    compress: (bytes) => compress(bytes, settings),
    decompress: decompressorOf(algorithm) as Compressor['decompress'],
  };
}

function levelOf(
  algorithm: CompressionAlgorithm,
  options: CompressionOptions,
  ...[usual, least, most]: [usual: number, least: number, most: number]
): number {
  const level = options.level ?? usual;
  if (Number.isInteger(level) && level >= least && level <= most) return level;
  throw new InvalidOptionsError(
    `compressor.${algorithm}.level`,
    `must be a whole number from ${least} to ${most}`,
    level,
  );
}
