import { InvalidOptionsError, UnknownCacheError } from '../errors.js';
import { NAMESAKE_RULE, SEVERAL_RULE, type MethodCaches } from './cache-binding.js';
import { ANONYMOUS_RULE } from './default-key.js';
import { factsOf } from './host-facts.js';
import { decoratedMethods, methodPath, type CacheablePlan, type MethodPlan } from './method-plan.js';

/** A class with decorated methods, as one application uses it. */
export interface DecoratedHost {
  readonly type: { readonly name: string; readonly prototype: object };
  /** `static` = made once, at start. */
  readonly scope: 'static' | 'request' | 'transient';
  /** How many instances of exactly this class there are; 0 unless static. */
  readonly instances: number;
}

/**
 * Checks everything that can be known of the decorated methods of an application once it is put together.
 *
 * @throws UnknownCacheError when a method names a cache that is not there
 * @throws InvalidOptionsError naming class and method: a choice that a route handler, or a provider's method, cannot have;
 *   a result given at once; a default key that could not tell two results apart
 */
export function checkHosts(hosts: readonly DecoratedHost[], caches: MethodCaches): void {
  const named = new Map<string, DecoratedHost>();
  for (const host of hosts) {
    const withDefaultKey = decoratedMethods(host.type.prototype).filter((plan) =>
      checkMethod(host, plan, caches),
    );
    const [first] = withDefaultKey;
    if (first === undefined) continue;
    const path = methodPath(host.type.name, first.name);
    checkDefaultKey(host, path);
    if (named.has(host.type.name)) throw new InvalidOptionsError(path, NAMESAKE_RULE);
    named.set(host.type.name, host);
  }
}

/** Says whether the method makes default keys. */
function checkMethod(host: DecoratedHost, plan: MethodPlan, caches: MethodCaches): boolean {
  const path = methodPath(host.type.name, plan.name);
  for (const cache of plan.caches()) {
    if (!caches.has(cache)) throw new UnknownCacheError(cache, caches.names(), path);
  }
  const { route, overridden, result } = factsOf(plan, host.type.prototype);
  const { cacheable } = plan;
  if (route) {
    if (cacheable !== undefined) checkRoute(cacheable, path);
    return false;
  }
  if (cacheable?.response === true) {
    throw new InvalidOptionsError(
      `${path} @Cacheable.response`,
      'stands on the route handlers of controllers only',
    );
  }
  if (result === 'at once') {
    throw new InvalidOptionsError(
      path,
      'gives its result at once; only a method that returns a promise or an Observable can be cached',
    );
  }
  return cacheable !== undefined && !overridden && cacheable.key === undefined;
}

function checkRoute(cacheable: CacheablePlan, path: string): void {
  if (typeof cacheable.key === 'function') {
    throw new InvalidOptionsError(
      `${path} @Cacheable.key`,
      'cannot be a function on a route handler, whose arguments do not exist before a lookup; use response.key(context)',
    );
  }
  if (cacheable.when !== undefined) {
    throw new InvalidOptionsError(
      `${path} @Cacheable.when`,
      'cannot stand on a route handler, whose arguments do not exist before a lookup; use response.when(context)',
    );
  }
  for (const [name, instead] of [
    ['stale', 'response.stale'],
    ['timeout', 'response.wait'],
  ] as const) {
    if (cacheable.load[name] === undefined) continue;
    throw new InvalidOptionsError(
      `${path} @Cacheable.${name}`,
      `cannot stand on a route handler; use ${instead}`,
    );
  }
}

function checkDefaultKey(host: DecoratedHost, path: string): void {
  if (host.type.name === '') throw new InvalidOptionsError(path, ANONYMOUS_RULE);
  if (host.scope !== 'static') {
    throw new InvalidOptionsError(
      path,
      `the class is ${host.scope}-scoped, and the default key does not tell its instances apart; give @Cacheable a "key"`,
    );
  }
  if (host.instances > 1) throw new InvalidOptionsError(path, SEVERAL_RULE);
}
