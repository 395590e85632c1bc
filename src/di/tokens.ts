import { Inject } from '@nestjs/common';

/** The injection token of a named cache. */
export function getCacheToken(name = 'default'): string {
  return `nestjs-redis-cache:cache:${name}`;
}

/** The injection token of the node-redis client of a connection. */
export function getRedisToken(connection = 'default'): string {
  return `nestjs-redis-cache:redis:${connection}`;
}

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
