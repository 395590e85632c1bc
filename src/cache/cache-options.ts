import type { Keyv } from 'keyv';
import type { Compressor, Serializer } from '../codec/codec-options.js';
import type { Type } from '../codec/type.js';
import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { oneOf, optionalText, optionsObject, wholeNumber } from '../option.js';
import type { MemoryBounds } from '../store/memory-store.js';
import type { Store, StoreFactory } from '../store/store.js';

/** One named cache. Everything has a default, so `{}` is a cache. */
export interface CacheOptions {
  /**
   * Where the entries live: `'redis'`, `'memory'` (this process), a store of your own, a Keyv, or what `fromCacheManager`
   * gives. Default: `'redis'` where the application has a connection, else `'memory'`.
   */
  store?: 'redis' | 'memory' | Store | StoreFactory | Keyv;
  /** The name of the connection. Default `'default'`. */
  connection?: string;
  /** How long an entry lives that is given no ttl of its own; `null` = for ever. Default: the module's `ttl`. */
  ttl?: Duration | null;
  /** Part of the keys: change it, and the entries of the old version are gone. */
  version?: number | string;
  /** Bounds of a store in memory. The least recently used entries go first. */
  memory?: {
    /** Entries. Default 100,000. */
    max?: number;
    /** Bytes of keys and serialised values. Default 128 MiB. */
    maxBytes?: number;
  };
  /** Classes whose instances come back as instances. Values that hold others are not cached. */
  types?: readonly Type[];
  /** Replaces the way values become bytes. */
  serializer?: Serializer;
  /** Compresses larger values, for example `gzip()`. Default: none. */
  compressor?: Compressor;
  /** The largest value in bytes, as serialised. A larger one is not stored: `set` throws `PayloadTooLargeError`. */
  maxBytes?: number;
  /**
   * What to do while Redis is out of reach: `'open'` (default) behaves as if every key were missing, `'throw'` throws
   * `RedisUnavailableError`.
   */
  onError?: 'open' | 'throw';
}

/** A cache's options, checked and complete. */
export interface ResolvedCacheOptions {
  readonly name: string;
  readonly store: 'redis' | 'memory' | Store | StoreFactory | Keyv;
  readonly connection: string;
  /** Milliseconds, a positive integer; `null` = for ever. */
  readonly ttl: number | null;
  readonly version: number | string | undefined;
  readonly memory: MemoryBounds;
  readonly types: readonly Type[];
  readonly serializer: Serializer | undefined;
  readonly compressor: Compressor | undefined;
  readonly maxBytes: number;
  readonly onError: 'open' | 'throw';
}

/** What a cache takes from the module where it says nothing itself. */
export interface CacheDefaults {
  readonly store: 'redis' | 'memory';
  readonly ttl: number | null;
}

const KNOWN = [
  'store',
  'connection',
  'ttl',
  'version',
  'memory',
  'types',
  'serializer',
  'compressor',
  'maxBytes',
  'onError',
] as const;

const MEMORY_MAX = 100_000;
const MEMORY_MAX_BYTES = 128 * 1024 * 1024;

/**
 * Checks the options of one cache and fills in the defaults.
 *
 * @throws InvalidOptionsError naming the option below `path`, the rule and the value
 */
export function resolveCacheOptions(
  name: string,
  raw: unknown,
  path: string,
  defaults: CacheDefaults,
): ResolvedCacheOptions {
  if (name === '') throw new InvalidOptionsError(path, 'a cache needs a name that is not empty', name);
  const options = optionsObject(raw ?? {}, path, KNOWN) as CacheOptions;
  const connection = optionalText(options.connection, `${path}.connection`) ?? 'default';
  const store = resolveStore(options, path, defaults.store);
  if (options.memory !== undefined && store !== 'memory') {
    throw new InvalidOptionsError(`${path}.memory`, "goes with store: 'memory'", options.memory);
  }
  if (options.version !== undefined && typeof store === 'object') {
    const rule = 'goes with a store in Redis or in memory: the keys of other stores are their own';
    throw new InvalidOptionsError(`${path}.version`, rule, options.version);
  }
  return Object.freeze({
    name,
    store,
    connection,
    ttl: resolveTtl(options.ttl, `${path}.ttl`, defaults.ttl),
    version: resolveVersion(options.version, `${path}.version`),
    memory: resolveMemory(options.memory, `${path}.memory`),
    types: resolveTypes(options.types, `${path}.types`),
    serializer: resolvePart(options.serializer, `${path}.serializer`, ['serialize', 'deserialize']),
    compressor: resolvePart(options.compressor, `${path}.compressor`, ['compress', 'decompress']),
    maxBytes: count(options.maxBytes, `${path}.maxBytes`, Number.MAX_SAFE_INTEGER),
    onError: oneOf(options.onError, ['open', 'throw'], `${path}.onError`),
  });
}

/** Reads a default ttl: positive milliseconds, or `null` for no expiry. */
export function resolveTtl(
  value: Duration | null | undefined,
  path: string,
  fallback: number | null,
): number | null {
  if (value === undefined) return fallback;
  if (value === null) return null;
  const ttl = milliseconds(value, path);
  if (ttl <= 0) throw new InvalidOptionsError(path, 'must be longer than 0, or null for no expiry', value);
  return ttl;
}

function resolveStore(
  options: CacheOptions,
  path: string,
  fallback: 'redis' | 'memory',
): ResolvedCacheOptions['store'] {
  const { store } = options;
  if (store === undefined) return options.connection === undefined ? fallback : 'redis';
  if (store === 'redis' || store === 'memory') return store;
  if (typeof store === 'object' && store !== null) {
    const methods = store as unknown as Record<string, unknown>;
    const isStore = typeof methods['read'] === 'function' && typeof methods['write'] === 'function';
    const isKeyv = typeof methods['get'] === 'function' && typeof methods['set'] === 'function';
    if (isStore || isKeyv || typeof methods['open'] === 'function') return store;
  }
  const rule = "must be 'redis', 'memory', a store, a Keyv, or what fromCacheManager() gives";
  throw new InvalidOptionsError(`${path}.store`, rule, store);
}

function resolveVersion(value: unknown, path: string): number | string | undefined {
  if (value === undefined || typeof value === 'string' || Number.isFinite(value)) return value as string;
  throw new InvalidOptionsError(path, 'must be a number or a string', value);
}

function resolveMemory(raw: unknown, path: string): MemoryBounds {
  const options = optionsObject(raw ?? {}, path, ['max', 'maxBytes']);
  return Object.freeze({
    max: count(options['max'], `${path}.max`, MEMORY_MAX),
    maxBytes: count(options['maxBytes'], `${path}.maxBytes`, MEMORY_MAX_BYTES),
  });
}

function count(value: unknown, path: string, fallback: number): number {
  return wholeNumber(value, { path, from: 1, fallback });
}

function resolveTypes(value: unknown, path: string): readonly Type[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new InvalidOptionsError(path, 'must be an array of classes', value);
  for (const [index, one] of value.entries()) {
    if (typeof one !== 'function') throw new InvalidOptionsError(`${path}[${index}]`, 'must be a class', one);
  }
  return Object.freeze([...(value as Type[])]);
}

function resolvePart<T>(value: T | undefined, path: string, methods: readonly string[]): T | undefined {
  if (value === undefined) return undefined;
  const part = value as Record<string, unknown> | null;
  if (typeof part !== 'object' || part === null || methods.some((one) => typeof part[one] !== 'function')) {
    throw new InvalidOptionsError(path, `must be an object with ${methods.join(' and ')}`, value);
  }
  return value;
}
