import { Injectable, type Type } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { CacheablePaths, findCacheablePaths } from '../http/invalidation/cacheable-paths.js';
import { declaredRoutes } from '../http/route/declared-routes.js';
import {
  boundInterceptors,
  checkResponseCacheOrder,
  installResponseCache,
} from '../http/route/interceptor-order.js';
import { ResponseCacheInterceptor } from '../http/response-cache.interceptor.js';
import { ResponseStorage } from '../http/engine/response-storage.js';
import { RoutePolicies } from '../http/route/route-policies.js';
import { warnOfUntagged } from '../http/invalidation/unsafe-methods.js';

/** The response cache of one application, from its start to its end. */
@Injectable()
export class ResponseHost {
  readonly #interceptor: ResponseCacheInterceptor;
  readonly #policies: RoutePolicies;
  readonly #storage: ResponseStorage;
  readonly #config: ApplicationConfig;
  /** Whether the interceptor was put in front of the others. */
  #serving = false;

  constructor(
    interceptor: ResponseCacheInterceptor,
    policies: RoutePolicies,
    storage: ResponseStorage,
    config: ApplicationConfig,
  ) {
    this.#interceptor = interceptor;
    this.#policies = policies;
    this.#storage = storage;
    this.#config = config;
  }

  /**
   * Puts the response cache in front of all interceptors, if there are routes for it: Nest runs the requests of all routes another,
   * slower way where there is any interceptor. To be called before the routes are built.
   */
  install(modules: ModulesContainer): void {
    const routes = declaredRoutes(modules, this.#config);
    if (!routes.some(({ controller, handler }) => this.#cacheOf(controller, handler) !== undefined)) return;
    installResponseCache(this.#config, this.#interceptor);
    this.#serving = true;
  }

  /** Checks what routes say, and that the response cache still is in front. Throws as `RoutePolicies.start` does. */
  start(modules: ModulesContainer): void {
    const routes = declaredRoutes(modules, this.#config);
    this.#policies.start(routes);
    if (!this.#serving) return;
    checkResponseCacheOrder(this.#config, this.#interceptor);
    const paths = new CacheablePaths(
      findCacheablePaths(routes, (controller, handler) => this.#cacheOf(controller, handler)),
    );
    warnOfUntagged(paths, (name) => this.#storage.defaultsOf(name).takesTags);
    this.#interceptor.serve(paths);
  }

  /** The cache of a route's responses; `undefined` = they are not cached. */
  #cacheOf(controller: Type, handler: object): string | undefined {
    const bound = boundInterceptors(controller, handler).some(
      (one) => one === ResponseCacheInterceptor || one instanceof ResponseCacheInterceptor,
    );
    return this.#policies.wants(controller, handler, bound) ? this.#policies.cacheOf(handler) : undefined;
  }

  /** Waits until what is to be stored is stored. Does not reject. */
  drain(): Promise<void> {
    return this.#storage.drain();
  }
}
