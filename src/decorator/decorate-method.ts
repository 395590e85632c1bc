import { InvalidOptionsError } from '../errors.js';
import { injectBinding } from './cache-binding.js';
import { CachedMethod } from './cached-method.js';
import type { AnyMethod } from './method-fit.js';
import {
  methodPath,
  planFor,
  type CacheablePlan,
  type CachePutPlan,
  type EvictionPlan,
} from './method-plan.js';
import { isGenerator } from './result-kind.js';

/** The functions that decorators left on methods, with what each does. */
const places = new WeakMap<AnyMethod, CachedMethod>();
const NO_EVICTIONS: readonly EvictionPlan[] = [];

/**
 * Puts a decorator on a method: replaces the function by one that acts around it and has its name, length, properties and
 * metadata, and has Nest inject the application's binding. Several of our decorators in a row share one such function,
 * which is given back.
 *
 * @throws InvalidOptionsError on anything but an instance method, on a generator, and for decorators that contradict
 */
export function decorateMethod(
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  action: CacheablePlan | CachePutPlan | EvictionPlan,
): AnyMethod {
  const method = methodOf(target, name, descriptor);
  const plan = planFor(target, name);
  plan.add(action);
  let place = places.get(method);
  let outermost = method;
  if (place === undefined || plan.outermost !== method) {
    const added = new CachedMethod(plan, method);
    outermost = likeMethod(method, function decorated(this: unknown, ...args: unknown[]): unknown {
      return added.call(this, args, plan.outermost === outermost ? plan.evictions : NO_EVICTIONS);
    });
    places.set(outermost, added);
    place = added;
  }
  if (action.decorator !== '@CacheEvict') place.storing = action;
  plan.outermost = outermost;
  injectBinding(target);
  (descriptor as PropertyDescriptor).value = outermost;
  return outermost;
}

/** Class, method and decorator, as messages name them. */
export function decoratorPath(target: object, name: string | symbol, decorator: string): string {
  return `${methodPath(classOf(target).name, name)} ${decorator}`;
}

function classOf(target: object): { readonly name: string } {
  return typeof target === 'function'
    ? target
    : (target as { readonly constructor: { readonly name: string } }).constructor;
}

function methodOf(
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): AnyMethod {
  const path = methodPath(classOf(target).name, name);
  if (typeof target === 'function') {
    throw new InvalidOptionsError(
      path,
      'a static method belongs to no application; decorate an instance method',
    );
  }
  const method: unknown = descriptor?.value;
  if (typeof method !== 'function') {
    throw new InvalidOptionsError(path, 'is no method; cache decorators stand on methods only');
  }
  if (isGenerator(method as AnyMethod)) {
    throw new InvalidOptionsError(path, 'a generator cannot be cached: one caller uses it up');
  }
  return method as AnyMethod;
}

/** Routes, guards and documentation are found by what stands on the function itself. */
function likeMethod(method: AnyMethod, decorated: AnyMethod): AnyMethod {
  const { prototype: _own, ...properties } = Object.getOwnPropertyDescriptors(method);
  Object.defineProperties(decorated, properties);
  for (const key of Reflect.getOwnMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), decorated);
  }
  return decorated;
}
