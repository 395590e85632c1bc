import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Type } from '../codec/type.js';
import { bindInstance, CacheBinding, type MethodCaches } from './cache-binding.js';
import { checkHosts, type DecoratedHost } from './host-check.js';
import { decoratedMethods } from './method-plan.js';

type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Wrapper = Module extends { readonly providers: Map<InjectionToken, infer W> } ? W : never;
type Class = DecoratedHost['type'];

/** What was found of one decorated class. */
interface Found {
  scope: DecoratedHost['scope'];
  readonly instances: Set<object>;
  /** Why some instance gets no binding; `undefined` = all get one. */
  unbound: Unbound['reason'] | undefined;
}

/** A class whose decorated methods run uncached. */
export interface Unbound {
  readonly name: string;
  /** `frozen` = the instance takes no property; `hidden` = it is made per request where the binding cannot be seen. */
  readonly reason: 'frozen' | 'hidden';
}

/**
 * Finds the decorated classes of an application, ties to it the instances that Nest did not make (`useFactory`,
 * `useValue`), and checks them all. `binding` must be filled. Call it when the module starts, once.
 *
 * Gives the classes with an instance that could not be tied.
 *
 * @throws InvalidOptionsError, UnknownCacheError as `checkHosts` does
 */
export function startDecoratedHosts(
  modules: ModulesContainer,
  binding: CacheBinding,
  caches: MethodCaches,
): Unbound[] {
  const found = new Map<Class, Found>();
  for (const [module, wrapper] of wrappersOf(modules)) look(module, wrapper, binding, found);
  checkHosts(
    [...found].map(([type, { scope, instances }]) => ({ type, scope, instances: instances.size })),
    caches,
  );
  return [...found].flatMap(([{ name }, { unbound }]) => (unbound ? [{ name, reason: unbound }] : []));
}

/**
 * The classes that decorated methods name with `type`, per cache, so that the cache can list them among its `types`. Right
 * as soon as the modules are scanned, before anything is made. Classes behind `useFactory` are not seen.
 */
export function declaredTypes(modules: ModulesContainer): Map<string, Set<Type>> {
  const types = new Map<string, Set<Type>>();
  for (const [, wrapper] of wrappersOf(modules)) {
    for (const { cacheable } of decoratedMethods(classOf(wrapper)?.prototype)) {
      if (cacheable?.type === undefined) continue;
      const known = types.get(cacheable.cache) ?? new Set();
      types.set(cacheable.cache, known.add(cacheable.type));
    }
  }
  return types;
}

function* wrappersOf(modules: ModulesContainer): Generator<[Module, Wrapper]> {
  for (const module of modules.values()) {
    for (const kind of [module.providers, module.controllers, module.injectables, module.middlewares]) {
      for (const wrapper of kind.values()) yield [module, wrapper];
    }
  }
}

/** The class that Nest makes instances of; `undefined` for values and factories. */
function classOf(wrapper: Wrapper): Class | undefined {
  const { metatype } = wrapper;
  return typeof metatype === 'function' && !wrapper.isNotMetatype ? metatype : undefined;
}

function look(module: Module, wrapper: Wrapper, binding: CacheBinding, found: Map<Class, Found>): void {
  const type = classOf(wrapper);
  const scope = wrapper.isTransient ? 'transient' : wrapper.isDependencyTreeStatic() ? 'static' : 'request';
  if (scope !== 'static') {
    if (type === undefined || decoratedMethods(type.prototype).length === 0) return;
    const host = foundOf(type, found);
    host.scope = scope;
    if (!offersBinding(module)) host.unbound = 'hidden';
    return;
  }
  const instance: unknown = wrapper.instance;
  if (typeof instance !== 'object' || instance === null) return;
  const prototype: unknown = Object.getPrototypeOf(instance);
  if (decoratedMethods(prototype).length === 0) return;
  const host = foundOf((prototype as { readonly constructor: Class }).constructor, found);
  host.instances.add(instance);
  if (!bindInstance(instance, binding)) host.unbound = 'frozen';
}

function foundOf(type: Class, found: Map<Class, Found>): Found {
  let host = found.get(type);
  if (host === undefined) {
    found.set(type, (host = { scope: 'static', instances: new Set(), unbound: undefined }));
  }
  return host;
}

/** Whether Nest finds the binding from a module: in it, or exported by what it imports. */
function offersBinding(module: Module, seen = new Set<Module>()): boolean {
  if (module.providers.has(CacheBinding)) return true;
  seen.add(module);
  return [...module.imports].some((imported) => exportsBinding(imported, seen));
}

function exportsBinding(module: Module, seen: Set<Module>): boolean {
  if (seen.has(module)) return false;
  seen.add(module);
  if (module.exports.has(CacheBinding)) return true;
  return [...module.imports].some(
    (imported) => module.exports.has(imported.metatype) && exportsBinding(imported, seen),
  );
}
