import { RequestMethod, type Type } from '@nestjs/common';
import type { DeclaredRoute } from '../route/declared-routes.js';
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

/** The paths of the routes that are cached: `cacheOf` gives the cache of a handler's responses, `undefined` = none. */
export function findCacheablePaths(
  routes: readonly DeclaredRoute[],
  cacheOf: (controller: Type, handler: object) => string | undefined,
): CacheablePath[] {
  return routes
    .filter(({ method }) => method === RequestMethod.GET || method === RequestMethod.ALL)
    .flatMap(({ controller, handler, paths }) => {
      const cache = cacheOf(controller, handler);
      return cache === undefined ? [] : paths.map((path) => ({ path, cache }));
    });
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
