import { Module, type DynamicModule, type INestApplication, type Provider, type Type } from '@nestjs/common';
import { ApplicationConfig, NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { systemClock, type Clock } from '../../../src/clock.js';
import { setCacheableMetadata, type ResolvedCacheableRoute } from '../../../src/di/route-metadata.js';
import { UnknownCacheError } from '../../../src/errors.js';
import { checkResponseCacheOrder, installResponseCache } from '../../../src/http/route/interceptor-order.js';
import { ResponseCacheInterceptor } from '../../../src/http/response-cache.interceptor.js';
import { resolveResponseCache } from '../../../src/http/policy/resolve-response-cache.js';
import { ResponseStorage } from '../../../src/http/engine/response-storage.js';
import { RoutePolicies } from '../../../src/http/route/route-policies.js';
import { testCache } from './memory-cache.js';
import { NEVER_STALE } from '../../../src/cache/stale-options.js';

export const platforms = ['express', 'fastify'] as const;
export type Platform = (typeof platforms)[number];

/** An application with the response cache, on a port of its own. */
export interface ResponseApp {
  readonly url: string;
  readonly app: INestApplication;
  readonly cache: NamedCache;
  readonly storage: ResponseStorage;
  /** True when the response cache is the outermost interceptor. */
  readonly ordered: boolean;
  close(): Promise<void>;
}

export interface ResponseAppOptions {
  readonly platform: Platform;
  readonly controllers: Type[];
  readonly providers?: Provider[];
  readonly imports?: (Type | DynamicModule)[];
  /** Caches beside or in the place of the default one, which is in memory. */
  readonly caches?: Record<string, NamedCache>;
  readonly clock?: Clock;
  /** Runs before the application starts. */
  readonly prepare?: (app: NestExpressApplication & NestFastifyApplication) => unknown;
  /** False: the interceptor is provided and not put in front of the others. */
  readonly install?: boolean;
}

/** The policies of an application that says nothing of responses. */
function plainPolicies(): RoutePolicies {
  return new RoutePolicies(resolveResponseCache(undefined, 'http'), {
    has: () => true,
    names: () => ['default'],
    staleOf: () => NEVER_STALE,
    takesTags: () => true,
  });
}

/** What a route says about its cache. */
export function Cached(route: Partial<ResolvedCacheableRoute> = {}): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    const plain = { cache: 'default', key: undefined, ttl: undefined, response: {}, judged: false };
    setCacheableMetadata(descriptor.value as object, { ...plain, ...route });
  };
}

export async function startApp(options: ResponseAppOptions): Promise<ResponseApp> {
  const caches = { default: testCache('default', 300_000), ...options.caches };
  const storage = new ResponseStorage({
    cacheOf: (name) => cacheNamed(caches, name),
    defaultsOf: (name) => (cacheNamed(caches, name), { ttl: 300_000, stale: NEVER_STALE, takesTags: true }),
    clock: options.clock ?? systemClock,
  });
  let ordered = false;

  @Module({
    providers: [
      { provide: ResponseStorage, useValue: storage },
      { provide: RoutePolicies, useValue: plainPolicies() },
      ResponseCacheInterceptor,
    ],
    exports: [ResponseStorage, RoutePolicies, ResponseCacheInterceptor],
  })
  class CacheModule {
    constructor(
      readonly config: ApplicationConfig,
      readonly interceptor: ResponseCacheInterceptor,
    ) {}

    configure() {
      if (options.install !== false) installResponseCache(this.config, this.interceptor);
    }

    onApplicationBootstrap() {
      if (options.install !== false) ordered = checkResponseCacheOrder(this.config, this.interceptor);
    }
  }

  const root: DynamicModule = {
    module: class Root {},
    imports: [{ module: CacheModule, global: true }, ...(options.imports ?? [])],
    controllers: options.controllers,
    providers: options.providers ?? [],
  };
  // On Nest 11 Fastify is told so by its adapter alone.
  const forceCloseConnections = true;
  const adapter =
    options.platform === 'express' ? new ExpressAdapter() : new FastifyAdapter({ forceCloseConnections });
  const app = await NestFactory.create<NestExpressApplication & NestFastifyApplication>(root, adapter, {
    logger: false,
    forceCloseConnections,
  });
  await options.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    cache: caches.default,
    storage,
    ordered,
    async close() {
      await app.close();
      await storage.drain();
    },
  };
}

function cacheNamed(caches: Record<string, NamedCache>, name: string): NamedCache {
  const cache = caches[name];
  if (cache === undefined) throw new UnknownCacheError(name, Object.keys(caches));
  return cache;
}
