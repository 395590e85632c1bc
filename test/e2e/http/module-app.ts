import type { DynamicModule, LoggerService, Provider, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import type { CacheOptions } from '../../../src/cache/cache-options.js';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import type { ConnectionOptions } from '../../../src/connection/connection-options.js';
import { CacheRegistry } from '../../../src/di/cache-registry.js';
import type { ResponseCacheOptions } from '../../../src/di/response-options.js';
import { ResponseStorage } from '../../../src/http/engine/response-storage.js';
import type { RedisCacheModuleOptions } from '../../../src/module/module-options.js';
import { RedisCacheModule } from '../../../src/module/redis-cache.module.js';
import type { Platform } from './response-app.js';

export type AnyApplication = NestExpressApplication & NestFastifyApplication;

/** An application that imports the module as users do, on a port of its own. */
export interface ModuleApp {
  readonly url: string;
  readonly app: AnyApplication;
  /** A named cache. Default: `default`. */
  cache(name?: string): NamedCache;
  /** Waits until all that was to be stored is stored. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface ModuleAppOptions {
  readonly platform: Platform;
  readonly controllers: Type[];
  /** The options of the response cache. */
  readonly http?: ResponseCacheOptions;
  /** Where caches live. Absent: in this process's memory. */
  readonly redis?: ConnectionOptions;
  /** In front of every key. Applications on one Redis that say the same share their caches. */
  readonly keyPrefix?: string;
  readonly caches?: Record<string, CacheOptions>;
  readonly providers?: Provider[];
  readonly imports?: (Type | DynamicModule)[];
  /** The platform's adapter, where it is to be made with options. */
  readonly adapter?: ExpressAdapter | FastifyAdapter;
  /** Gets what the application logs. Default: nothing is logged. */
  readonly logger?: LoggerService;
  /** Runs before the application starts. */
  readonly prepare?: (app: AnyApplication) => unknown;
}

/** Starts an application with `RedisCacheModule.forRoot()`. */
export async function startModuleApp(options: ModuleAppOptions): Promise<ModuleApp> {
  const root: DynamicModule = {
    module: class Root {},
    imports: [RedisCacheModule.forRoot(moduleOptions(options)), ...(options.imports ?? [])],
    controllers: options.controllers,
    providers: options.providers ?? [],
  };
  const plain = () => (options.platform === 'express' ? new ExpressAdapter() : new FastifyAdapter());
  const app = await NestFactory.create<AnyApplication>(root, options.adapter ?? plain(), {
    logger: options.logger ?? false,
    forceCloseConnections: true,
    abortOnError: false,
  });
  try {
    await options.prepare?.(app);
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const registry = app.get(CacheRegistry);
  const storage = app.get(ResponseStorage);
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    cache: (name = 'default') => registry.get(name),
    drain: () => storage.drain(),
    close: () => app.close(),
  };
}

function moduleOptions({ redis, keyPrefix, caches, http }: ModuleAppOptions): RedisCacheModuleOptions {
  return {
    // A busy machine is no outage.
    ...(redis !== undefined && {
      connection: typeof redis === 'string' ? { url: redis, deadline: 5_000, connect: 'required' } : redis,
    }),
    ...(keyPrefix !== undefined && { keyPrefix }),
    ...(caches !== undefined && { caches }),
    ...(http !== undefined && { http }),
  };
}
