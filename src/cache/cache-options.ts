import type { Compressor, Serializer } from '../codec/codec-options.js';
import type { Type } from '../codec/type.js';
import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { oneOf, optionalText, optionsObject, wholeNumber } from '../option.js';
import type { MemoryBounds } from '../store/memory-store.js';
import { NEVER_STALE, resolveStale, type ResolvedStale, type StaleOptions } from './stale-options.js';
import { NO_TIMEOUT, resolveTimeout, type ResolvedTimeout, type TimeoutOptions } from './timeout-options.js';
import type { KeyvLike } from '../store/keyv-shape.js';
import type { Store, StoreFactory } from '../store/store.js';

/** One named cache. Everything has a default, so `{}` is a cache. */
export interface CacheOptions {
  /**
   * Where the entries live: `'redis'`, `'memory'` (this process), a store of your own, a Keyv, or what `fromCacheManager`
   * gives. Default: `'redis'` where the application has a connection, else `'memory'`.
   */
  store?: 'redis' | 'memory' | Store | StoreFactory | KeyvLike;
  /** The name of the connection. Default `'default'`. */
  connection?: string;
  /** How long an entry lives that is given no ttl of its own; `null` = for ever. Default: the module's `ttl`. */
  ttl?: Duration | null;
  /**
   * The share of its ttl by which a loaded value is shortened at random, so that what was loaded together does not expire
   * together: 0 to 1. What `set` and the other writes store keeps its ttl. Default 0.05.
   */
  jitter?: number;
  /** Part of the keys: change it, and the entries of the old version are gone. */
  version?: number | string;
  /**
   * In front of Redis: keeps what is read in this process's memory too, coherent with all other processes. Off unless given.
   * With `store: 'memory'`: the bounds of that store. The least recently used entries go first.
   */
  memory?: false | MemoryOptions;
  /** Serve a value after its ttl, while it is loaded anew or when that fails. Default: never. */
  stale?: StaleOptions;
  /** How long callers wait for a loader. Default: as long as it takes. */
  timeout?: TimeoutOptions;
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

/** How much of this process's memory a cache may take. */
export interface MemoryOptions {
  /** Entries. Default 100,000. */
  max?: number;
  /** Bytes of keys and serialised values. Default 128 MiB. */
  maxBytes?: number;
  /**
   * The longest that an entry in front of Redis is served from memory: the bound of staleness where Redis is misused, such as
   * by `SWAPDB`, which tells nobody. `null` = as long as the entry lives. Default 5 minutes.
   */
  ttl?: Duration | null;
}

/** A cache's options, checked and complete. */
export interface ResolvedCacheOptions {
  readonly name: string;
  readonly store: 'redis' | 'memory' | Store | StoreFactory | KeyvLike;
  readonly connection: string;
  /** Milliseconds, a positive integer; `null` = for ever. */
  readonly ttl: number | null;
  readonly jitter: number;
  readonly version: number | string | undefined;
  /** The bounds of a store in memory. */
  readonly memory: MemoryBounds;
  /** The memory in front of Redis; `undefined` = there is none. `ttl` in milliseconds. */
  readonly tier: (MemoryBounds & { readonly ttl: number | null }) | undefined;
  readonly stale: ResolvedStale;
  readonly timeout: ResolvedTimeout;
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
  'jitter',
  'version',
  'memory',
  'stale',
  'timeout',
  'types',
  'serializer',
  'compressor',
  'maxBytes',
  'onError',
] as const;

const MEMORY_MAX = 100_000;
const MEMORY_MAX_BYTES = 128 * 1024 * 1024;
const MEMORY_TTL = 300_000;
const JITTER = 0.05;

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
  requireMemory(options.memory, store, path);
  if (options.version !== undefined && typeof store === 'object') {
    const rule = 'goes with a store in Redis or in memory: the keys of other stores are their own';
    throw new InvalidOptionsError(`${path}.version`, rule, options.version);
  }
  return Object.freeze({
    name,
    store,
    connection,
    ttl: resolveTtl(options.ttl, `${path}.ttl`, defaults.ttl),
    jitter: resolveJitter(options.jitter, `${path}.jitter`),
    version: resolveVersion(options.version, `${path}.version`),
    ...resolveMemory(options.memory, `${path}.memory`, store),
    stale: resolveStale(options.stale, `${path}.stale`, NEVER_STALE),
    timeout: resolveTimeout(options.timeout, `${path}.timeout`, NO_TIMEOUT),
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

/** @throws InvalidOptionsError when the options of the memory do not go with the store */
function requireMemory(memory: unknown, store: ResolvedCacheOptions['store'], path: string): void {
  if (memory === undefined || memory === false || store === 'redis') return;
  if (store !== 'memory') {
    throw new InvalidOptionsError(`${path}.memory`, 'goes with a store in Redis or in memory', memory);
  }
  if ((memory as MemoryOptions).ttl !== undefined) {
    throw new InvalidOptionsError(`${path}.memory.ttl`, 'goes with a store in Redis', memory);
  }
}

function resolveMemory(
  raw: unknown,
  path: string,
  store: ResolvedCacheOptions['store'],
): Pick<ResolvedCacheOptions, 'memory' | 'tier'> {
  const given = raw === false ? undefined : raw;
  const options = optionsObject(given ?? {}, path, ['max', 'maxBytes', 'ttl']) as MemoryOptions;
  const memory = Object.freeze({
    max: count(options.max, `${path}.max`, MEMORY_MAX),
    maxBytes: count(options.maxBytes, `${path}.maxBytes`, MEMORY_MAX_BYTES),
  });
  if (given === undefined || store !== 'redis') return { memory, tier: undefined };
  return {
    memory,
    tier: Object.freeze({ ...memory, ttl: resolveTtl(options.ttl, `${path}.ttl`, MEMORY_TTL) }),
  };
}

function resolveJitter(value: unknown, path: string): number {
  if (value === undefined) return JITTER;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new InvalidOptionsError(path, 'must be a number from 0 to 1', value);
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
