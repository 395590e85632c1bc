import { Controller, Get, Req, Res, type Type } from '@nestjs/common';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Cached } from './response-app.js';

/** What handlers use of a request, on Express and on Fastify. */
export interface AnyRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: Record<string, unknown>;
  readonly params: Record<string, unknown>;
  readonly raw?: unknown;
  user?: unknown;
}

/** What handlers use of a response, on Express and on Fastify. */
export interface AnyResponse {
  header(name: string, value: string | string[]): unknown;
  status(code: number): unknown;
  removeHeader(name: string): unknown;
  readonly raw?: ServerResponse;
  /** Fastify's. */
  trailer?(name: string, make: Trailer): unknown;
}

type Trailer = (reply: unknown, payload: unknown, done: (error: null, value: string) => void) => void;

export type Handle = (request: AnyRequest, response: AnyResponse) => unknown;

/** A route: its handler, and decorators besides `@Get` and the one that has it cached. */
export type Route =
  Handle | { readonly path?: string; readonly decorators?: MethodDecorator[]; readonly handle: Handle };

/** A controller with cached GET routes. Each is at its name, unless it has a path. */
export function cachedRoutes(prefix: string, routes: Record<string, Route>, cached = Cached()): Type {
  @Controller(prefix)
  class Routes {}
  const prototype = Routes.prototype;
  for (const [name, route] of Object.entries(routes)) {
    const { path = name, decorators = [], handle } = typeof route === 'function' ? { handle: route } : route;
    const method = (request: AnyRequest, response: AnyResponse) => handle(request, response);
    Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true });
    Req()(prototype, name, 0);
    Res({ passthrough: true })(prototype, name, 1);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    for (const decorator of [Get(path), cached, ...decorators]) decorator(prototype, name, descriptor);
  }
  return Routes;
}

/** Counts the runs of handlers: `{ run: 1 }`, `{ run: 2 }` and so on. */
export function counter(): () => { run: number } {
  let run = 0;
  return () => ({ run: (run += 1) });
}
