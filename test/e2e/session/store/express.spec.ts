import express from 'express';
import expressSession from 'express-session';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import passport from 'passport';
import { afterEach, expect, it } from 'vitest';
import { SessionStores } from '../../../contract/session/session-stores.js';
import { RedisSessionStore } from '../../../../src/session/redis-session-store.js';
import { Browser } from './browser.js';
import { called, SECRET, startExpress } from './session-app.js';

const redis = new SessionStores();
const closes: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

type Made = expressSession.Store['createSession'];

const COMMON = { secret: SECRET, resave: false, saveUninitialized: false };

async function listen(app: express.Express): Promise<string> {
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closes.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Adds what a test does with the sessions below a path. */
function routes(app: express.Express, path: string): void {
  app.get(`${path}/set`, (request, response) => {
    Object.assign(request.session, { at: path });
    response.end();
  });
  app.get(path, (request, response) => {
    response.json(Reflect.get(request.session, 'at') ?? null);
  });
}

it('several middlewares with other cookies keep their sessions and their cookies apart', async () => {
  const store = redis.store();
  const app = express();
  const admin = { path: '/admin', sameSite: 'strict', maxAge: 60_000 } as const;
  app.use('/admin', expressSession({ ...COMMON, store, name: 'admin', cookie: admin, rolling: true }));
  app.use(
    '/shop',
    expressSession({
      ...COMMON,
      store: store.view(),
      name: 'shop',
      cookie: { path: '/shop' },
      rolling: true,
    }),
  );
  for (const path of ['/admin', '/shop']) routes(app, path);
  const browser = new Browser(await listen(app));
  for (let round = 0; round < 2; round++) {
    const [fromAdmin] = (await browser.get('/admin/set')).cookies;
    const [fromShop] = (await browser.get('/shop/set')).cookies;
    expect(fromAdmin).toMatch(/^admin=.*; Path=\/admin; Expires=.*; HttpOnly; SameSite=Strict$/);
    expect(fromShop).toMatch(/^shop=[^;]*; Path=\/shop; HttpOnly$/);
  }
  expect((await browser.get('/admin')).body).toBe('/admin');
  expect((await browser.get('/shop')).body).toBe('/shop');
  expect(await store.length()).toBe(2);
});

it('one store object for two middlewares is refused', () => {
  const store = redis.store();
  expressSession({ ...COMMON, store });
  expect(() => expressSession({ ...COMMON, store })).toThrow(/store\.view\(\)/);
});

it('the attributes of a cookie are those of the middleware that reads it, not of the one that made it', async () => {
  const store = redis.store();
  const [before, after] = [express(), express()];
  before.use(expressSession({ ...COMMON, store, cookie: { maxAge: 60_000, sameSite: 'lax' } }));
  after.use(
    expressSession({
      ...COMMON,
      store: store.view(),
      rolling: true,
      cookie: () => ({ maxAge: 3_600_000, sameSite: 'strict', domain: 'example.com' }),
    }),
  );
  for (const app of [before, after]) routes(app, '/x');
  const browser = new Browser(await listen(before));
  await browser.get('/x/set');
  const { cookies } = await browser.at(await listen(after)).get('/x');
  expect(cookies[0]).toMatch(/; Domain=example.com; Path=\/; Expires=.*; HttpOnly; SameSite=Strict$/);
  // The age is the session's own.
  const expires = new Date(/Expires=([^;]*)/.exec(cookies[0] ?? '')?.[1] ?? '').getTime();
  const remaining = expires - new Date().getTime();
  expect(remaining).toBeGreaterThan(30_000);
  expect(remaining).toBeLessThan(90_000);
});

it('createSession can be overridden: on the object, or in a class', async () => {
  class Greeting extends RedisSessionStore {
    override createSession(...made: Parameters<Made>): ReturnType<Made> {
      const session = super.createSession(...made) as ReturnType<Made>;
      return Object.assign(session, { greeting: 'hello' });
    }
  }
  const store = new Greeting({ client: redis.client(), prefix: redis.prefix() });
  closes.push(() => store.close());
  const app = express();
  app.use(expressSession({ ...COMMON, store }));
  app.get('/set', (request, response) => {
    Object.assign(request.session, { n: 1 });
    response.end();
  });
  app.get('/', (request, response) => {
    response.json(request.session);
  });
  const browser = new Browser(await listen(app));
  await browser.get('/set');
  expect((await browser.get('/')).body).toMatchObject({ n: 1, greeting: 'hello' });
});

it('with resave, requests that change nothing lose nothing and revive nothing', async () => {
  const store = redis.store();
  let arrived: () => void = () => undefined;
  let go: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (arrived = resolve));
  const held = new Promise<void>((resolve) => (go = resolve));
  const app = await startExpress({
    store,
    resave: true,
    handlers: {
      '/set': ({ session }) => void (session['n'] = (Number(session['n']) || 0) + 1),
      '/get': ({ session }) => session['n'],
      '/slow': async ({ session }) => {
        arrived();
        await held;
        return session['n'];
      },
    },
  });
  closes.push(() => app.close());
  const browser = new Browser(app.url);
  await browser.get('/set');
  const slow = browser.get('/slow');
  await running;
  await browser.get('/set');
  go();
  expect((await slow).body).toBe(1);
  expect((await browser.get('/get')).body).toBe(2);
});

