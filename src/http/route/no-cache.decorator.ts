import { SetMetadata, type CustomDecorator } from '@nestjs/common';

const NO_CACHE = Symbol('nestjs-redis-cache:no-cache');

/**
 * Keeps the responses of a route, or of all routes of a controller, out of the response cache where it would take them
 * unasked: with `http: { routes: 'all' }`, or where the interceptor stands on the controller. On a controller it leaves the
 * routes with `@Cacheable` alone. It says nothing to browsers and other caches.
 */
export const NoCache = (): CustomDecorator<symbol> => SetMetadata(NO_CACHE, true);

/** Whether `@NoCache()` stands on a handler or a controller itself. */
export function hasNoCache(target: object): boolean {
  return Reflect.getMetadata(NO_CACHE, target) === true;
}
