import { VersioningType, type ExecutionContext, type Type, type VersioningOptions } from '@nestjs/common';
import {
  HEADERS_METADATA,
  HOST_METADATA,
  PATH_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants.js';
import { readCacheable } from '../../di/route-metadata.js';
import type { Duration } from '../../duration.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import type { RoutePolicies } from './route-policies.js';
import { refuseMethod, refuseRoute } from './route-refusal.js';

/** How the responses of one route are cached. Read once from its decorators. */
export interface RoutePlan {
  readonly cache: string;
  readonly policy: ResponsePolicy;
  /** `undefined` = the cache's own ttl, `null` = never expires. */
  readonly ttl: Duration | null | undefined | ((context: ExecutionContext) => unknown);
  /** What the application put in the place of path and query. */
  readonly key: string | ((context: ExecutionContext) => unknown) | undefined;
  /** See `ResolvedCacheableRoute`. */
  readonly judged: boolean;
  /** See `ResolvedCacheableRoute`; `undefined` = none. */
  readonly tags: readonly string[] | undefined;
  /** Names the controller and the handler, for people: `PagesController.find`. */
  readonly name: string;
  /** Names the controller, the handler, and the versions and paths they declare, for keys. */
  readonly route: string;
  readonly hostBound: boolean;
  /** Lower-cased names that `@Header` sets. Nest sets them before any interceptor runs. */
  readonly decoratedHeaders: ReadonlySet<string>;
  /** Why nothing of this route is ever cached; `undefined` when it may be. */
  readonly refusal: string | undefined;
}

/** Metadata of `@CacheKey` and `@CacheTTL` of @nestjs/cache-manager. */
const CACHE_KEY_METADATA = 'cache_module:cache_key';
const CACHE_TTL_METADATA = 'cache_module:cache_ttl';

/**
 * Reads the plan of a route; `undefined` when nothing asks for its responses to be cached. `bound` = the interceptor was put on
 * it by `@UseInterceptors`. What `@Cacheable` leaves out, `@CacheKey` and `@CacheTTL` may say.
 * `versioning` = how the application tells versions apart.
 */
export function readRoutePlan(
  controller: Type,
  handler: object,
  bound: boolean,
  policies: RoutePolicies,
  versioning?: VersioningOptions,
): RoutePlan | undefined {
  if (!policies.wants(controller, handler, bound)) return undefined;
  const cacheable = readCacheable(handler);
  const policy = keyedByVersion(policies.of(controller, handler), versioning);
  const method = methodName(controller, handler);
  return {
    cache: policies.cacheOf(handler),
    policy,
    ttl: ttlOf(controller, handler, policy),
    key: cacheable?.response.key ?? cacheable?.key ?? readKey(handler) ?? policy.key,
    judged: cacheable?.judged ?? false,
    tags: cacheable?.tags,
    name: `${controller.name}.${String(method ?? (handler as { readonly name?: unknown }).name)}`,
    route: routeName(controller, handler, method),
    hostBound: Reflect.getMetadata(HOST_METADATA, controller) !== undefined,
    decoratedHeaders: decoratedHeaders(handler),
    // Bound to a whole controller, the interceptor stands on its other methods too, and nobody expects anything there.
    refusal: (cacheable && refuseMethod(handler)) ?? refuseRoute(controller, handler, method, policy),
  };
}

/** Where a header says which version is wanted, it selects the response, whatever the route's own policy names. */
function keyedByVersion(policy: ResponsePolicy, versioning: VersioningOptions | undefined): ResponsePolicy {
  const name = versionHeader(versioning);
  if (name === undefined || policy.vary.includes(name)) return policy;
  return { ...policy, vary: [...policy.vary, name].toSorted() };
}

function versionHeader(versioning: VersioningOptions | undefined): string | undefined {
  if (versioning?.type === VersioningType.HEADER) return versioning.header.toLowerCase();
  return versioning?.type === VersioningType.MEDIA_TYPE ? 'accept' : undefined;
}

function readKey(handler: object): RoutePlan['key'] {
  const key: unknown = Reflect.getMetadata(CACHE_KEY_METADATA, handler);
  return typeof key === 'string' || typeof key === 'function' ? (key as RoutePlan['key']) : undefined;
}

/** Its own ttl comes first, then `@CacheTTL`, then what its policy and the module say. */
function ttlOf(controller: Type, handler: object, policy: ResponsePolicy): RoutePlan['ttl'] {
  if (readCacheable(handler)?.ttl !== undefined) return policy.ttl;
  const declared = readTtl(controller, handler);
  return declared === undefined ? policy.ttl : declared;
}

function readTtl(controller: Type, handler: object): RoutePlan['ttl'] {
  const ttl: unknown =
    Reflect.getMetadata(CACHE_TTL_METADATA, handler) ?? Reflect.getMetadata(CACHE_TTL_METADATA, controller);
  // cache-manager's 0 means no expiry.
  if (ttl === 0) return null;
  return typeof ttl === 'number' || typeof ttl === 'function' ? (ttl as RoutePlan['ttl']) : undefined;
}

function decoratedHeaders(handler: object): ReadonlySet<string> {
  const headers = (Reflect.getMetadata(HEADERS_METADATA, handler) ?? []) as { readonly name: string }[];
  return new Set(headers.map(({ name }) => name.toLowerCase()));
}

function routeName(controller: Type, handler: object, method: string | symbol | undefined): string {
  const versions: unknown[] = [handler, controller].map((target) =>
    describeVersion(Reflect.getMetadata(VERSION_METADATA, target)),
  );
  // Controllers of one name are told apart by their paths.
  const paths = [controller, handler].map((target): unknown => Reflect.getMetadata(PATH_METADATA, target));
  return JSON.stringify([controller.name, String(method), versions, paths]);
}

function describeVersion(version: unknown): unknown {
  if (Array.isArray(version)) return version.map(describeVersion);
  return typeof version === 'symbol' ? String(version) : version;
}

/** The name under which a controller, or a class it derives from, holds a handler. */
function methodName(controller: Type, handler: object): string | symbol | undefined {
  for (
    let prototype: unknown = controller.prototype;
    typeof prototype === 'object' && prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as unknown
  ) {
    const holder = prototype;
    const name = Reflect.ownKeys(holder).find(
      (key) => Object.getOwnPropertyDescriptor(holder, key)?.value === handler,
    );
    if (name !== undefined) return name;
  }
  return undefined;
}
