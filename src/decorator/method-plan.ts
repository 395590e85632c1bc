import type { StaleOptions } from '../cache/stale-options.js';
import type { TimeoutOptions } from '../cache/timeout-options.js';
import type { Type } from '../codec/type.js';
import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import type { Callback, DeclaredTags, ResolvedKey } from './method-options.js';

/** Which tags a result gets. */
interface TaggingPlan {
  /** Known before the method runs; `undefined` = none are declared. */
  readonly tags: DeclaredTags | undefined;
  readonly resultTags: Callback<unknown> | undefined;
}

/** `@Cacheable`, read once. */
export interface CacheablePlan extends TaggingPlan {
  readonly decorator: '@Cacheable';
  readonly cache: string;
  readonly key: ResolvedKey | undefined;
  readonly load: {
    readonly ttl?: Duration | null;
    readonly stale?: StaleOptions;
    readonly timeout?: TimeoutOptions;
  };
  readonly when: Callback<boolean> | undefined;
  readonly unless: Callback<boolean> | undefined;
  /** A class that the cache lists among its `types` because of this method. */
  readonly type: Type | undefined;
  readonly returns: 'observable' | undefined;
  /** Whether `response` was given, which only a route handler can have. */
  readonly response: boolean;
}

/** `@CachePut`, read once. */
export interface CachePutPlan extends TaggingPlan {
  readonly decorator: '@CachePut';
  readonly cache: string;
  readonly key: ResolvedKey;
  readonly write: { readonly ttl?: Duration | null };
  readonly when: Callback<boolean> | undefined;
  readonly unless: Callback<boolean> | undefined;
}

/** `@CacheEvict`, read once. */
export interface EvictionPlan {
  readonly decorator: '@CacheEvict';
  readonly cache: string;
  readonly key: ResolvedKey | undefined;
  readonly tags: DeclaredTags | undefined;
  /** Every entry of the cache. */
  readonly all: boolean;
  readonly before: boolean;
  readonly when: Callback<boolean> | undefined;
}

/** What our decorators say about one method of one class. */
export class MethodPlan {
  /** The prototype that the method stands on. */
  readonly owner: object;
  readonly name: string | symbol;
  readonly evictions: EvictionPlan[] = [];
  storing: CacheablePlan | CachePutPlan | undefined;
  /** The function that all decorators so far have left on the method's descriptor, ours outermost. */
  outermost: ((...args: never) => unknown) | undefined;

  constructor(owner: object, name: string | symbol) {
    this.owner = owner;
    this.name = name;
  }

  /** Class and method, as messages name them. */
  get path(): string {
    return methodPath(
      (this.owner as { readonly constructor: { readonly name: string } }).constructor.name,
      this.name,
    );
  }

  add(plan: CacheablePlan | CachePutPlan | EvictionPlan): void {
    if (plan.decorator === '@CacheEvict') {
      this.evictions.push(plan);
    } else if (this.storing === undefined) {
      this.storing = plan;
    } else {
      const both = plan.decorator === this.storing.decorator ? 'twice' : `and ${this.storing.decorator}`;
      throw new InvalidOptionsError(
        this.path,
        `${plan.decorator} ${both} on one method contradict each other`,
      );
    }
  }

  /** The names of the caches that the method uses. */
  caches(): string[] {
    const plans = this.storing === undefined ? this.evictions : [this.storing, ...this.evictions];
    return [...new Set(plans.map((plan) => plan.cache))];
  }

  /** The `@Cacheable` of the method, if it has one. */
  get cacheable(): CacheablePlan | undefined {
    return this.storing?.decorator === '@Cacheable' ? this.storing : undefined;
  }
}

/** Class and method, as messages name them. */
export function methodPath(className: string, method: string | symbol): string {
  return `${className || '(anonymous class)'}.${String(method)}`;
}

const plans = new WeakMap<object, Map<string | symbol, MethodPlan>>();

/** The plan of a method that stands on this very prototype, made if there is none. */
export function planFor(prototype: object, name: string | symbol): MethodPlan {
  let own = plans.get(prototype);
  if (own === undefined) plans.set(prototype, (own = new Map<string | symbol, MethodPlan>()));
  let plan = own.get(name);
  if (plan === undefined) own.set(name, (plan = new MethodPlan(prototype, name)));
  return plan;
}

/** The plans of every decorated method of a class, those of its ancestors included, the class's own first. */
export function decoratedMethods(prototype: unknown): MethodPlan[] {
  const found: MethodPlan[] = [];
  for (let at = prototype; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at) as unknown) {
    found.push(...(plans.get(at)?.values() ?? []));
  }
  return found;
}

/** The plan of the most derived `@Cacheable` that instances of a class have on a method. */
export function governingCacheable(prototype: unknown, name: string | symbol): MethodPlan | undefined {
  return decoratedMethods(prototype).find((plan) => plan.name === name && plan.cacheable !== undefined);
}
