import fastifyCompress from '@fastify/compress';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import {
  Controller,
  Get,
  Module,
  NotFoundException,
  Res,
  Session,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import compression from 'compression';
import helmet from 'helmet';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  InvalidOptionsError,
  SESSION_MIDDLEWARE,
  SessionService,
  type SessionEvent,
} from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type SessionApp, type SessionAppOptions } from './session-app.js';
import { basicRoutes, type AnyRequest, type AnyResponse, type AnySession } from './session-routes.js';

const TEXT = 'handler '.repeat(1_000);

@Controller()
class Texts {
  @Get('text')
  text(@Session() session: AnySession) {
    session['n'] = Number(session['n'] ?? 0) + 1;
    return TEXT;
  }

  @Get('chunks')
  chunks(@Session() session: AnySession, @Res() response: AnyResponse) {
    session['n'] = Number(session['n'] ?? 0) + 1;
    const raw = response.raw ?? response;
    (response as { hijack?: () => void }).hijack?.();
    raw.setHeader('content-type', 'text/plain');
    for (let start = 0; start < TEXT.length; start += 800) raw.write(TEXT.slice(start, start + 800));
    raw.end();
  }
}

type Connect = (request: AnyRequest, response: AnyResponse, next: (error?: unknown) => void) => void;

/** A module whose middleware comes behind the session. */
function withMiddleware(...middleware: unknown[]) {
  @Module({})
  class Behind implements NestModule {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(...(middleware as never[])).forRoutes('*path');
    }
  }
  return Behind;
}

describe.each(platforms)('sessions and their neighbours on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    redis.resume();
    await app.close();
  });
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes(), Texts],
      ...options,
    });
    return app.browser();
  };

  const gzip = compression({ threshold: 0 });
  it.each<[string, Partial<SessionAppOptions>]>([
    ['before the session', { prepare: (nest) => nest.use(gzip) }],
    ['behind the session', { imports: [withMiddleware(gzip)] }],
    [
      'behind SESSION_MIDDLEWARE',
      {
        prepare(nest) {
          nest.use(nest.get(SESSION_MIDDLEWARE));
          nest.use(gzip);
        },
      },
    ],
  ])('compression %s: whole bodies, and a 503 that can be read', async (_place, options) => {
    const browser = await start({ ...options, deadline: 200 });
    const encoding = { 'accept-encoding': 'gzip' };
    for (const path of ['/text', '/chunks', '/text']) {
      const reply = await browser.get(path, encoding);
      expect([path, reply.status]).toEqual([path, 200]);
      const body = reply.headers['content-encoding'] === 'gzip' ? gunzipSync(reply.body) : reply.body;
      expect(body.toString()).toBe(TEXT);
    }
    for (const path of ['/text', '/chunks']) {
      redis.pause();
      const reply = await app.browser().get(path, encoding);
      redis.resume();
      const body = reply.headers['content-encoding'] === 'gzip' ? gunzipSync(reply.body) : reply.body;
      expect([path, reply.status, JSON.parse(body.toString())]).toMatchObject([
        path,
        503,
        { statusCode: 503 },
      ]);
    }
  });

  it('helmet’s headers are on answers and on 503s', async () => {
    const browser = await start({ prepare: (nest) => nest.use(helmet()), deadline: 200 });
    expect((await browser.get('/set')).headers).toHaveProperty('x-frame-options');
    redis.pause();
    const reply = await browser.get('/show');
    expect([reply.status, reply.headers['x-frame-options']]).toEqual([503, 'SAMEORIGIN']);
    const late = await app.browser().get('/set');
    expect([late.status, late.headers['x-frame-options']]).toEqual([503, 'SAMEORIGIN']);
  });

  it('CORS headers are on 503s', async () => {
    await start({ prepare: (nest) => nest.enableCors({ origin: true }), deadline: 200 });
    redis.pause();
    const reply = await app.browser().get('/set', { origin: 'https://a.example' });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([503, 'https://a.example']);
  });

  it('what middleware answers by itself, or makes of an error, is saved first too', async () => {
    const answering: Connect = (request, response, next) => {
      const { originalUrl = '' } = request as { originalUrl?: string };
      if (!originalUrl.startsWith('/middleware')) return next();
      request.session['m'] = originalUrl;
      if (originalUrl.endsWith('error')) return next(new NotFoundException());
      response.end('middleware');
    };
    const browser = await start({ imports: [withMiddleware(answering)], deadline: 200 });
    expect((await browser.get('/middleware')).text).toBe('middleware');
    expect((await browser.get('/middleware/error')).status).toBe(404);
    expect(await browser.json('/show')).toEqual({ m: '/middleware/error' });
    for (const path of ['/middleware', '/middleware/error']) {
      redis.pause();
      const reply = await app.browser().get(path);
      redis.resume();
      expect([path, reply.status, reply.headers['set-cookie']]).toEqual([path, 503, undefined]);
      expect(reply.text).not.toContain('middleware');
    }
  });

  it('a page that does not exist is a 503 where middleware has changed the session in vain', async () => {
    const counting: Connect = (request, _response, next) => {
      request.session['n'] = 1;
      next();
    };
    await start({ imports: [withMiddleware(counting)], deadline: 200 });
    redis.pause();
    const reply = await app.browser().get('/missing');
    expect([reply.status, reply.headers['set-cookie']]).toEqual([503, undefined]);
  });

  it('events are told to @nestjs/event-emitter, and to who subscribes', async () => {
    const browser = await start({ imports: [EventEmitterModule.forRoot({ wildcard: true })] });
    const emitted: SessionEvent[] = [];
    const told: SessionEvent[] = [];
    app.app.get(EventEmitter2).on('session.*', (event: SessionEvent) => emitted.push(event));
    app.app.get(SessionService).events.subscribe((event) => told.push(event));
    await browser.get('/set');
    expect(told).toEqual([{ type: 'created', handle: expect.any(String) as string }]);
    expect(emitted).toEqual(told);
  });

  it('a cookie is secure where a proxy that is trusted says so', async () => {
    const trusting = platform === 'fastify' ? { adapter: new FastifyAdapter({ trustProxy: true }) } : {};
    await start({ ...trusting, prepare: (nest) => platform === 'express' && nest.set('trust proxy', true) });
    const proxied = { 'x-forwarded-proto': 'https' };
    expect(String((await app.browser().get('/set', proxied)).headers['set-cookie'])).toContain('; Secure');
    expect(String((await app.browser().get('/set')).headers['set-cookie'])).not.toContain('Secure');
    await app.close();
    await start({ session: { cookie: { secure: true } } });
    expect((await app.browser().get('/set', proxied)).headers).not.toHaveProperty('set-cookie');
  });

  it('refuses a connection that does not exist', async () => {
    await start();
    await expect(
      startSessionApp({ platform, redis: redis.url, controllers: [], session: { connection: 'other' } }),
    ).rejects.toThrow(/options\.session\.connection.*'default'/);
  });
});

