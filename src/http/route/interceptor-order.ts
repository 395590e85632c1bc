import { Logger, type NestInterceptor, type Type } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import type { ApplicationConfig } from '@nestjs/core';

/**
 * Puts an interceptor in front of all global ones. To be called in a module's `configure()`: the routes are built right
 * after it. A second call does nothing.
 */
export function installResponseCache(config: ApplicationConfig, interceptor: NestInterceptor): void {
  const globals = config.getGlobalInterceptors();
  if (!globals.includes(interceptor)) globals.unshift(interceptor);
}

/**
 * Whether an interceptor still is the outermost one when the application starts. When it is not, it caches nothing, since
 * those around it would change what it replays; that is said in the log.
 */
export function checkResponseCacheOrder(config: ApplicationConfig, interceptor: NestInterceptor): boolean {
  const [first] = config.getGlobalInterceptors();
  if (first === interceptor) return true;
  const name = first?.constructor.name ?? 'none';
  new Logger('ResponseCacheInterceptor').error(
    `Responses are not cached: ${name} runs before the response cache. Register it with APP_INTERCEPTOR or useGlobalInterceptors().`,
  );
  return false;
}

/** The interceptor that stands around all others of a handler: an instance, or a class that Nest makes one of. */
export function outermostInterceptor(config: ApplicationConfig, controller: Type, handler: object): unknown {
  return [...config.getGlobalInterceptors(), ...boundInterceptors(controller, handler)][0];
}

/** The interceptors that `@UseInterceptors` put on a controller and on a handler, in the order in which they run. */
export function boundInterceptors(controller: Type, handler: object): unknown[] {
  return [controller, handler].flatMap(
    (target) => (Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []) as unknown[],
  );
}
