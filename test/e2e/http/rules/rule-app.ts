import type { Type } from '@nestjs/common';
import { afterEach } from 'vitest';
import type { CacheableOptions } from '../../../../src/decorator/cacheable.decorator.js';
import type { ResponseCacheOptions } from '../../../../src/di/response-options.js';
import { attackedRoutes, type Handler, type Visit } from '../attacks/attacked-app.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp, type ModuleAppOptions } from '../module-app.js';
import { platforms, type Platform } from '../response-app.js';

export type { Handler, Visited } from '../attacks/attacked-app.js';
export { platforms, type Platform };

/** A cached route: its handler, and what its decorators say. */
export type RuleRoute =
  | Handler
  | {
      readonly handle: Handler;
      readonly options?: CacheableOptions;
      readonly decorators?: readonly MethodDecorator[];
    };

/** An application whose routes are all cached. */
export interface RuleApp extends ModuleApp {
  /** Asks, and waits until what there is to store is stored. */
  readonly visit: Visit;
  /** Whether a second request is answered with what the first one was. The handler must not give the same twice. */
  readonly keeps: (...request: Parameters<Visit>) => Promise<boolean>;
  /** What is left of the lives of all stored responses, in milliseconds. */
  readonly lives: (cache?: string) => Promise<(number | null)[]>;
}

export interface RuleAppOptions extends Partial<Omit<ModuleAppOptions, 'platform'>> {
  /** What `@Cacheable` says on routes that do not say it themselves. */
  readonly cacheable?: CacheableOptions;
}

/** Starts an application with routes by their paths, or the one route `/page`. It ends with the test. */
export type StartRuleApp = (
  routes: RuleRoute | Readonly<Record<string, RuleRoute>>,
  options?: RuleAppOptions,
) => Promise<RuleApp>;

/** The responses' own headers decide. */
export const BY_HEADERS: ResponseCacheOptions = { respectHeaders: true };

/** Who decides: the route, or the response's own headers. */
export const MODES: readonly (readonly [string, ResponseCacheOptions])[] = [
  ['by the route', {}],
  ['by the headers', BY_HEADERS],
];

/** Starts applications of one platform. To be called where tests are described. */
export function appsOn(platform: Platform): StartRuleApp {
  const apps: ModuleApp[] = [];
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  return async (routes, { cacheable = {}, controllers = [], ...options } = {}) => {
    const app = await startModuleApp({
      platform,
      controllers: [controllerOf(routes, cacheable), ...controllers],
      ...options,
    });
    apps.push(app);
    return withVisits(app);
  };
}

/** Gives an application what tests ask it with. */
function withVisits(app: ModuleApp): RuleApp {
  const visit: Visit = async (path, headers = {}, more = {}) => {
    const reply = await send(app.url, path, { headers, ...more });
    await app.drain();
    return reply;
  };
  return {
    ...app,
    visit,
    keeps: async (...request) => (await visit(...request)).text === (await visit(...request)).text,
    async lives(cache) {
      const part = app.cache(cache).namespace('http-responses');
      const lives: (number | null)[] = [];
      for await (const key of part.keys()) lives.push((await part.remainingTtl(key)) ?? null);
      return lives;
    },
  };
}

function controllerOf(routes: RuleRoute | Readonly<Record<string, RuleRoute>>, cacheable: object): Type {
  const all = isRoute(routes) ? { page: routes } : routes;
  return attackedRoutes(
    ...Object.entries(all).map(([path, route]) => {
      const { options = {}, ...rest } = typeof route === 'function' ? { handle: route } : route;
      return { path, options: { ...cacheable, ...options }, ...rest };
    }),
  );
}

function isRoute(routes: RuleRoute | Readonly<Record<string, RuleRoute>>): routes is RuleRoute {
  return typeof routes === 'function' || typeof routes.handle === 'function';
}
