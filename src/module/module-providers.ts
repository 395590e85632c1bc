import { Cache, CACHE_MANAGER } from '@nestjs/cache-manager';
import { Logger, Scope, type FactoryProvider, type InjectionToken, type Provider } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { systemClock } from '../clock.js';
import { CacheBinding } from '../decorator/cache-binding.js';
import { declaredTypes } from '../decorator/host-discovery.js';
import { CacheRegistry } from '../di/cache-registry.js';
import { getCacheToken, getRedisToken, SESSION_MIDDLEWARE } from '../di/tokens.js';
import { InvalidOptionsError } from '../errors.js';
import { ResponseCacheInterceptor } from '../http/response-cache.interceptor.js';
import { ResponseCache } from '../http/invalidation/response-cache.service.js';
import { ResponseStorage } from '../http/engine/response-storage.js';
import { RoutePolicies, type RouteCaches } from '../http/route/route-policies.js';
import { SessionService } from '../session/session.service.js';
import { CacheHost } from './cache-host.js';
import type { ResolvedModuleOptions } from './module-options.js';
import { ResponseHost } from './response-host.js';
import { SessionHost } from './session-host.js';

/** The token of the module's resolved options. One module of an application has it. */
export const RESOLVED_OPTIONS = Symbol('nestjs-redis-cache:options');

/** The token of the application's `SessionHost`; `null` = it has no sessions. */
export const SESSION_HOST = Symbol('nestjs-redis-cache:sessions');

/** What the root module provides and exports, for the caches and connections that are injectable by name. */
export function rootProviders(caches: Iterable<string>, connections: Iterable<string>): Provider[] {
  return [
    CacheBinding,
    {
      provide: CacheHost,
      useFactory: (options: ResolvedModuleOptions, modules: ModulesContainer) => {
        requireOneRoot(modules);
        return CacheHost.open(options, new Logger('RedisCache'), declaredTypes(modules));
      },
      inject: [RESOLVED_OPTIONS, ModulesContainer],
    },
    fromHost(CacheRegistry, (host) => host.registry),
    fromHost(
      ResponseStorage,
      (host) =>
        new ResponseStorage({
          cacheOf: (name) => host.registry.get(name),
          defaultsOf: (name) => host.defaultsOf(name),
          clock: systemClock,
        }),
    ),
    {
      provide: RoutePolicies,
      useFactory: ({ http }: ResolvedModuleOptions, host: CacheHost) =>
        new RoutePolicies(http, routeCaches(host)),
      inject: [RESOLVED_OPTIONS, CacheHost],
    },
    ResponseCacheInterceptor,
    ResponseCache,
    ResponseHost,
    fromHost(CACHE_MANAGER, (host) => host.registry.get('default')),
    { provide: Cache, useExisting: CACHE_MANAGER },
    ...[...caches].map((name) => fromHost(getCacheToken(name), (host) => host.registry.get(name))),
    ...[...connections].map((name) => fromHost(getRedisToken(name), (host) => host.connection(name).client)),
  ];
}

/** Sessions, where it is not known yet whether there will be any, or where there are some. */
export function sessionProviders(): Provider[] {
  return [
    {
      provide: SESSION_HOST,
      useFactory: (
        { session: settings }: ResolvedModuleOptions,
        host: CacheHost,
        adapterHost: HttpAdapterHost,
        modules: ModuleRef,
      ) => {
        if (settings === undefined) return null;
        const connection = host.connection(settings.connection);
        return host.starting(() => new SessionHost({ settings, connection, adapterHost, modules }));
      },
      inject: [RESOLVED_OPTIONS, CacheHost, HttpAdapterHost, ModuleRef],
    },
    {
      provide: SESSION_MIDDLEWARE,
      useFactory: (sessions: SessionHost | null) => sessions?.middleware ?? refuseRequest,
      inject: [SESSION_HOST],
    },
    {
      provide: SessionService,
      useFactory: (sessions: SessionHost | null) => sessions?.service ?? refusingService(),
      inject: [SESSION_HOST],
    },
  ];
}

/** For an application without sessions: what asks for them all the same fails when it is made. */
export function noSessionProviders(): Provider[] {
  const refused = [SESSION_MIDDLEWARE, SessionService].map((provide) => ({
    provide,
    useFactory: (host: CacheHost) =>
      host.starting(() => {
        throw noSessions();
      }),
    inject: [CacheHost],
    scope: Scope.TRANSIENT,
  }));
  return [{ provide: SESSION_HOST, useValue: null }, ...refused];
}

function refuseRequest(_request: unknown, _response: unknown, next: (error: Error) => void): void {
  next(noSessions());
}

/** Every method that needs sessions says that there are none. */
function refusingService(): SessionService {
  const refused: never = new Proxy({}, { get: () => fail(noSessions()) }) as never;
  return new SessionService({
    storage: refused,
    requests: refused,
    // With it, what concerns users gets as far as the storage, and is told the same.
    settings: { userId: () => undefined },
    clock: systemClock,
    listen: () => unheard,
  });
}

function unheard(): void {}

function fail(error: Error): never {
  throw error;
}

function noSessions(): InvalidOptionsError {
  return new InvalidOptionsError('options.session', 'is not given, so there are no sessions');
}

/**
 * The client of the default connection where it is not known yet whether there will be one: made when it is injected, so
 * that an application without one starts, and one that injects it all the same fails at start.
 */
export function unlistedDefaultClient(): FactoryProvider {
  return {
    ...fromHost(getRedisToken(), (host) => host.connection('default').client),
    scope: Scope.TRANSIENT,
  };
}

/** What a feature module provides and exports: caches that are declared when it is loaded. */
export function featureProviders(caches: Readonly<Record<string, unknown>>): Provider[] {
  return Object.entries(caches).map(([name, raw]) =>
    fromHost(getCacheToken(name), (host) => host.declare(name, raw)),
  );
}

/** The tokens of providers, to export them. */
export function tokensOf(providers: readonly Provider[]): InjectionToken[] {
  return providers.map((one) => (typeof one === 'function' ? one : one.provide));
}

function routeCaches(host: CacheHost): RouteCaches {
  return {
    has: (name) => host.registry.has(name),
    names: () => host.registry.names(),
    staleOf: (name) => host.defaultsOf(name).stale,
    takesTags: (name) => host.registry.get(name).takesTags,
  };
}

function requireOneRoot(modules: ModulesContainer): void {
  const roots = [...modules.values()].filter((one) => one.providers.has(RESOLVED_OPTIONS));
  if (roots.length === 1) return;
  throw new InvalidOptionsError(
    'RedisCacheModule',
    'forRoot() stands in the application twice; use forFeature() for more caches',
  );
}

function fromHost(provide: InjectionToken, make: (host: CacheHost) => unknown): FactoryProvider {
  return { provide, useFactory: (host: CacheHost) => host.starting(make), inject: [CacheHost] };
}
