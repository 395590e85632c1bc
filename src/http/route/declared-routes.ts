import type { Type } from '@nestjs/common';
import { MODULE_PATH, PATH_METADATA } from '@nestjs/common/constants.js';
import type { ModulesContainer } from '@nestjs/core';
import { isRouteHandler } from '../../di/route-metadata.js';

/** A route handler of a controller. */
export interface DeclaredRoute {
  readonly controller: Type;
  readonly handler: object;
  /** Names the controller and the handler, for people: `PagesController.find`. */
  readonly name: string;
  /** Whether Nest makes the controller, or what it stands on, anew for every request. */
  readonly perRequest: boolean;
  /** Every path that leads to it, as declared: with the global prefix, the module's path and parameters, without versions. */
  readonly paths: readonly string[];
}

/**
 * The routes of an application, those that controllers inherit included. A controller in two modules has two of each. Right
 * once the application is put together.
 */
export function declaredRoutes(modules: ModulesContainer, globalPrefix: string): DeclaredRoute[] {
  const routes: DeclaredRoute[] = [];
  for (const { metatype: module, controllers } of modules.values()) {
    const prefix = `${globalPrefix}/${modulePath(modules, module)}`;
    for (const wrapper of controllers.values()) {
      const controller = wrapper.metatype as Type;
      const perRequest = !wrapper.isDependencyTreeStatic();
      for (const [name, handler] of handlersOf(controller)) {
        const paths = pathsOf(prefix, controller, handler);
        routes.push({ controller, handler, name: `${controller.name}.${name}`, perRequest, paths });
      }
    }
  }
  return routes;
}

/** The methods of a controller that Nest serves requests with, under the names that Nest finds them by. */
function handlersOf(controller: Type): Map<string, object> {
  const found = new Map<string, object>();
  const seen = new Set<string>();
  for (
    let prototype = controller.prototype as object | null;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      // A method that a subclass put in its place decides, a route or not.
      if (seen.has(name)) continue;
      seen.add(name);
      const value: unknown = descriptor.value;
      if (typeof value === 'function' && isRouteHandler(value)) found.set(name, value);
    }
  }
  return found;
}

/** What `RouterModule` put in front of the routes of a module. */
function modulePath(modules: ModulesContainer, module: object): string {
  const own: unknown = Reflect.getMetadata(MODULE_PATH + modules.applicationId, module);
  const path = own ?? (Reflect.getMetadata(MODULE_PATH, module) as unknown);
  return typeof path === 'string' ? path : '';
}

function pathsOf(prefix: string, controller: object, handler: object): string[] {
  return declaredPaths(controller).flatMap((one) =>
    declaredPaths(handler).map((other) => `/${prefix}/${one}/${other}`.replaceAll(/\/{2,}/g, '/')),
  );
}

function declaredPaths(target: object): string[] {
  const path = Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined;
  return [path ?? ''].flat();
}
