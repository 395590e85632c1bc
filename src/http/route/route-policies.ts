import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import type { ResolvedStale } from '../../cache/stale-options.js';
import type { ResponseOptions, ResponsePolicyOptions } from '../../di/response-options.js';
import { readCacheable, type ResolvedCacheableRoute } from '../../di/route-metadata.js';
import { placesIn } from '../../di/tag-template.js';
import { milliseconds } from '../../duration.js';
import { InvalidOptionsError, UnknownCacheError } from '../../errors.js';
import type { DeclaredRoute } from './declared-routes.js';
import { hasNoCache } from './no-cache.decorator.js';
import type { ResponseCacheSettings } from '../policy/resolve-response-cache.js';
import { requireOneAudience, resolveResponsePolicy } from '../policy/resolve-response-policy.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import { parametersIn } from './route-tags.js';

/** What the policies need to know of caches. */
export interface RouteCaches {
  has(cache: string): boolean;
  names(): readonly string[];
  /** What a cache serves after its ttl. */
  staleOf(cache: string): ResolvedStale;
  /** Whether its entries can be invalidated by tags. */
  takesTags(cache: string): boolean;
}

type Route = Omit<DeclaredRoute, 'method' | 'paths'>;

/** What speaks of one route: the policy that it names, and what it says itself. */
interface RouteOptions {
  readonly named: ResponsePolicyOptions;
  readonly own: ResponseOptions;
}

/** How the responses of every route of an application are cached: what the route, its named policy and the module say. */
export class RoutePolicies {
  readonly #settings: ResponseCacheSettings;
  readonly #caches: RouteCaches;
  readonly #policies = new WeakMap<Type, WeakMap<object, ResponsePolicy>>();

  constructor(settings: ResponseCacheSettings, caches: RouteCaches) {
    this.#settings = settings;
    this.#caches = caches;
  }

  /**
   * Resolves the policies of all routes. Call it when the application starts, once.
   *
   * @throws InvalidOptionsError naming the route: an option that is wrong, or contradicts another; a policy that is not
   *   there; what its cache or its controller cannot do
   * @throws UnknownCacheError when `http.cache` is not there
   */
  start(routes: readonly DeclaredRoute[]): void {
    const { cache } = this.#settings;
    if (!this.#caches.has(cache))
      throw new UnknownCacheError(cache, this.#caches.names(), 'options.http.cache');
    for (const route of routes) {
      const known = this.#known(route.controller).get(route.handler);
      // Of two modules with the controller, one may make it for every request.
      const policy = known === undefined || route.perRequest ? this.#resolve(route) : known;
      const cacheable = readCacheable(route.handler);
      if (cacheable !== undefined) this.#check(route, cacheable, policy);
    }
  }

  /** The policy of a route. It takes no round trip and, after `start`, throws nothing. */
  of(controller: Type, handler: object): ResponsePolicy {
    const known = this.#known(controller).get(handler);
    if (known !== undefined) return known;
    const name = `${controller.name}.${(handler as { readonly name: string }).name}`;
    return this.#resolve({ controller, handler, name, perRequest: false });
  }

  /**
   * Whether anything asks for the responses of a route to be cached: its `@Cacheable`; `http.routes: 'all'` where it answers
   * GET alone, or that the interceptor is `bound` to it, unless `@NoCache` forbids them.
   */
  wants(controller: Type, handler: object, bound: boolean): boolean {
    if (readCacheable(handler) !== undefined) return true;
    const everyGet =
      this.#settings.all && Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET;
    return (bound || everyGet) && !hasNoCache(controller) && !hasNoCache(handler);
  }

  /** The name of the cache that holds the responses of a route. */
  cacheOf(handler: object): string {
    return readCacheable(handler)?.cache ?? this.#settings.cache;
  }

  #known(controller: Type): WeakMap<object, ResponsePolicy> {
    let routes = this.#policies.get(controller);
    if (routes === undefined) this.#policies.set(controller, (routes = new WeakMap()));
    return routes;
  }

  #resolve(route: Route): ResponsePolicy {
    const policy = this.#policyOf(route);
    this.#known(route.controller).set(route.handler, policy);
    return policy;
  }

