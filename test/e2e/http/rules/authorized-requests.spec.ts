import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { ResponseOptions } from '../../../../src/di/response-options.js';
import { parseCookies } from '../attacks/attacked-app.js';
import { counter, type AnyRequest } from '../routes.js';
import { appsOn, BY_HEADERS, platforms, type Handler, type RuleAppOptions } from './rule-app.js';

/** Knows the user by a header. */
@Injectable()
class NameGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    const request = context.switchToHttp().getRequest<AnyRequest>();
    const name = request.headers['x-name'];
    if (name !== undefined) request.user = { name };
    return true;
  }
}

const providers = [{ provide: APP_GUARD, useClass: NameGuard }];

/** A handler whose response says so. */
function saying(cacheControl: string): Handler {
  const run = counter();
  return (_request, response) => {
    response.header('Cache-Control', cacheControl);
    return run();
  };
}

/** Who is somebody. */
const AUTHORIZED: Record<string, string>[] = [{ Authorization: 'Bearer a' }, { 'X-Name': 'ann' }];

describe('rule 3: private requests, where the headers decide', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    const options = { http: BY_HEADERS, providers };

    it.each(['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60'])(
      'what says %s is stored of those with credentials, and given to all',
      async (cacheControl) => {
        for (const headers of AUTHORIZED) {
          const { visit } = await start(saying(cacheControl), options);
          expect((await visit('/page', headers)).text).toBe('{"run":1}');
          expect([headers, (await visit('/page')).text]).toEqual([headers, '{"run":1}']);
          expect((await visit('/page', headers)).text).toBe('{"run":1}');
        }
      },
    );

    it('a handler that changes the headers of its request changes nothing of whom its response is for', async () => {
      const changing: () => Handler = () => {
        const run = counter();
        return (request, response) => {
          const { headers } = request as { headers: Record<string, unknown> };
          delete headers['authorization'];
          headers['x-tenant'] = 'other';
          response.header('Cache-Control', 'max-age=60');
          response.header('Vary', 'X-Tenant');
          return run();
        };
      };
      const authorized = await start(changing(), options);
      expect((await authorized.visit('/page', { Authorization: 'Bearer a' })).text).toBe('{"run":1}');
      expect((await authorized.visit('/page', { 'X-Tenant': 'other' })).text).toBe('{"run":2}');
      const varied = await start(changing(), options);
      for (const [tenant, run] of [
        ['own', 1],
        ['other', 2],
        ['own', 1],
      ] as const) {
        expect((await varied.visit('/page', { 'X-Tenant': tenant })).text).toBe(`{"run":${run}}`);
      }
    });

    it('what says nothing of that is not stored of them, and what was made for visitors is not given to them', async () => {
      for (const headers of AUTHORIZED) {
        const { visit } = await start(saying('max-age=60'), options);
        expect((await visit('/page')).text).toBe('{"run":1}');
        expect((await visit('/page', headers)).text).toBe('{"run":2}');
        expect((await visit('/page')).text).toBe('{"run":1}');
        const cold = await start(saying('max-age=60'), options);
        expect((await cold.visit('/page', headers)).text).toBe('{"run":1}');
        expect((await cold.visit('/page')).text).toBe('{"run":2}');
      }
    });

    it('cookies alone never pass by, but what is read of them is not stored', async () => {
      const { visit } = await start(
        {
          page: saying('max-age=60'),
          own: ({ headers }, response) => (
            response.header('Cache-Control', 'max-age=60'),
            headers.cookie ?? 'none'
          ),
        },
        { http: { ...BY_HEADERS, sessionCookies: ['sid'] } },
      );
      expect((await visit('/page', { Cookie: 'sid=ann' })).text).toBe('{"run":1}');
      expect((await visit('/page', { Cookie: 'sid=bob' })).text).toBe('{"run":1}');
      expect((await visit('/own', { Cookie: 'sid=ann' })).text).toBe('sid=ann');
      expect((await visit('/own')).text).toBe('none');
    });

    it('a user that the handler puts on the request keeps its response out', async () => {
      const run = counter();
      const { keeps } = await start((request, response) => {
        request.user = { name: 'late' };
        response.header('Cache-Control', 'max-age=60');
        return run();
      }, options);
      expect(await keeps('/page')).toBe(false);
    });
  });
});

