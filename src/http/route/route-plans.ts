import { Logger, type ExecutionContext, type Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { boundInterceptors, outermostInterceptor } from './interceptor-order.js';
import { readRoutePlan, type RoutePlan } from './route-plan.js';
import type { RoutePolicies } from './route-policies.js';

/** The plans of an application's routes, each read when its route is first called. */
export class RoutePlans {
  readonly #interceptor: Type;
  readonly #config: ApplicationConfig;
  readonly #policies: RoutePolicies;
  readonly #plans = new WeakMap<Type, WeakMap<object, RoutePlan | null>>();
  readonly #logger = new Logger('ResponseCacheInterceptor');

  /** `interceptor` is the class that must stand around all other interceptors of a route. */
  constructor(interceptor: Type, config: ApplicationConfig, policies: RoutePolicies) {
    this.#interceptor = interceptor;
    this.#config = config;
    this.#policies = policies;
  }

  /** The plan of the route that is being called; `undefined` when it must be left alone. The reason is logged once. */
  of(context: ExecutionContext): RoutePlan | undefined {
    const controller = context.getClass();
    const handler = context.getHandler();
    let routes = this.#plans.get(controller);
    if (routes === undefined) this.#plans.set(controller, (routes = new WeakMap()));
    let plan = routes.get(handler);
    if (plan === undefined) routes.set(handler, (plan = this.#read(controller, handler) ?? null));
    return plan ?? undefined;
  }

  #read(controller: Type, handler: object): RoutePlan | undefined {
    const bound = boundInterceptors(controller, handler).some((one) => this.#isOurs(one));
    const versioning = this.#config.getVersioning();
    const plan = readRoutePlan(controller, handler, bound, this.#policies, versioning);
    if (plan === undefined) return undefined;
    const outside = outermostInterceptor(this.#config, controller, handler);
    const refusal = this.#isOurs(outside)
      ? plan.refusal
      : 'an interceptor stands around the response cache and may change what it replays';
    if (refusal === undefined) return plan;
    this.#logger.warn(`Responses of ${plan.name} are never cached: ${refusal}.`);
    return undefined;
  }

  #isOurs(interceptor: unknown): boolean {
    return interceptor === this.#interceptor || interceptor instanceof this.#interceptor;
  }
}
