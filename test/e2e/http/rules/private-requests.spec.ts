import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import session from 'express-session';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../http-client.js';
import { Cached, platforms, startApp, type Platform, type ResponseApp } from '../response-app.js';
import { cachedRoutes, counter, type AnyRequest, type Route } from '../routes.js';

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Knows the user by a header that no cache would guess. */
@Injectable()
class NameGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    const request = context.switchToHttp().getRequest<AnyRequest>();
    const name = request.headers['x-name'];
    if (name !== undefined) request.user = { name };
    return true;
  }
}

describe('rule 3: private requests, where the route decides', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(() => app?.close());

    async function start(routes: Record<string, Route>, middleware?: Middleware): Promise<ResponseApp> {
      app = await startApp({
        platform,
        controllers: [cachedRoutes('', routes)],
        providers: [{ provide: APP_GUARD, useClass: NameGuard }],
        prepare: (nest) => (middleware === undefined ? undefined : nest.use(middleware)),
      });
      return app;
    }

    it.each([
      ['Authorization', { Authorization: 'Bearer one' }],
      ['an empty Authorization', { Authorization: '' }],
      ['a user', { 'X-Name': 'one' }],
    ])('with %s are neither answered from the cache nor fill it', async (_name, headers) => {
      const { url, storage } = await start({ page: counter() });
      expect((await send(url, '/page', { headers })).text).toBe('{"run":1}');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":2}');
      await storage.drain();
      expect((await send(url, '/page', { headers })).text).toBe('{"run":3}');
      expect((await send(url, '/page')).text).toBe('{"run":2}');
    });

    it('with a cookie that tells nobody who is asking are answered from the cache, unless their handler reads it', async () => {
      const { url, storage } = await start({
        page: counter(),
        themed: ({ headers }) => ({ cookie: headers.cookie ?? null }),
      });
      const headers = { Cookie: 'theme=dark' };
      expect((await send(url, '/page', { headers })).text).toBe('{"run":1}');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":1}');
      expect((await send(url, '/themed', { headers })).text).toBe('{"cookie":"theme=dark"}');
      await storage.drain();
      expect((await send(url, '/themed')).text).toBe('{"cookie":null}');
    });

    it("one user never gets another user's response", async () => {
      const { url, storage } = await start({
        me: ({ user, headers }) => [user ?? null, headers.authorization ?? null],
      });
      for (const headers of [{ 'X-Name': 'ann' }, { 'X-Name': 'bob' }, { Authorization: 'ann' }, {}]) {
        const { text } = await send(url, '/me', { headers });
        await storage.drain();
        const { 'X-Name': name, Authorization: authorization } = headers as Record<string, string>;
        expect(JSON.parse(text)).toEqual([name === undefined ? null : { name }, authorization ?? null]);
      }
    });

    it('a user that the handler puts on the request keeps the response from being stored', async () => {
      const run = counter();
      const { url, storage } = await start({
        late: (request) => {
          request.user = { name: 'late' };
          return run();
        },
      });
      await send(url, '/late');
      await storage.drain();
      expect((await send(url, '/late')).text).toBe('{"run":2}');
    });

    it('a cookie that middleware sets on the response keeps it from being stored', async () => {
      const { url, storage } = await start({ page: counter() }, (_request, response, next) => {
        response.setHeader('Set-Cookie', 'visitor=1');
        next();
      });
      await send(url, '/page');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":2}');
    });

    it('a cookie that is only set while the head is written keeps it from being stored', async () => {
      const { url, storage } = await start({ page: counter() }, (_request, response, next) => {
        const { writeHead } = response;
        Object.assign(response, {
          writeHead(this: ServerResponse, ...args: Parameters<typeof writeHead>) {
            this.setHeader('Set-Cookie', 'late=1');
            return Reflect.apply(writeHead, this, args);
          },
        });
        next();
      });
      const first = await send(url, '/page');
      expect(first.headers['set-cookie']).toEqual(['late=1']);
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":2}');
    });

    it('a Vary: * of middleware keeps it from being stored', async () => {
      const { url, storage } = await start({ page: counter() }, (_request, response, next) => {
        response.setHeader('Vary', '*');
        next();
      });
      await send(url, '/page');
      await storage.drain();
      expect((await send(url, '/page')).text).toBe('{"run":2}');
    });

    it('a Vary of middleware keeps responses apart, but for what it chooses again on every hit', async () => {
      const { url, storage } = await start({ page: counter() }, (_request, response, next) => {
        response.setHeader('Vary', 'X-Tenant, Origin');
        next();
      });
      const ask = async (headers: Record<string, string>): Promise<string> => {
        const { text } = await send(url, '/page', { headers });
        await storage.drain();
        return text;
      };
      const texts: string[] = [];
      for (const tenant of ['a', 'b', 'a']) texts.push(await ask({ 'X-Tenant': tenant }));
      texts.push(await ask({ 'X-Tenant': 'b', Origin: 'https://one.example' }), await ask({}), await ask({}));
      expect(texts).toEqual([1, 2, 1, 2, 3, 3].map((run) => `{"run":${run}}`));
    });

    it('a response that middleware calls private is neither stored nor replaced by a stored one', async () => {
      const { url, storage } = await start({ page: counter() }, (request, response, next) => {
        if (request.headers['x-api-key'] !== undefined)
          response.setHeader('Cache-Control', 'private, max-age=9');
        next();
      });
      await send(url, '/page');
      await storage.drain();
      expect((await send(url, '/page', { headers: { 'X-Api-Key': 'k' } })).text).toBe('{"run":2}');
      expect((await send(url, '/page')).text).toBe('{"run":1}');
    });
  });
});

describe('rule 3: a session of express-session', () => {
  it('keeps the response that begins it from being stored', async () => {
    const run = counter();
    const routes = cachedRoutes('', {
      visits: (request) => {
        const { session: own } = request as AnyRequest & { session: { visits?: number } };
        own.visits = (own.visits ?? 0) + 1;
        return run();
      },
    });
    const app = await startApp({
      platform: 'express' satisfies Platform,
      controllers: [routes],
      prepare: (nest) => nest.use(session({ secret: 's', resave: false, saveUninitialized: false })),
    });
    try {
      const first = await send(app.url, '/visits');
      expect(first.headers['set-cookie']).toHaveLength(1);
      await app.storage.drain();
      expect((await send(app.url, '/visits')).text).toBe('{"run":2}');
    } finally {
      await app.close();
    }
  });
});

describe('rule 3: a condition of the application', () => {
  describe.each(platforms)('%s', (platform) => {
    it('say when() to step aside for one request', async () => {
      const cached = Cached({
        response: {
          when: (context) => context.switchToHttp().getRequest<AnyRequest>().query['preview'] === undefined,
        },
      });
      const app = await startApp({ platform, controllers: [cachedRoutes('', { page: counter() }, cached)] });
      try {
        await send(app.url, '/page?preview=1');
        await app.storage.drain();
        expect((await send(app.url, '/page?preview=1')).text).toBe('{"run":2}');
        await send(app.url, '/page');
        await app.storage.drain();
        expect((await send(app.url, '/page')).text).toBe('{"run":3}');
      } finally {
        await app.close();
      }
    });
  });
});
