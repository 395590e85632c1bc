import {
  Controller,
  Get,
  Injectable,
  Module,
  Req,
  Res,
  Session,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestModule,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import session from 'express-session';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  InvalidOptionsError,
  RedisCacheModule,
  SESSION_MIDDLEWARE,
  SessionService,
} from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import {
  platforms,
  SECRET,
  startSessionApp,
  type SessionApp,
  type SessionAppOptions,
} from './session-app.js';
import { basicRoutes, done, type AnyRequest, type AnyResponse, type AnySession } from './session-routes.js';

/** What each place has found, in the order of the places. */
let seen: string[] = [];

const look = (place: string, request: AnyRequest): void => {
  seen.push(`${place} ${request.session === undefined ? 'nothing' : typeof request.session.id}`);
};

@Injectable()
class Looking implements CanActivate, NestInterceptor {
  canActivate(context: ExecutionContext): boolean {
    look('guard', context.switchToHttp().getRequest());
    return true;
  }

  intercept(context: ExecutionContext, next: CallHandler) {
    look('interceptor', context.switchToHttp().getRequest());
    return next.handle();
  }
}

@Module({})
class WithMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(
        (request: AnyRequest, _response: unknown, next: () => void) => (look('middleware', request), next()),
      )
      .forRoutes('*path');
  }
}

@Controller()
class Places {
  @Get('places')
  @UseGuards(Looking)
  @UseInterceptors(Looking)
  places(@Session() own: AnySession, @Req() request: AnyRequest) {
    look('handler', request);
    return { same: own === request.session, id: own.id === request.sessionID };
  }

  @Get('classes')
  classes(@Session() own: AnySession) {
    return {
      session: own instanceof (session.Session as never as new () => object),
      cookie: own.cookie instanceof (session.Cookie as never as new () => object),
    };
  }

  @Get('regenerate')
  async regenerate(@Req() request: AnyRequest) {
    await done((callback) => request.session.regenerate(callback));
    request.session['b'] = 2;
  }

  @Get('destroy')
  async destroy(@Req() request: AnyRequest) {
    await done((callback) => request.session.destroy(callback));
    return { session: request.session === undefined };
  }

  @Get('reload')
  async reload(@Req() request: AnyRequest) {
    request.session['a'] = 'lost';
    await done((callback) => request.session.reload(callback));
    return { a: request.session['a'] };
  }

  @Get('null')
  null(@Req() request: AnyRequest) {
    Reflect.set(request, 'session', null);
  }

  @Get('replace')
  replace(@Req() request: AnyRequest) {
    Reflect.set(request, 'session', { c: 3 });
  }

  @Get('save')
  async save(@Session() own: AnySession, @Res() response: AnyResponse) {
    own['saved'] = 1;
    await done((callback) => own.save(callback));
    own['after'] = 2;
    response.send('saved');
  }

  @Get('remember')
  remember(@Session() own: AnySession) {
    own.cookie.maxAge = 3_600_000;
    own['a'] = 1;
  }

  @Get('proto')
  proto(@Session() own: AnySession) {
    own['sent'] = JSON.parse(
      '{"__proto__": {"admin": true}, "constructor": 1, "a": [{"prototype": 2}]}',
    ) as unknown;
  }

  @Get('polluted')
  polluted(@Session() own: AnySession) {
    return { sent: own['sent'], admin: Reflect.get(own, 'admin') ?? Reflect.get({}, 'admin') ?? null };
  }

  @Get('big')
  big(@Session() own: AnySession) {
    own['big'] = 'x'.repeat(50_000_000);
  }

  @Get('bigint')
  bigint(@Session() own: AnySession) {
    own['n'] = 5n;
  }
}