describe('sessions on Fastify', () => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    redis.resume();
    await app.close();
  });
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({
      platform: 'fastify',
      redis: redis.url,
      controllers: [basicRoutes(), Texts],
      ...options,
    });
    return app.browser();
  };

  it('are not started beside @fastify/session', async () => {
    await start();
    const beside = startSessionApp({
      platform: 'fastify',
      redis: redis.url,
      controllers: [],
      async prepare(nest) {
        await nest.register(fastifyCookie);
        await nest.register(fastifySession, { secret: 'x'.repeat(32) });
      },
    });
    await expect(beside).rejects.toThrow(InvalidOptionsError);
    await expect(beside).rejects.toThrow(/@fastify\/session/);
  });

  it('go by inject()', async () => {
    await start({ deadline: 200 });
    const set = await app.app.inject('/set');
    const [cookie] = set.cookies as { name: string; value: string }[];
    expect([set.statusCode, cookie?.name]).toEqual([200, 'sid']);
    const show = await app.app.inject({ url: '/show', cookies: { sid: cookie?.value ?? '' } });
    expect(show.json()).toEqual({ a: 1 });
    redis.pause();
    for (const url of ['/set', '/text', '/chunks']) {
      const reply = await app.app.inject(url);
      expect([url, reply.statusCode, reply.headers['set-cookie']]).toEqual([url, 503, undefined]);
    }
  });

  it('are held with bodies that @fastify/compress makes', async () => {
    const browser = await start({
      prepare: (nest) => nest.register(fastifyCompress, { threshold: 0 }),
      deadline: 200,
    });
    const reply = await browser.get('/text', { 'accept-encoding': 'gzip' });
    expect([reply.headers['set-cookie']?.length, gunzipSync(reply.body).toString()]).toEqual([1, TEXT]);
    redis.pause();
    const refused = await browser.get('/text', { 'accept-encoding': 'gzip' });
    expect(refused.status).toBe(503);
  });
});