  #policyOf({ handler, name, perRequest }: Route): ResponsePolicy {
    const { policy: base } = this.#settings;
    const stale = base.stale ?? this.#caches.staleOf(this.cacheOf(handler));
    const cacheable = readCacheable(handler);
    const policy = cacheable === undefined ? base : this.#declared(cacheable, name, { ...base, stale });
    const wanted = policy.stale ?? stale;
    // Nobody can run a handler for nobody that answers one request, or one user.
    const alone = perRequest || policy.audience === 'user';
    return Object.freeze({ ...policy, stale: alone ? { ...wanted, revalidate: 0 } : wanted });
  }

  #declared(cacheable: ResolvedCacheableRoute, name: string, inherited: ResponsePolicy): ResponsePolicy {
    const path = responsePath(name);
    const { named, own } = this.#optionsOf(cacheable, path);
    const between = resolveResponsePolicy(named, path, inherited);
    const policy = resolveResponsePolicy(own, path, { ...between, key: cacheable.key ?? between.key });
    const { ttl } = cacheable;
    if (ttl === undefined) return policy;
    return { ...policy, ttl: ttl === null ? null : milliseconds(ttl, `${name} @Cacheable.ttl`) };
  }

  #optionsOf({ response }: ResolvedCacheableRoute, path: string): RouteOptions {
    const { policy, ...own } = response;
    if (policy === undefined) return { named: {}, own };
    const named = this.#settings.policies.get(policy);
    if (named !== undefined) return { named, own };
    const names = [...this.#settings.policies.keys()].map((one) => `'${one}'`).join(', ');
    const rule = `there is no such policy in "http.policies" (declared: ${names || 'none'})`;
    throw new InvalidOptionsError(`${path}.policy`, rule, policy);
  }

  #check(route: DeclaredRoute, cacheable: ResolvedCacheableRoute, policy: ResponsePolicy): void {
    const path = responsePath(route.name);
    const { named, own } = this.#optionsOf(cacheable, path);
    if (hasNoCache(route.handler))
      throw new InvalidOptionsError(route.name, '@NoCache contradicts @Cacheable');
    if (cacheable.key !== undefined && own.key !== undefined) {
      throw new InvalidOptionsError(`${path}.key`, 'contradicts @Cacheable.key, which stands for the same');
    }
    requireOneAudience(
      { public: own.public ?? named.public, varyByUser: own.varyByUser ?? named.varyByUser },
      path,
    );
    const refreshed = (own.stale?.revalidate ?? named.stale?.revalidate) !== undefined;
    if (refreshed) requireRefreshable(route, policy, `${path}.stale.revalidate`);
    if (cacheable.tags !== undefined) this.#checkTags(route, cacheable);
  }

  #checkTags({ name, paths }: DeclaredRoute, { cache, tags = [] }: ResolvedCacheableRoute): void {
    const path = `${name} @Cacheable.tags`;
    if (!this.#caches.takesTags(cache)) {
      const rule = `the cache '${cache}' cannot invalidate by tags; one in Redis or in memory can`;
      throw new InvalidOptionsError(path, rule);
    }
    for (const parameter of tags.flatMap(placesIn)) {
      const without = paths.find((one) => !parametersIn(one).has(parameter));
      if (without === undefined) continue;
      throw new InvalidOptionsError(path, `there is no parameter '${parameter}' in the path ${without}`);
    }
  }
}

function responsePath(route: string): string {
  return `${route} @Cacheable.response`;
}

/** @throws InvalidOptionsError where the handler of a route cannot be run once more for nobody */
function requireRefreshable({ perRequest }: Route, { audience }: ResponsePolicy, path: string): void {
  if (audience === 'user') {
    throw new InvalidOptionsError(
      path,
      'cannot stand beside varyByUser: there is no user when a handler runs in the background',
    );
  }
  if (perRequest) {
    throw new InvalidOptionsError(
      path,
      'cannot stand on a controller that is made for each request: there is no request when a handler runs in the background',
    );
  }
}
