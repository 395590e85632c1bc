import type {
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common';
import {
  resolveCacheOptions,
  resolveTtl,
  type CacheDefaults,
  type CacheOptions,
  type ResolvedCacheOptions,
} from '../cache/cache-options.js';
import type { ConnectionOptions, ResolvedConnection } from '../connection/connection-options.js';
import { resolveConnectionOptions } from '../connection/resolve-connection-options.js';
import type { ResponseCacheOptions } from '../di/response-options.js';
import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { resolveResponseCache, type ResponseCacheSettings } from '../http/policy/resolve-response-cache.js';
import { optionsObject } from '../option.js';
import { resolveSessionOptions, type ResolvedSession } from '../session/resolve-session-options.js';
import type { SessionOptions } from '../session/session-options.js';

/** What `RedisCacheModule.forRoot()` takes. Without options: one cache, `default`, in this process's memory. */
export interface RedisCacheModuleOptions {
  /** Where caches live that name no other connection. Absent: in this process's memory, which is said at start. */
  connection?: ConnectionOptions | undefined;
  /** Further connections by name. `default` stands either here or in `connection`. */
  connections?: Record<string, ConnectionOptions | undefined>;
  /** In front of every key in Redis. Default `'cache'`. */
  keyPrefix?: string;
  /** How long an entry lives unless the cache or the call says otherwise; `null` = for ever. Default `'5m'`. */
  ttl?: Duration | null;
  /** The named caches. `default` always exists. */
  caches?: Record<string, CacheOptions>;
  /** The response cache: what holds for all routes, and policies that routes name. */
  http?: ResponseCacheOptions;
  /** Sessions in Redis, for all requests. Absent: none. Needs the package express-session. */
  session?: SessionOptions | undefined;
  /** Whether the caches are injectable everywhere without importing the module again. Default true. */
  global?: boolean;
}

/** Makes the options of the module; for `useClass` and `useExisting`. */
export interface RedisCacheOptionsFactory {
  createRedisCacheOptions(): AsyncOptions | Promise<AsyncOptions>;
}

/** What an options factory returns: `global` is decided before it runs. */
export type AsyncOptions = Omit<RedisCacheModuleOptions, 'global'>;

/** What `RedisCacheModule.forRootAsync()` takes: one of `useFactory`, `useClass` and `useExisting`. */
export interface RedisCacheModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The caches that are to be injectable by name. Others that the factory returns are reached by `CacheRegistry`. */
  caches?: string[];
  /** The connections whose clients are to be injectable by name, beside `default`. */
  connections?: string[];
  /** Default true. */
  global?: boolean;
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest's own factory providers
  useFactory?: (...args: any[]) => AsyncOptions | Promise<AsyncOptions>;
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  useClass?: Type<RedisCacheOptionsFactory>;
  useExisting?: InjectionToken;
  /** Providers that the factory needs and no imported module exports. */
  extraProviders?: Provider[];
}

/** The module's options, checked and complete. */
export interface ResolvedModuleOptions {
  readonly keyPrefix: string;
  readonly defaults: CacheDefaults;
  readonly connections: ReadonlyMap<string, ResolvedConnection>;
  readonly caches: ReadonlyMap<string, ResolvedCacheOptions>;
  readonly http: ResponseCacheSettings;
  /** `undefined` = there are no sessions. */
  readonly session: ResolvedSession | undefined;
}

const KNOWN = ['connection', 'connections', 'keyPrefix', 'ttl', 'caches', 'http', 'session', 'global'];
const DEFAULT_TTL = milliseconds('5m', 'ttl');

/**
 * Checks the module's options and fills in the defaults. `listed` are caches that exist even if the options omit them.
 *
 * @throws InvalidOptionsError naming the option, the rule and the value
 */
