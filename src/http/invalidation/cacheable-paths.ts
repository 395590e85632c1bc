import { RequestMethod, type Type, type VersioningOptions } from '@nestjs/common';
import { METHOD_METADATA, MODULE_PATH, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, type ApplicationConfig, type ModulesContainer } from '@nestjs/core';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { pathSegments } from './response-tags.js';

/** A path as a router is told of it, and the cache of its responses. */
export interface CacheablePath {
  readonly path: string;
  readonly cache: string;
}

/** One segment of all paths that begin alike. */
interface Node {
  readonly literals: Map<string, Node>;
  /** The paths that go on with a parameter. */
  parameter: Node | undefined;
  /** The caches of paths that end here. */
  readonly ends: Set<string>;
  /** The caches of paths that may go on from here in any way. */
  readonly open: Set<string>;
}

/** What makes a segment one whose length the router's pattern language decides: wildcards, groups, options. */
const OPEN = /[*{}()[\]?+!|\\]/;

/**
 * The paths at which responses are cached. Knows the pattern languages of Express and Fastify only so far as to never miss a
 * path: it may find caches for some that have no route.
 */
export class CacheablePaths {
  /** The caches of all paths. */
  readonly caches: ReadonlySet<string>;
  readonly #root = emptyNode();

  constructor(paths: readonly CacheablePath[]) {
    this.caches = new Set(paths.map(({ cache }) => cache));
    for (const { path, cache } of paths) this.#add(path, cache);
  }

  /** The caches that may hold responses of a path, given as it was requested. */
  cachesOf(target: string): ReadonlySet<string> {
    const caches = new Set<string>();
    let nodes = [this.#root];
    collect(nodes, 'open', caches);
    for (const segment of pathSegments(target)) {
      nodes = nodes.flatMap(({ literals, parameter }) => present([literals.get(segment), parameter]));
      collect(nodes, 'open', caches);
    }
    collect(nodes, 'ends', caches);
    // Fastify takes what stands behind the last slash for a parameter, even if that is nothing.
    if (/^[^?#]*\/(?:[?#]|$)/.test(target)) {
      const parameters = present(nodes.map(({ parameter }) => parameter));
      collect(parameters, 'ends', caches);
      collect(parameters, 'open', caches);
    }
    return caches;
  }

  #add(path: string, cache: string): void {
    let node = this.#root;
    for (const segment of path.split('/').filter((one) => one !== '')) {
      if (OPEN.test(segment)) {
        node.open.add(cache);
        return;
      }
      node = segment.includes(':') ? (node.parameter ??= emptyNode()) : literalBelow(node, segment);
    }
    node.ends.add(cache);
  }
}

/**
 * The cacheable GET routes of an application at all paths where Nest serves them: with the global prefix, the paths of
 * `RouterModule` and the versions of the URI. `cacheOf` gives the cache of a handler's responses, `undefined` = none. Right
 * once the application's prefix and versioning are set.
 */
export function findCacheablePaths(
  modules: ModulesContainer,
  config: ApplicationConfig,
  cacheOf: (controller: Type, handler: object) => string | undefined,
): CacheablePath[] {
  const factory = new RoutePathFactory(config);
  const scanner = new MetadataScanner();
  return controllersOf(modules).flatMap(({ controller, modulePath }) =>
    scanner.getAllMethodNames(controller.prototype as object).flatMap((name) => {
      const handler = (controller.prototype as Record<string, object>)[name] as object;
      const method = methodOf(handler);
      if (method !== RequestMethod.GET && method !== RequestMethod.ALL) return [];
      const cache = cacheOf(controller, handler);
      if (cache === undefined) return [];
      const route = { controller, handler, method, modulePath };
      return pathsOf(factory, config, route).map((path) => ({ path, cache }));
    }),
  );
}

interface Route {
  readonly controller: Type;
  readonly handler: object;
  readonly method: RequestMethod;
  readonly modulePath: string | undefined;
}

function controllersOf(modules: ModulesContainer): Pick<Route, 'controller' | 'modulePath'>[] {
  return [...modules.values()].flatMap(({ controllers, metatype }) => {
    const modulePath = (Reflect.getMetadata(MODULE_PATH + modules.applicationId, metatype) ??
      Reflect.getMetadata(MODULE_PATH, metatype)) as string | undefined;
    return [...controllers.values()].flatMap(({ metatype: controller }) =>
      typeof controller === 'function' ? [{ controller: controller as Type, modulePath }] : [],
    );
  });
}

/** The method that a handler answers; `undefined` = it is none of a route. */
function methodOf(handler: object): RequestMethod | undefined {
  if (!Reflect.hasMetadata(PATH_METADATA, handler)) return undefined;
  return Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
}

/** As Nest's own router puts them together. */
function pathsOf(
  factory: RoutePathFactory,
  config: ApplicationConfig,
  { controller, handler, method, modulePath }: Route,
): string[] {
  const versioning = config.getVersioning();
  const prefix = config.getGlobalPrefix();
  // A method's own version decides, then its controller's.
  const version = versionOf(handler) ?? versionOf(controller) ?? versioning?.defaultVersion;
  const paths = listed(controller).flatMap((ctrlPath) =>
    listed(handler).flatMap((methodPath) =>
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
}

type Version = NonNullable<VersioningOptions['defaultVersion']>;

function versionOf(target: object): Version | undefined {
  return Reflect.getMetadata(VERSION_METADATA, target) as Version | undefined;
}

/** The paths that a decorator gave a controller or a handler. */
function listed(target: object): string[] {
  const path = (Reflect.getMetadata(PATH_METADATA, target) ?? '/') as string | string[];
  return (Array.isArray(path) ? path : [path]).map(leadingSlash);
}

function leadingSlash(path: string): string {
  return path === '' || path.startsWith('/') || path.startsWith('{/') ? path : `/${path}`;
}

function emptyNode(): Node {
  return { literals: new Map(), parameter: undefined, ends: new Set(), open: new Set() };
}

function literalBelow({ literals }: Node, segment: string): Node {
  const [name = ''] = pathSegments(segment);
  let node = literals.get(name);
  if (node === undefined) literals.set(name, (node = emptyNode()));
  return node;
}

function present(nodes: readonly (Node | undefined)[]): Node[] {
  return nodes.filter((node) => node !== undefined);
}

function collect(nodes: readonly Node[], which: 'ends' | 'open', caches: Set<string>): void {
  for (const node of nodes) for (const cache of node[which]) caches.add(cache);
}