describe('rule 3: routes that say who their responses are for', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    const userOf = (context: ExecutionContext) =>
      context.switchToHttp().getRequest<{ user?: { name: string } }>().user?.name;

    it('public: for everybody, with and without credentials', async () => {
      const cacheable = { response: { public: true } };
      const { visit } = await start(counter(), { providers, cacheable, http: { sessionCookies: ['sid'] } });
      for (const headers of [...AUTHORIZED, { Cookie: 'sid=1' }, {}] as Record<string, string>[]) {
        expect((await visit('/page', headers)).text).toBe('{"run":1}');
      }
    });

    it('varyByUser: kept apart by what it says after the guards, and nobody’s is not cached', async () => {
      const cacheable = { response: { varyByUser: userOf } };
      const { visit } = await start(({ user }) => ({ ...run(), user: user ?? null }), {
        providers,
        cacheable,
      });
      const run = counter();
      const texts: string[] = [];
      for (const name of ['ann', 'bob', 'ann', 'bob'])
        texts.push((await visit('/page', { 'X-Name': name })).text);
      expect(texts[2]).toBe(texts[0]);
      expect(texts[3]).toBe(texts[1]);
      expect(texts[0]).toContain('ann');
      expect(texts[1]).toContain('bob');
      expect((await visit('/page')).text).toBe('{"run":3,"user":null}');
      expect((await visit('/page')).text).toBe('{"run":4,"user":null}');
    });

    it.each<[string | undefined, string]>([
      [undefined, 'private'],
      ['public, max-age=60, s-maxage=9', 'private, max-age=60'],
    ])('varyByUser: other caches are told private, where the handler says %s', async (said, told) => {
      const { visit } = await start(said === undefined ? counter() : saying(said), {
        providers,
        cacheable: { response: { varyByUser: userOf } },
      });
      for (const stage of ['miss', 'hit']) {
        const { headers } = await visit('/page', { 'X-Name': 'ann' });
        const control = String(headers['cache-control']).replace(/max-age=5\d/, 'max-age=60');
        expect([stage, control]).toEqual([stage, told]);
      }
    });
  });
});

describe('rule 3: sessions, where the route decides', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    /** Loads a session for who names one, as middleware for sessions does. */
    const loading: RuleAppOptions['prepare'] = (nest) => {
      const load = (request: { headers: IncomingHttpHeaders }) => {
        const held = request.headers['x-session'];
        if (held !== undefined)
          Object.assign(request, { session: { cookie: {}, ...(held !== '' && { held }) } });
      };
      if (platform === 'express') {
        nest.use((request: IncomingMessage, _response: unknown, next: () => void) => (load(request), next()));
        return;
      }
      const fastify = nest.getHttpAdapter().getInstance() as unknown as FastifyInstance;
      fastify.addHook('onRequest', async (request) => load(request));
    };

    it('one that holds something neither reads nor fills; an empty one does', async () => {
      const { visit } = await start(counter(), { prepare: loading });
      expect((await visit('/page', { 'X-Session': 'ann' })).text).toBe('{"run":1}');
      expect((await visit('/page', { 'X-Session': '' })).text).toBe('{"run":2}');
      expect((await visit('/page')).text).toBe('{"run":2}');
      expect((await visit('/page', { 'X-Session': 'ann' })).text).toBe('{"run":3}');
    });

    it('a cookie of one that the policy names neither reads nor fills; others do', async () => {
      const { visit } = await start(counter(), { http: { sessionCookies: ['sid'] } });
      expect((await visit('/page', { Cookie: 'theme=dark; sid=1' })).text).toBe('{"run":1}');
      expect((await visit('/page', { Cookie: '_ga=1' })).text).toBe('{"run":2}');
      expect((await visit('/page', { Cookie: 'sidx=1' })).text).toBe('{"run":2}');
      expect((await visit('/page', { Cookie: 'sid=1' })).text).toBe('{"run":3}');
    });
  });
});

describe('rule 3: what a handler reads of who is asking', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    const readers: Record<string, Handler> = {
      cookies: ({ cookies }) => cookies?.['theme'],
      header: ({ headers }) => headers.cookie,
      user: ({ user }) => user,
      authorization: ({ headers }) => headers.authorization,
      session: (request) => request.session,
    };
    /** On routes for everybody: what is not there for one is there for another. */
    const response: ResponseOptions = { public: true };

    it.each(['development', 'production'])('keeps its response out, in %s too', async (env) => {
      const before = process.env['NODE_ENV'];
      process.env['NODE_ENV'] = env;
      try {
        const runs = counter();
        const routes = Object.entries(readers).map(([name, read]): [string, Handler] => [
          name,
          (...args) => ({ ...runs(), read: Boolean(read(...args)) }),
        ]);
        const { keeps } = await start(Object.fromEntries([...routes, ['nothing', runs]]), {
          cacheable: { response },
          prepare: parseCookies,
        });
        for (const name of Object.keys(readers))
          expect([name, await keeps(`/${name}`)]).toEqual([name, false]);
        expect(await keeps('/nothing')).toBe(true);
      } finally {
        process.env['NODE_ENV'] = before;
      }
    });
  });
});
