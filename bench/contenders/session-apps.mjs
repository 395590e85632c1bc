import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RedisStore } from 'connect-redis';
import expressSession from 'express-session';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { createClient } from 'redis';
import { ownVersion, packageVersion } from '../harness/environment.mjs';
import { sessionControllers } from './session-routes.mjs';
import { CONNECT_REDIS, SESSION_TTL } from './session-stores.mjs';

/** @typedef {import('./web-apps.mjs').Platform} Platform */
/** @typedef {import('./web-apps.mjs').WebApp} WebApp */

/**
 * Who keeps the sessions: nobody, ours, the platform's own middleware on connect-redis, or the same without `touch`.
 *
 * @typedef {'none' | 'ours' | 'rival' | 'rivalWithoutTouch'} SessionKind
 */

const SECRET = 'a secret of the benchmarks, which everybody signs cookies with';
const NAME = 'sid';

/**
 * Starts an application with sessions. What its routes are called stands in `session-routes.mjs`.
 *
 * @param {Platform} platform
 * @param {{ kind: SessionKind, rolling: boolean, url: string }} options
 * @returns {Promise<WebApp>}
 */
export async function startSessionApp(platform, { kind, rolling, url }) {
  class AppModule {}
  const imports = kind === 'ours' ? [ownModule(url, rolling)] : [];
  Module({ imports, controllers: sessionControllers(kind !== 'none') })(AppModule);
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(AppModule, adapter, { logger: false });
  if (kind === 'rival' || kind === 'rivalWithoutTouch') {
    const client = createClient({ url });
    await client.connect();
    const store = new RedisStore({ client, disableTouch: kind === 'rivalWithoutTouch' });
    await MOUNT[platform](app, store, rolling);
  }
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  // While others are measured its connections are idle.
  server.keepAliveTimeout = 0;
  return { name: nameOf(platform, kind), port: server.address().port, runs: () => 0 };
}

/** @type {Record<Platform, (app: any, store: RedisStore, rolling: boolean) => unknown>} */
const MOUNT = {
  express: (app, store, rolling) =>
    app.use(
      expressSession({
        store,
        secret: SECRET,
        name: NAME,
        resave: false,
        saveUninitialized: false,
        rolling,
        cookie: { maxAge: SESSION_TTL, sameSite: 'lax' },
      }),
    ),
  fastify: async (app, store, rolling) => {
    await app.register(fastifyCookie);
    await app.register(fastifySession, {
      store,
      secret: SECRET,
      cookieName: NAME,
      saveUninitialized: false,
      rolling,
      cookie: { maxAge: SESSION_TTL, sameSite: 'lax', secure: false },
    });
  },
};

/**
 * @param {Platform} platform
 * @param {SessionKind} kind
 */
function nameOf(platform, kind) {
  if (kind === 'none') return 'no sessions';
  if (kind === 'ours') return `nestjs-redis-cache ${ownVersion()}`;
  const middleware = platform === 'express' ? 'express-session' : '@fastify/session';
  const rival = `${middleware} ${packageVersion(middleware)}, ${CONNECT_REDIS}`;
  return kind === 'rival' ? rival : `${rival} with \`disableTouch\``;
}

/**
 * @param {string} url
 * @param {boolean} rolling
 */
function ownModule(url, rolling) {
  return RedisCacheModule.forRoot({
    connection: { url, connect: 'required' },
    session: { secret: SECRET, name: NAME, ttl: SESSION_TTL, rolling },
  });
}
