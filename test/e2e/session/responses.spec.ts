import { Controller, Get, Req, Session, type Type } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ResponseStorage } from '../../../src/http/engine/response-storage.js';
import { Cacheable } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type Browser, type SessionApp } from './session-app.js';
import type { AnyRequest, AnySession } from './session-routes.js';

/** Pages that tell how often their handler has run. */
function pages(): Type {
  let runs = 0;
  @Controller()
  class Pages {
    @Get('login')
    login(@Session() session: AnySession) {
      session['user'] = 'ann';
    }

    @Get('page')
    @Cacheable({ response: { cacheStatus: true } })
    page() {
      return { run: ++runs };
    }

    @Get('public')
    @Cacheable({ response: { public: true } })
    public() {
      return { run: ++runs };
    }

    @Get('counting')
    @Cacheable({ response: { public: true } })
    counting(@Req() request: AnyRequest) {
      // Not by a property that the watch sees.
      const { session } = (request.raw ?? request) as AnyRequest;
      session['visits'] = 1;
      return { run: ++runs };
    }

    @Get('own')
    @Cacheable({
      response: { varyByUser: (context) => userOf(context.switchToHttp().getRequest<AnyRequest>()) },
    })
    own(@Session() session: AnySession) {
      return { run: ++runs, user: session['user'] };
    }
  }
  return Pages;
}

function userOf({ session }: AnyRequest): string | undefined {
  return session['user'] as string | undefined;
}

describe.each(platforms)('cached responses beside sessions, on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  let visitor: Browser;
  let ann: Browser;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  const start = async (readsEarly = false): Promise<void> => {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [pages()],
      module: { keyPrefix: `pages-${platform}-${expect.getState().currentTestName ?? ''}` },
      prepare: (nest) => {
        if (readsEarly)
          nest.useGlobalGuards({ canActivate: (context) => looks(context.switchToHttp().getRequest()) });
      },
    });
    visitor = app.browser();
    ann = app.browser();
    await ann.get('/login');
  };
  afterEach(() => app.close());
  const runOf = async (browser: Browser, path: string): Promise<number> => {
    const { run } = (await browser.json(path)) as { run: number };
    await app.app.get(ResponseStorage).drain();
    return run;
  };

  it('a session that holds something neither reads nor fills what visitors share', async () => {
    await start();
    const first = await runOf(visitor, '/page');
    expect(await runOf(visitor, '/page')).toBe(first);
    expect(await runOf(ann, '/page')).toBe(first + 1);
    expect(await runOf(ann, '/page')).toBe(first + 2);
    expect(await runOf(visitor, '/page')).toBe(first);
    expect((await ann.get('/page')).headers['cache-status']).toContain('fwd=bypass');
  });

  it('what is the same for everybody is shared with who is signed in', async () => {
    await start();
    const first = await runOf(ann, '/public');
    expect([await runOf(visitor, '/public'), await runOf(ann, '/public')]).toEqual([first, first]);
  });

  it('guards that look at the session split nothing that is the same for everybody', async () => {
    await start(true);
    const first = await runOf(ann, '/public');
    expect([await runOf(visitor, '/public'), await runOf(ann, '/public')]).toEqual([first, first]);
    expect((await visitor.get('/public')).headers.vary).toBe('Cookie');
  });

  it('a response whose handler changed the session is never stored, and its cookie goes to its visitor only', async () => {
    await start();
    const first = await visitor.get('/counting');
    await app.app.get(ResponseStorage).drain();
    expect(first.headers['set-cookie']).toHaveLength(1);
    expect(first.headers['cache-control']).toBe('private');
    const second = await app.browser().get('/counting');
    expect(second.text).not.toBe(first.text);
    expect(second.headers['set-cookie']?.[0]).not.toBe(first.headers['set-cookie']?.[0]);
  });

  it('pages of a user are that user’s, on every device', async () => {
    await start();
    const phone = app.browser();
    await phone.get('/login');
    const first = await ann.json('/own');
    await app.app.get(ResponseStorage).drain();
    expect(await ann.json('/own')).toEqual(first);
    expect(await phone.json('/own')).toEqual(first);
    expect(await visitor.json('/own')).toEqual({ run: expect.any(Number) });
    expect((await ann.get('/own')).headers['cache-control']).toBe('private');
  });
});

function looks({ session }: AnyRequest): boolean {
  return typeof session === 'object';
}
