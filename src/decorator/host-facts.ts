import { isRouteHandler } from '../di/route-metadata.js';
import { classNameOf, defaultKeyPrefix } from './default-key.js';
import type { AnyMethod } from './method-fit.js';
import { governingCacheable, type MethodPlan } from './method-plan.js';
import { annotatedKind, type ResultKind } from './result-kind.js';

/** What is true of a decorated method for all instances of one class. */
export interface HostFacts {
  /** Nest serves requests with the method. */
  readonly route: boolean;
  /** A subclass put a `@Cacheable` of its own on the method, which decides in this one's place. */
  readonly overridden: boolean;
  readonly result: ResultKind;
  /** Empty for an anonymous class. */
  readonly className: string;
  /** What default keys of the method begin with. */
  readonly keyPrefix: string;
}

/**
 * Looks at a method as the instances of one class have it. Right only once all decorators have run: Nest's own may stand
 * above ours.
 */
export function factsOf(plan: MethodPlan, prototype: object): HostFacts {
  const outermost = (prototype as Record<string | symbol, unknown>)[plan.name];
  const candidates = [outermost, plan.outermost].filter((one): one is AnyMethod => typeof one === 'function');
  const governing = governingCacheable(prototype, plan.name);
  const className = classNameOf(prototype);
  return {
    className,
    keyPrefix: defaultKeyPrefix(className, plan.name),
    route: candidates.some(isRouteHandler),
    overridden: governing !== undefined && governing !== plan,
    result: plan.cacheable?.returns ?? annotatedKind(plan.owner, plan.name),
  };
}
