import { Inject } from '@nestjs/common';

/** The injection token of a named cache. */
export function getCacheToken(name = 'default'): string {
  return `nestjs-redis-cache:cache:${name}`;
}

/** The injection token of the node-redis client of a connection. */
export function getRedisToken(connection = 'default'): string {
  return `nestjs-redis-cache:redis:${connection}`;
}

/**
 * The injection token of the middleware that gives requests their sessions. The module puts it in front of all middleware of
 * modules by itself; `app.use(app.get(SESSION_MIDDLEWARE))` puts it in front of what comes after that line.
 */
export const SESSION_MIDDLEWARE = 'nestjs-redis-cache:session-middleware';

/** Injects a named cache, a `NamedCache`. */
export function InjectCache(name = 'default'): ParameterDecorator & PropertyDecorator {
  return Inject(getCacheToken(name));
}

/**
 * Injects the node-redis client of a connection. It is shared: do not close it, and send no blocking command or
 * subscription over it (`CacheRegistry.duplicateConnection` gives a client for those).
 */
export function InjectRedis(connection = 'default'): ParameterDecorator & PropertyDecorator {
  return Inject(getRedisToken(connection));
}