describe.each(platforms)('sessions on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    seen = [];
    await app.close();
  });
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes(), Places],
      ...options,
    });
    return app.browser();
  };
  const keys = async () => ((await redis.cli('KEYS', '*')) as string[]).filter((key) => key.startsWith('s'));

  it('keep what a handler sets, under a cookie that only this browser can read', async () => {
    const browser = await start();
    const set = await browser.get('/set');
    expect([set.status, set.text]).toEqual([200, '{"set":true}']);
    expect(set.headers['set-cookie']).toEqual([
      expect.stringMatching(/^sid=s%3A[\w-]{32}\.\S*; Path=\/; Expires=[^;]*; HttpOnly; SameSite=Lax$/),
    ]);
    expect(set.headers['cache-control']).toBe('private');
    expect(set.headers.vary).toBe('Cookie');
    const shown = await browser.get('/show');
    expect(JSON.parse(shown.text)).toEqual({ a: 1 });
    expect(shown.headers['set-cookie']).toBeUndefined();
    expect(await app.browser().json('/show')).toEqual({});
  });

  it('leave no trace of a visitor who stores nothing', async () => {
    const browser = await start();
    await redis.cli('FLUSHDB');
    for (const path of ['/plain', '/show', '/places', '/destroy', '/null', '/missing']) {
      expect((await browser.get(path)).headers).not.toHaveProperty('set-cookie');
    }
    expect(await keys()).toEqual([]);
    expect((await browser.get('/plain')).headers).not.toHaveProperty('vary');
  });

  it('are there in middleware of other modules, in guards, in interceptors and in handlers', async () => {
    const browser = await start({ imports: [WithMiddleware] });
    expect(await browser.json('/places')).toEqual({ same: true, id: true });
    expect(seen).toEqual(['middleware string', 'guard string', 'interceptor string', 'handler string']);
  });

  it('are there in middleware of main.ts where it comes behind SESSION_MIDDLEWARE', async () => {
    const browser = await start({
      prepare(nest) {
        nest.use(nest.get(SESSION_MIDDLEWARE));
        nest.use(
          (request: AnyRequest, _response: unknown, next: () => void) => (look('main', request), next()),
        );
      },
    });
    await browser.get('/set');
    expect(seen).toEqual(['main string']);
    expect(await browser.json('/show')).toEqual({ a: 1 });
  });

  it('are there under a global prefix', async () => {
    const browser = await start({ prepare: (nest) => nest.setGlobalPrefix('api') });
    await browser.get('/api/set');
    expect(await browser.json('/api/show')).toEqual({ a: 1 });
  });

  it('are of express-session’s classes', async () => {
    const browser = await start();
    expect(await browser.json('/classes')).toEqual({ session: true, cookie: true });
  });

  it('get another id by regenerate, which ends the old one', async () => {
    const browser = await start();
    await browser.get('/set');
    const old = browser.twin();
    expect((await browser.get('/regenerate')).headers['set-cookie']).toHaveLength(1);
    expect(browser.cookies).not.toEqual(old.cookies);
    expect(await browser.json('/show')).toEqual({ b: 2 });
    expect(await old.json('/show')).toEqual({});
  });

  it('end by destroy, for good', async () => {
    const browser = await start();
    await browser.get('/set');
    expect(await browser.json('/destroy')).toEqual({ session: true });
    expect(await browser.json('/show')).toEqual({});
  });

  it('can be reloaded, saved, taken away and replaced', async () => {
    const browser = await start();
    await browser.get('/set');
    expect(await browser.json('/reload')).toEqual({ a: 1 });
    await browser.get('/null');
    expect(await browser.json('/show')).toEqual({ a: 1 });
    expect((await browser.get('/save')).text).toBe('saved');
    expect(await browser.json('/show')).toEqual({ a: 1, saved: 1, after: 2 });
    await browser.get('/replace');
    expect(await browser.json('/show')).toEqual({ c: 3 });
  });

  it('have an idle time of their own where they ask for one', async () => {
    const browser = await start();
    const [cookie = ''] = (await browser.get('/remember')).headers['set-cookie'] ?? [];
    const expires = Date.parse(/Expires=([^;]*)/.exec(cookie)?.[1] ?? '');
    expect(expires - Date.now()).toBeGreaterThan(3_000_000);
    expect(expires - Date.now()).toBeLessThanOrEqual(3_600_000);
  });

  it('bring back no prototype', async () => {
    const browser = await start();
    await browser.get('/proto');
    expect(await browser.json('/polluted')).toEqual({ sent: { a: [{}] }, admin: null });
  });

  it.each(['/big', '/bigint'])('%s is a 500, and what was stored stays', async (path) => {
    const browser = await start();
    await browser.get('/set');
    const reply = await browser.get(path);
    const { 'set-cookie': cookie, 'retry-after': retry } = reply.headers;
    // To ask again would not help.
    expect([reply.status, cookie, retry]).toEqual([500, undefined, undefined]);
    expect(await browser.json('/show')).toEqual({ a: 1 });
  });

  it('are not there on excluded paths, and outside the path of the cookie', async () => {
    const browser = await start({ session: { exclude: ['/places'] } });
    await browser.get('/places');
    expect(seen).toEqual(['guard nothing', 'interceptor nothing', 'handler nothing']);
    expect((await browser.get('/set')).status).toBe(200);
    await app.close();
    const other = await start({ session: { cookie: { path: '/sh' } } });
    expect((await other.get('/set')).status).toBe(500);
  });

  it('are only given to requests that came by HTTPS where the cookie is secure', async () => {
    const browser = await start({
      session: { cookie: { secure: true } },
      prepare: (nest) => platform === 'express' && nest.set('trust proxy', 1),
    });
    expect((await browser.get('/set')).headers).not.toHaveProperty('set-cookie');
  });

  it('are in testing modules too', async () => {
    await start();
    const module = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot({ connection: redis.url, session: { secret: SECRET } })],
      controllers: [basicRoutes()],
    }).compile();
    const nest = module.createNestApplication(
      platform === 'express'
        ? new (await import('@nestjs/platform-express')).ExpressAdapter()
        : (new (await import('@nestjs/platform-fastify')).FastifyAdapter() as never),
      { logger: false },
    );
    await nest.listen(0, '127.0.0.1');
    const { Browser } = await import('./session-app.js');
    const browser = new Browser(await nest.getUrl());
    await browser.get('/set');
    expect(await browser.json('/show')).toEqual({ a: 1 });
    await nest.close();
  });

  it('are there with options that a factory makes', async () => {
    await start();
    const module = RedisCacheModule.forRootAsync({
      useFactory: () => ({ connection: redis.url, session: { secret: SECRET } }),
    });
    await app.close();
    app = await startSessionApp({ platform, redis: redis.url, controllers: [basicRoutes()], root: module });
    const browser = app.browser();
    await browser.get('/set');
    expect(await browser.json('/show')).toEqual({ a: 1 });
    expect(app.app.get(SessionService)).toBeInstanceOf(SessionService);
  });

  it('cost nothing where there are none', async () => {
    const browser = await start({ root: RedisCacheModule.forRoot({ connection: redis.url }) });
    expect((await browser.get('/set')).status).toBe(500);
    expect((await browser.get('/plain')).status).toBe(200);
    expect(() => app.app.get(SESSION_MIDDLEWARE)).toThrow();
    await expect(app.app.resolve(SessionService)).rejects.toThrow(InvalidOptionsError);
  });

  it('refuse a Redis that evicts anything', async () => {
    await start();
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const other = () => startSessionApp({ platform, redis: redis.url, controllers: [] });
    await expect(other()).rejects.toThrow(/may evict sessions.*allkeys-lru/);
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });
});
