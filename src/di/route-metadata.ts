import { AsyncLocalStorage } from 'node:async_hooks';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { Duration } from '../duration.js';
import type { ResponseOptions } from './response-options.js';

/** What `@Cacheable` says about a route, read once when the class is defined. */
export interface ResolvedCacheableRoute {
  readonly cache: string;
  /** A fixed key for every request of the route; left out: made of route, parameters and query. */
  readonly key: string | undefined;
  /** `undefined` = the cache's own ttl, `null` = never expires. */
  readonly ttl: Duration | null | undefined;
  /** As it was given: its values are checked when the application starts. */
  readonly response: ResponseOptions;
  /**
   * The tags of every response, perhaps with places for parameters (`product:{id}`); absent = its responses carry none, `[]` =
   * only the handler's verdict names some.
   */
  readonly tags?: readonly string[];
  /** True when the handler's result is judged after it ran: run it inside `watchHandler`. */
  readonly judged: boolean;
}

const CACHEABLE = Symbol('nestjs-redis-cache:cacheable');
const calls = new AsyncLocalStorage<HandlerVerdict>();

/** What a handler's decorator says of the result after the handler ran. */
export interface HandlerVerdict {
  /** True once `unless` said that this result must not be stored. */
  vetoed: boolean;
  /** All tags of the response; absent until they are known. */
  tags?: readonly string[];
}

/** Notes on a function what `@Cacheable` said about it. */
export function setCacheableMetadata(handler: object, route: ResolvedCacheableRoute): void {
  Reflect.defineMetadata(CACHEABLE, route, handler);
}

/** What `@Cacheable` said about a handler; `undefined` when it does not stand there. */
export function readCacheable(handler: object): ResolvedCacheableRoute | undefined {
  return Reflect.getMetadata(CACHEABLE, handler) as ResolvedCacheableRoute | undefined;
}

/** Whether Nest serves HTTP requests with this function. Right only once all decorators of the method have run. */
export function isRouteHandler(handler: object): boolean {
  return Reflect.hasMetadata(PATH_METADATA, handler) && Reflect.hasMetadata(METHOD_METADATA, handler);
}

/** Calls `run`, which runs the handler now or later, so that its decorator finds `verdict`. */
export function watchHandler<T>(verdict: HandlerVerdict, run: () => T): T {
  return calls.run(verdict, run);
}

/** Where the handler's decorator speaks its verdict; `undefined` when nobody watches. */
export function handlerVerdict(): HandlerVerdict | undefined {
  return calls.getStore();
}
