import type { RequestMethod, Type, VersioningOptions } from '@nestjs/common';
import { METHOD_METADATA, MODULE_PATH, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { isRouteHandler } from '../../di/route-metadata.js';

/** A route handler of a controller. */
export interface DeclaredRoute {
  readonly controller: Type;
  readonly handler: object;
  /** Names the controller and the handler, for people: `PagesController.find`. */
  readonly name: string;
  readonly method: RequestMethod;
  /** Whether Nest makes the controller, or what it stands on, anew for every request. */
  readonly perRequest: boolean;
  /** Every path that leads to it, as Nest tells its router: with the global prefix, the module's path and the URI's versions. */
  readonly paths: readonly string[];
}

/**
 * The routes of an application, those that controllers inherit included. A controller in two modules has two of each. Right
 * once the application is put together, and its prefix and versioning are set.
 */
export function declaredRoutes(modules: ModulesContainer, config: ApplicationConfig): DeclaredRoute[] {
  const routes: DeclaredRoute[] = [];
  const pathsOf = servedPaths(config);
  for (const { metatype: module, controllers } of modules.values()) {
    const modulePath = pathOfModule(modules, module);
    for (const wrapper of controllers.values()) {
      const controller = wrapper.metatype as Type;
      const perRequest = !wrapper.isDependencyTreeStatic();
      for (const [name, handler] of handlersOf(controller)) {
        const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
        const paths = pathsOf({ controller, handler, method, modulePath });
        routes.push({ controller, handler, name: `${controller.name}.${name}`, method, perRequest, paths });
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
function pathOfModule(modules: ModulesContainer, module: object): string | undefined {
  const own: unknown = Reflect.getMetadata(MODULE_PATH + modules.applicationId, module);
  return (own ?? Reflect.getMetadata(MODULE_PATH, module)) as string | undefined;
}

interface PathParts extends Pick<DeclaredRoute, 'controller' | 'handler' | 'method'> {
  readonly modulePath: string | undefined;
}

/** Puts the paths of routes together as Nest's own router does. */
function servedPaths(config: ApplicationConfig): (route: PathParts) => string[] {
  const factory = new RoutePathFactory(config);
  const versioning = config.getVersioning();
  const prefix = config.getGlobalPrefix();
  return ({ controller, handler, method, modulePath }) => {
    // A method's own version decides, then its controller's.
    const version = versionOf(handler) ?? versionOf(controller) ?? versioning?.defaultVersion;
    const paths = declaredPaths(controller).flatMap((ctrlPath) =>
      declaredPaths(handler).flatMap((methodPath) =>
        factory.create(
          {
            ctrlPath,
            methodPath,
            ...(modulePath !== undefined && { modulePath }),
            ...(prefix !== '' && { globalPrefix: leadingSlash(prefix) }),
            ...(versioning !== undefined && { versioningOptions: versioning }),
            ...(version !== undefined && { controllerVersion: version }),
          },
          method,
        ),
      ),
    );
    return [...new Set(paths)];
  };
}

type Version = NonNullable<VersioningOptions['defaultVersion']>;

function versionOf(target: object): Version | undefined {
  return Reflect.getMetadata(VERSION_METADATA, target) as Version | undefined;
}

/** The paths that a decorator gave a controller or a handler. */
function declaredPaths(target: object): string[] {
  const path = Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined;
  return [path ?? '/'].flat().map(leadingSlash);
}

function leadingSlash(path: string): string {
  return path === '' || path.startsWith('/') || path.startsWith('{/') ? path : `/${path}`;
}