it('load gives a session outside of requests: with all that express-session can do with it', async () => {
  const store = redis.store();
  const app = express();
  app.use(expressSession({ ...COMMON, store, cookie: { maxAge: 60_000, secure: 'auto' }, proxy: true }));
  let id = '';
  app.get('/', (request, response) => {
    id = request.sessionID;
    Object.assign(request.session, { n: 1 });
    response.end();
  });
  await new Browser(await listen(app)).get('/');
  const load = (of: string): Promise<expressSession.Session | undefined> =>
    new Promise((resolve, reject) => {
      store.load(of, (error, session?: expressSession.Session) =>
        error === null || error === undefined ? resolve(session) : reject(error as Error),
      );
    });
  const session = await load(id);
  expect(session).toMatchObject({ id, n: 1, cookie: { originalMaxAge: 60_000 } });
  await called((done) => Object.assign(session as object, { n: 2 }) && session?.save(done));
  expect(await load(id)).toMatchObject({ n: 2 });
  await called((done) => session?.destroy(done));
  expect(await load(id)).toBe(undefined);
});

it('passport logs in and out: the session has another id each time, and ends', async () => {
  const store = redis.store();
  const app = express();
  const authenticator = new passport.Passport();
  authenticator.serializeUser((user, done) => done(null, user));
  authenticator.deserializeUser((user: string, done) => done(null, { name: user }));
  app.use(expressSession({ ...COMMON, store }));
  app.use(authenticator.session());
  const ids: string[] = [];
  app.get('/cart', (request, response) => {
    Object.assign(request.session, { cart: 1 });
    ids.push(request.sessionID);
    response.end();
  });
  app.get('/login', (request, response, next) => {
    request.login('ada', { session: true, keepSessionInfo: true }, (error?: unknown) => {
      ids.push(request.sessionID);
      if (error === undefined) response.end();
      else next(error);
    });
  });
  app.get('/logout', (request, response, next) => {
    request.logout((error?: unknown) => (error === undefined ? response.end() : next(error)));
  });
  app.get('/', (request, response) => {
    response.json({ user: request.user ?? null, cart: Reflect.get(request.session, 'cart') ?? null });
  });
  const browser = new Browser(await listen(app));
  await browser.get('/cart');
  const anonymous = browser.at(await listen(app));
  expect((await browser.get('/login')).status).toBe(200);
  expect(ids[0]).not.toBe(ids[1]);
  expect((await browser.get('/')).body).toEqual({ user: { name: 'ada' }, cart: 1 });
  expect((await anonymous.get('/')).body).toEqual({ user: null, cart: null });
  const stolen = browser.at(await listen(app));
  await browser.get('/logout');
  expect((await stolen.get('/')).body).toEqual({ user: null, cart: null });
});
