import { Controller, Get, Req, Res, type Type } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Cacheable, type CacheableOptions } from '../../../../src/decorator/cacheable.decorator.js';
import { send, type RawReply } from '../http-client.js';
import { startModuleApp, type AnyApplication, type ModuleApp, type ModuleAppOptions } from '../module-app.js';
import type { AnyRequest, AnyResponse } from '../routes.js';

/** What handlers use of a request that a platform and middleware have prepared. */
export interface Visited extends AnyRequest {
  readonly hostname: string;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly session?: Record<string, unknown>;
  readonly body?: unknown;
}

export type Handler = (request: Visited, response: AnyResponse) => unknown;

/** A route, and what `@Cacheable` says of it. */
export interface Attacked {
  readonly path: string;
  readonly handle: Handler;
  readonly options?: CacheableOptions;
  readonly decorators?: readonly MethodDecorator[];
}

/** A controller with cached GET routes, each at its path. */
export function attackedRoutes(...routes: readonly Attacked[]): Type {
  @Controller()
  class AttackedController {}
  const prototype: object = AttackedController.prototype;
  for (const [index, { path, handle, options = {}, decorators = [] }] of routes.entries()) {
    const name = `route${index}`;
    const method = (request: Visited, response: AnyResponse): unknown => handle(request, response);
    Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true });
    Req()(prototype, name, 0);
    Res({ passthrough: true })(prototype, name, 1);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    // As TypeScript applies them: the last one first.
    for (const decorator of [...decorators].toReversed()) decorator(prototype, name, descriptor);
    (Cacheable(options as object) as MethodDecorator)(prototype, name, descriptor);
    Object.defineProperty(prototype, name, descriptor);
    Get(path)(prototype, name, descriptor);
  }
  return AttackedController;
}

export type Visit = (
  path: string,
  headers?: Record<string, string>,
  more?: { method?: string; body?: string },
) => Promise<RawReply>;

/** An application under attack. `visit` waits until what a request stores is stored. */
export interface AttackedApp extends ModuleApp {
  readonly visit: Visit;
}

export async function startAttackedApp(options: ModuleAppOptions): Promise<AttackedApp> {
  const app = await startModuleApp(options);
  const visit: Visit = async (path, headers = {}, more = {}) => {
    const reply = await send(app.url, path, { headers, ...more });
    await app.drain();
    return reply;
  };
  return { ...app, visit };
}

/** Counts the runs of handlers. */
export class Runs {
  count = 0;

  next(): number {
    this.count += 1;
    return this.count;
  }
}

/** Takes cookies apart before every handler, as a cookie parser does. */
export function parseCookies(app: AnyApplication): void {
  const parsed = (header: string | undefined): Record<string, string> =>
    Object.fromEntries((header ?? '').split('; ').map((pair) => pair.split('=', 2) as [string, string]));
  const instance: unknown = app.getHttpAdapter().getInstance();
  if (isFastify(instance)) {
    instance.decorateRequest('cookies');
    instance.addHook('onRequest', async (request) => {
      Object.assign(request, { cookies: parsed(request.headers.cookie) });
    });
    return;
  }
  app.use((request: IncomingMessage, _response: ServerResponse, next: () => void) => {
    Object.assign(request, { cookies: parsed(request.headers.cookie) });
    next();
  });
}

function isFastify(instance: unknown): instance is FastifyInstance {
  return typeof Reflect.get(Object(instance), 'decorateRequest') === 'function';
}
