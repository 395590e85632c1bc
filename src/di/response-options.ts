import type { ExecutionContext } from '@nestjs/common';
import type { StaleOptions } from '../cache/stale-options.js';
import type { Duration } from '../duration.js';

/**
 * How responses are cached: of all routes (`http`), of those that name it (`http.policies`), or of one (`response` of
 * `@Cacheable`, without `ttl`). What a route leaves out its named policy says, then `http`.
 */
export interface ResponsePolicyOptions {
  /**
   * True: responses are cached as RFC 9111 tells a shared cache to, driven by their own `Cache-Control`, `Expires` and `Vary`.
   * Default false: the route decides, and the response's headers can only make it stricter.
   */
  readonly respectHeaders?: boolean;
  /**
   * True: the response is the same for everybody, signed in or not. Default: requests with credentials, a user or a session
   * neither read nor fill.
   */
  readonly public?: boolean;
  /**
   * Keeps the responses of each user apart, by what it returns; `undefined` = this request is not cached. Runs after the guards.
   * Other caches are told `private`. Not with `public`.
   */
  readonly varyByUser?: (context: ExecutionContext) => string | number | null | undefined;
  /** Stands for path, parameters and query in the key; the route itself stays in it. Runs after the guards. */
  readonly key?: (context: ExecutionContext) => string;
  /** False: this request neither reads nor fills the cache. Runs after the guards. */
  readonly when?: (context: ExecutionContext) => boolean;
  /** Request headers that the response depends on. */
  readonly vary?: readonly string[];
  /** The query parameters that the response depends on; no other is in the key. Default: all of them. Not with `key`. */
  readonly query?: readonly string[];
  /** The hosts that are told apart; a request for another one is not cached. Default: the host does not matter. */
  readonly hosts?: readonly string[];
  /** Statuses that are cached beside 200, such as 404, whether the handler returns or throws them. */
  readonly statuses?: readonly number[];
  /** How long responses of these statuses live. Default 10 s. */
  readonly negativeTtl?: Duration;
  /** Bytes of the largest body that is stored. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Response headers that speak of one request and are not stored, beside those that always do (`x-request-id` …). */
  readonly perRequestHeaders?: readonly string[];
  /** Cookies that make a request one of a signed-in visitor. */
  readonly sessionCookies?: readonly string[];
  /** How long responses live whose `@Cacheable` does not say; `null` = for ever. Default: the ttl of their cache. */
  readonly ttl?: Duration | null;
  /** Serve a response after its ttl. Default: the cache's, but for `revalidate` on routes with `varyByUser`, which have none. */
  readonly stale?: StaleOptions;
  /** `Cache-Control` for browsers and other caches, where the handler sets none. Default: none is sent. */
  readonly cacheControl?: string;
  /** Tells in `Cache-Status` (RFC 9211) what the cache did; a string is the cache's name there. Default false. */
  readonly cacheStatus?: boolean | string;
  /** True: what a handler made after it read a part of the request that is not in the key is not stored. Default false. */
  readonly strict?: boolean;
  /** How long a request waits for the handler that another one runs for the same response. Default 10 s. */
  readonly wait?: Duration;
}

/** What `@Cacheable` may say about a response only; it stands under `response` and needs a controller's route handler. */
export interface ResponseOptions extends Omit<ResponsePolicyOptions, 'ttl'> {
  /** The name of a policy of `http.policies`. */
  readonly policy?: string;
}

/** The response cache of an application. */
export interface ResponseCacheOptions extends ResponsePolicyOptions {
  /** `'all'`: every GET route is cached but those with `@NoCache()`. Default: those with `@Cacheable`. */
  readonly routes?: 'decorated' | 'all';
  /** The cache of routes without `@Cacheable`. Default `'default'`. */
  readonly cache?: string;
  /** Policies that routes use by name. */
  readonly policies?: Readonly<Record<string, ResponsePolicyOptions>>;
}

/** What both a route and a named policy may say. */
const SHARED = [
  'respectHeaders',
  'public',
  'varyByUser',
  'key',
  'when',
  'vary',
  'query',
  'hosts',
  'statuses',
  'negativeTtl',
  'maxBodyBytes',
  'perRequestHeaders',
  'sessionCookies',
  'stale',
  'cacheControl',
  'cacheStatus',
  'strict',
  'wait',
] as const satisfies readonly (keyof ResponseOptions)[];

/** The names of `ResponseOptions`. */
export const RESPONSE_OPTIONS = [...SHARED, 'policy'] as const;

/** The names of `ResponsePolicyOptions`. */
export const POLICY_OPTIONS = [...SHARED, 'ttl'] as const;

/** The names of `ResponseCacheOptions`. */
export const RESPONSE_CACHE_OPTIONS = [...POLICY_OPTIONS, 'routes', 'cache', 'policies'] as const;