export function resolveModuleOptions(raw: unknown, listed: readonly string[] = []): ResolvedModuleOptions {
  const options = optionsObject(raw === undefined ? {} : raw, 'options', KNOWN) as RedisCacheModuleOptions;
  if (options.global !== undefined && typeof options.global !== 'boolean') {
    throw new InvalidOptionsError('options.global', 'must be true or false', options.global);
  }
  if (options.keyPrefix !== undefined && typeof options.keyPrefix !== 'string') {
    throw new InvalidOptionsError('options.keyPrefix', 'must be a string', options.keyPrefix);
  }
  const connections = resolveConnections(options);
  const defaults: CacheDefaults = Object.freeze({
    store: connections.has('default') ? 'redis' : 'memory',
    ttl: resolveTtl(options.ttl, 'options.ttl', DEFAULT_TTL),
  });
  const declared = namedOptions(options.caches, 'options.caches');
  const caches = new Map<string, ResolvedCacheOptions>();
  for (const name of new Set(['default', ...Object.keys(declared), ...listed])) {
    const cache = resolveCacheOptions(name, declared[name], `caches.${name}`, defaults);
    checkConnection(cache, connections);
    caches.set(name, cache);
  }
  const http = resolveResponseCache(options.http, 'options.http');
  const { keyPrefix = 'cache' } = options;
  const session = resolveSession(options.session, { keyPrefix, caches: [...caches.keys()] }, connections);
  return Object.freeze({ keyPrefix, defaults, connections, caches, http, session });
}

function resolveSession(
  raw: unknown,
  beside: { readonly keyPrefix: string; readonly caches: readonly string[] },
  connections: ReadonlyMap<string, ResolvedConnection>,
): ResolvedSession | undefined {
  if (raw === undefined) return undefined;
  const session = resolveSessionOptions(raw, 'options.session', beside);
  if (connections.has(session.connection)) return session;
  if (session.connection === 'default' && connections.size === 0) {
    throw new InvalidOptionsError('options.session', 'needs a Redis: give the module a "connection"');
  }
  throw noSuchConnection('options.session.connection', session.connection, connections);
}

function noSuchConnection(
  path: string,
  name: string,
  connections: ReadonlyMap<string, ResolvedConnection>,
): InvalidOptionsError {
  const names = [...connections.keys()].map((one) => `'${one}'`).join(', ');
  return new InvalidOptionsError(path, `there is no such connection (declared: ${names || 'none'})`, name);
}

/** Checks that the connection of a cache exists. */
export function checkConnection(
  cache: ResolvedCacheOptions,
  connections: ReadonlyMap<string, ResolvedConnection>,
): void {
  const needed = cache.store === 'redis' || cache.connection !== 'default';
  if (!needed || connections.has(cache.connection)) return;
  if (cache.connection === 'default') {
    const rule = 'needs a Redis, and the module has none: give it a "connection"';
    throw new InvalidOptionsError(`caches.${cache.name}.store`, rule, cache.store);
  }
  throw noSuchConnection(`caches.${cache.name}.connection`, cache.connection, connections);
}

/** Reads a record of options by name. */
export function namedOptions(raw: unknown, path: string): Readonly<Record<string, unknown>> {
  if (raw === undefined) return {};
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new InvalidOptionsError(path, 'must be an object of options by name', raw);
  }
  return raw as Record<string, unknown>;
}

function resolveConnections(options: RedisCacheModuleOptions): ReadonlyMap<string, ResolvedConnection> {
  const named = namedOptions(options.connections, 'options.connections');
  const connections = new Map<string, ResolvedConnection>();
  if (options.connection !== undefined) {
    if (named['default'] !== undefined) {
      throw new InvalidOptionsError('options.connections.default', 'stands in "connection" already');
    }
    connections.set('default', resolveConnectionOptions('default', options.connection, 'options.connection'));
  }
  for (const [name, raw] of Object.entries(named)) {
    if (raw === undefined) continue;
    connections.set(name, resolveConnectionOptions(name, raw, `options.connections.${name}`));
  }
  return connections;
}
