import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import type { RedisStore } from 'connect-redis';
import express from 'express';
import expressSession from 'express-session';
import fastify from 'fastify';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RedisSessionStore } from '../../../../src/session/redis-session-store.js';

/** A session as handlers of either platform have it. */
export interface HandledSession {
  [field: string]: unknown;
  cookie: { maxAge?: number | null; originalMaxAge: number | null; expires?: Date | null };
  save(callback: (error?: unknown) => void): unknown;
  reload(callback: (error?: unknown) => void): unknown;
  regenerate(callback: (error?: unknown) => void): unknown;
  destroy(callback: (error?: unknown) => void): unknown;
}

/** What a handler has to do with: its request's session, as it is at that moment, and the id. */
export interface Handled {
  readonly session: HandledSession;
  readonly id: string;
}

/** Gives the body of a response, or where to redirect to. */
export type Handler = (request: Handled) => unknown;

export interface SessionAppOptions {
  readonly store: RedisSessionStore | RedisStore;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly rolling?: boolean;
  readonly resave?: boolean;
  readonly maxAge?: number;
}

/** A server of one platform with its own middleware for sessions over a store. */
export interface SessionApp {
  readonly url: string;
  close(): Promise<void>;
}

export const SECRET = 'a secret of a test that is long enough';
export const PLATFORMS = { 'express-session': startExpress, '@fastify/session': startFastify };

/** Calls a method that takes a callback. */
export function called(call: (callback: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('It failed with something that is no error.'));
    });
  });
}

export async function startExpress(options: SessionAppOptions): Promise<SessionApp> {
  const { store, handlers, rolling = false, resave = false, maxAge } = options;
  const app = express();
  const cookie = maxAge === undefined ? {} : { maxAge };
  app.use(expressSession({ store, secret: SECRET, rolling, resave, saveUninitialized: false, cookie }));
  for (const [path, handler] of Object.entries(handlers)) {
    app.get(path, (request, response, next) => {
      const handled = {
        get session() {
          return request.session as unknown as HandledSession;
        },
        get id() {
          return request.sessionID;
        },
      };
      const answer = (result: unknown): void => {
        if (typeof result === 'string' && result.startsWith('/')) response.redirect(result);
        else response.json(result ?? null);
      };
      Promise.resolve(handled).then(handler).then(answer, next);
    });
  }
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

async function startFastify(options: SessionAppOptions): Promise<SessionApp> {
  const { store, handlers, rolling = false, maxAge } = options;
  const app = fastify({ forceCloseConnections: true });
  await app.register(fastifyCookie);
  const cookie = { secure: false, ...(maxAge !== undefined && { maxAge }) };
  // connect-redis's types are those of express-session alone.
  const shared = { store: store as RedisSessionStore, secret: SECRET, rolling, saveUninitialized: false };
  await app.register(fastifySession, { ...shared, cookie });
  for (const [path, handler] of Object.entries(handlers)) {
    app.get(path, async (request, reply) => {
      const handled = {
        get session() {
          return request.session as unknown as HandledSession;
        },
        get id() {
          return request.session.sessionId;
        },
      };
      const result = await handler(handled);
      if (typeof result === 'string' && result.startsWith('/')) return reply.redirect(result);
      return reply.type('application/json').send(JSON.stringify(result ?? null));
    });
  }
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}
