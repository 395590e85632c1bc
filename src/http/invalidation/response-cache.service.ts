import { Injectable, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { tagsArgument } from '../../cache/check-tags.js';
import { CacheRegistry } from '../../di/cache-registry.js';
import { isRouteHandler, readCacheable } from '../../di/route-metadata.js';
import { InvalidOptionsError } from '../../errors.js';
import { optionalText, optionsObject, requireObject } from '../../option.js';
import { routeParamsTag, routeTag, urlTag } from './response-tags.js';

/** The parameters of a path, decoded, as a handler gets them; a list of segments for a wildcard on Express. */
export type RouteParams = Readonly<Record<string, string | readonly string[]>>;

/**
 * Invalidates stored responses, those of all processes on the same Redis: also from one that serves no HTTP, such as a
 * microservice or a job, if it declares the caches. What is being made meanwhile is not stored. One round trip per cache.
 *
 * A cache that Redis does not answer for follows its `onError`. Caches whose stores know no tags are passed over, unless one
 * is named.
 */
@Injectable()
export class ResponseCache {
  readonly #caches: CacheRegistry;

  /** @internal */
  constructor(caches: CacheRegistry) {
    this.#caches = caches;
  }

  /**
   * Invalidates the responses of a path in all caches, whatever their query, version, host or user. It may hit a few others:
   * paths share 16,384 tags.
   *
   * @throws InvalidOptionsError unless it is a path that begins with `/`, or a whole URL, of which only the path counts
   */
  async invalidateUrl(pathOrUrl: string): Promise<void> {
    await this.#everywhere([urlTag(pathIn(pathOrUrl))]);
  }

  /**
   * Invalidates the responses of a controller's handler: all of them, or those for certain path parameters, which must be
   * all of its path. A handler that the controller inherits is named with the controller that serves it.
   *
   * @throws InvalidOptionsError when there is no such handler, or a parameter of its path is missing
   * @throws UnknownCacheError when this process does not declare the cache that the handler's `@Cacheable` names
   */
  async invalidateRoute(controller: Type, method: string, params?: RouteParams): Promise<void> {
    const handler = handlerOf(controller, method);
    const route = `${controller.name}.${method}`;
    if (params !== undefined) checkParams(params, [controller, handler]);
    const tag = params === undefined ? routeTag(route) : routeParamsTag(route, params);
    const cache = readCacheable(handler)?.cache;
    if (cache === undefined) await this.#everywhere([tag]);
    else await this.#caches.get(cache).invalidateTags([tag]);
  }

  /**
   * Invalidates everything that carries one of the tags, be it responses or other values: in one cache, or in all of them.
   *
   * @throws InvalidOptionsError when one is no tag, or the store of the named cache knows no tags
   * @throws UnknownCacheError when there is no such cache
   */
  async invalidateTags(tags: string | Iterable<string>, options: { cache?: string } = {}): Promise<void> {
    const list = tagsArgument(tags);
    const cache = optionalText(optionsObject(options, 'options', ['cache'])['cache'], 'options.cache');
    if (cache === undefined) await this.#everywhere(list);
    else await this.#caches.get(cache).invalidateTags(list);
  }

  async #everywhere(tags: readonly string[]): Promise<void> {
    const caches = this.#caches.names().map((name) => this.#caches.get(name));
    const outcomes = await Promise.allSettled(
      caches.filter(({ takesTags }) => takesTags).map((cache) => cache.invalidateTags(tags)),
    );
    // A cache that refuses must not spare the others.
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

function pathIn(pathOrUrl: unknown): string {
  if (typeof pathOrUrl === 'string') {
    if (pathOrUrl.startsWith('/')) return pathOrUrl;
    if (/^https?:\/\//i.test(pathOrUrl) && URL.canParse(pathOrUrl)) return new URL(pathOrUrl).pathname;
  }
  throw new InvalidOptionsError('pathOrUrl', 'must be a path that begins with "/", or a URL', pathOrUrl);
}

function handlerOf(controller: unknown, method: unknown): object {
  if (typeof controller !== 'function') {
    throw new InvalidOptionsError('controller', 'must be the class of a controller', controller);
  }
  const { prototype, name } = controller as { readonly prototype: object; readonly name: string };
  const handler: unknown = typeof method === 'string' ? Reflect.get(prototype, method) : undefined;
  if (typeof handler === 'function' && isRouteHandler(handler)) return handler;
  throw new InvalidOptionsError('method', `must name a route handler of ${name}`, method);
}

/** Parameters of which the path makes sure. Wildcards have other names on each platform, options may be absent. */
const REQUIRED = /:(\w+)(?![\w?(])/g;
const OPTIONAL = /\{[^{}]*\}/g;

/** A tag for only some of the parameters would be one that no response carries. */
function checkParams(params: unknown, [controller, handler]: readonly [object, object]): void {
  const given = requireObject(params, 'params');
  const missing = pathsOf(controller)
    .flatMap((start) => pathsOf(handler).map((end) => `${start}/${end}`))
    .map((path) => [...path.replaceAll(OPTIONAL, '').matchAll(REQUIRED)].map(([, name = '']) => name))
    .map((names) => names.find((name) => given[name] === undefined));
  if (missing.includes(undefined)) return;
  throw new InvalidOptionsError(`params.${missing[0]}`, 'is part of the path and must be given');
}

function pathsOf(target: object): string[] {
  return [(Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined) ?? ''].flat();
}
