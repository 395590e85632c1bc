import { afterEach, describe, expect, it } from 'vitest';
import { SessionStores } from '../../../contract/session/session-stores.js';
import { Browser, Gate } from './browser.js';
import { called, PLATFORMS, type Handler, type SessionApp, type SessionAppOptions } from './session-app.js';

const redis = new SessionStores();
const apps: SessionApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

const HOUR = 3_600_000;

describe.each(Object.entries(PLATFORMS))('%s', (_, start) => {
  async function serve(
    options: Partial<SessionAppOptions> & { handlers: Record<string, Handler> },
  ): Promise<SessionApp> {
    const app = await start({ store: redis.store(), ...options });
    apps.push(app);
    return app;
  }

  const fields: Handler = ({ session }) => {
    const { cookie: __, ...rest } = JSON.parse(JSON.stringify(session)) as Record<string, unknown>;
    return rest;
  };
  const login: Handler = ({ session }) => {
    session['user'] = 'ada';
  };
  const logout: Handler = ({ session }) => called((done) => session.destroy(done));

  it('keeps what a handler sets, and sets no cookie for a visitor of whom nothing is kept', async () => {
    const { url } = await serve({ handlers: { '/': fields, '/login': login } });
    const browser = new Browser(url);
    expect(await browser.get('/')).toMatchObject({ body: {}, cookies: [] });
    expect((await browser.get('/login')).cookies.length).toBe(1);
    expect((await browser.get('/')).body).toEqual({ user: 'ada' });
    expect((await new Browser(url).get('/')).body).toEqual({});
  });

  it('nothing of the store is seen on a session object', async () => {
    const seen: unknown[][] = [];
    const names: Handler = ({ session }) => {
      const all = [];
      for (const name in session) all.push(name);
      seen.push([...Object.keys(session)], all);
      session['n'] = (Number(session['n']) || 0) + 1;
      return session['toJSON'] === undefined && (JSON.parse(JSON.stringify(session)) as unknown);
    };
    const { url } = await serve({ handlers: { '/': names } });
    const browser = new Browser(url);
    await browser.get('/');
    expect((await browser.get('/')).body).toMatchObject({ n: 2 });
    await browser.get('/');
    for (const all of seen.slice(2)) expect(all.toSorted()).toEqual(['cookie', 'n']);
  });

  it.each([false, true])('rolling %s: what requests set at the same time is not lost', async (rolling) => {
    const gate = new Gate();
    const handlers: Record<string, Handler> = { '/login': login, '/': fields };
    for (let index = 0; index < 64; index++) {
      handlers[`/set${index}`] = async ({ session }) => {
        await gate.pass();
        session[`field${index}`] = index;
      };
    }
    const prefix = redis.prefix();
    const [here, there] = [
      await serve({ store: redis.store({ prefix }), handlers, rolling }),
      await serve({ store: redis.store({ prefix }, 1), handlers, rolling }),
    ];
    for (const count of [2, 8, 64]) {
      const browser = new Browser(here.url);
      await browser.get('/login');
      const other = browser.at(there.url);
      const writes = Array.from({ length: count }, (__, index) =>
        (index % 2 === 0 ? browser : other).get(`/set${index}`),
      );
      await gate.reached(count);
      gate.open();
      expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 200));
      const body = (await other.get('/')).body as object;
      expect(Object.keys(body).length).toBe(count + 1);
    }
  });

  it.each([false, true])(
    'rolling %s: requests that end one after the other keep what each read',
    async (rolling) => {
      const gate = new Gate();
      const { url } = await serve({
        rolling,
        handlers: {
          '/': fields,
          '/login': login,
          '/a': async ({ session }) => {
            await gate.pass();
            session['a'] = 1;
            delete session['user'];
          },
          '/b': async ({ session }) => {
            await gate.pass();
            session['b'] = 1;
          },
          '/c': async ({ session }) => {
            await gate.pass();
            return session['user'];
          },
        },
      });
      const browser = new Browser(url);
      await browser.get('/login');
      const running = [];
      for (const path of ['/a', '/b', '/c']) {
        running.push(browser.get(path));
        await gate.reached(running.length);
      }
      for (const request of running) {
        gate.openOne();
        await request;
      }
      expect((await browser.get('/')).body).toEqual({ a: 1, b: 1 });
    },
  );

  it.each([
    ['reads', false],
    ['reads', true],
    ['writes', false],
    ['writes', true],
  ])('a logout while another request %s is final, rolling %s', async (what, rolling) => {
    const gate = new Gate();
    const store = redis.store();
    const { url } = await serve({
      store,
      rolling,
      handlers: {
        '/': fields,
        '/login': login,
        '/logout': logout,
        '/reads': async ({ session }) => {
          await gate.pass();
          return session['user'];
        },
        '/writes': async ({ session }) => {
          await gate.pass();
          session['seen'] = true;
        },
      },
    });
    const browser = new Browser(url);
    await browser.get('/login');
    const stolen = browser.at(url);
    const running = browser.at(url).get(`/${what}`);
    await gate.reached();
    expect((await browser.get('/logout')).status).toBe(200);
    gate.open();
    expect((await running).status).toBe(200);
    expect((await stolen.get('/')).body).toEqual({});
    expect(await store.length()).toBe(0);
  });

  it('a request that runs while another one regenerates the session does not bring the old one back', async () => {
    const gate = new Gate();
    const store = redis.store();
    const { url } = await serve({
      store,
      handlers: {
        '/': fields,
        '/login': login,
        '/writes': async ({ session }) => {
          await gate.pass();
          session['late'] = true;
        },
        '/regenerate': async (request) => {
          const { user } = request.session;
          await called((done) => request.session.regenerate(done));
          request.session['user'] = `${String(user)} again`;
        },
      },
    });
    const browser = new Browser(url);
    await browser.get('/login');
    const before = browser.at(url);
    const running = before.at(url).get('/writes');
    await gate.reached();
    await browser.get('/regenerate');
    gate.open();
    await running;
    expect((await browser.get('/')).body).toEqual({ user: 'ada again' });
    expect((await before.get('/')).body).toEqual({});
    expect(await store.length()).toBe(1);
  });

  it('reload shows what another request has stored meanwhile, and goes on from there', async () => {
    const gate = new Gate();
    const { url } = await serve({
      handlers: {
        '/': fields,
        '/login': login,
        '/other': ({ session }) => {
          session['other'] = 1;
        },
        '/reload': async (request) => {
          await gate.pass();
          await called((done) => request.session.reload(done));
          request.session['seen'] = request.session['other'];
        },
      },
    });
    const browser = new Browser(url);
    await browser.get('/login');
    const running = browser.get('/reload');
    await gate.reached();
    await browser.get('/other');
    gate.open();
    await running;
    expect((await browser.get('/')).body).toEqual({ user: 'ada', other: 1, seen: 1 });
  });

  it('what is saved before a redirect is there for the request that follows', async () => {
    const { url } = await serve({
      handlers: {
        '/': fields,
        '/login': async ({ session }) => {
          session['user'] = 'ada';
          await called((done) => session.save(done));
          return '/';
        },
        '/next': async ({ session }) => {
          session['count'] = (Number(session['count']) || 0) + 1;
          await called((done) => session.save(done));
          return '/';
        },
      },
    });
    const browser = new Browser(url);
    expect((await browser.get('/login')).location).toBe('/');
    for (let count = 1; count <= 5; count++) {
      await browser.get('/next');
      expect((await browser.get('/')).body).toEqual({ user: 'ada', count });
    }
  });

  it('an age that a handler gives the cookie is that of the session from then on', async () => {
    const store = redis.store();
    const ages: unknown[] = [];
    const { url } = await serve({
      store,
      maxAge: HOUR,
      handlers: {
        '/login': login,
        '/remember': ({ session }) => {
          session.cookie.maxAge = 24 * HOUR;
          session['remembered'] = true;
        },
        '/age': ({ session }) => {
          ages.push(Math.round(Number(session.cookie.maxAge) / HOUR));
        },
      },
    });
    const browser = new Browser(url);
    await browser.get('/login');
    await browser.get('/age');
    const { cookies } = await browser.get('/remember');
    expect(cookies.length).toBe(1);
    await browser.get('/age');
    expect(ages).toEqual([1, 24]);
    const [session] = await store.all();
    expect(Math.round(Number(session?.cookie.originalMaxAge) / HOUR)).toBe(24);
  });

  it('a cookie without an age stays one until the browser ends', async () => {
    const { url } = await serve({
      handlers: { '/login': login, '/': fields, '/set': ({ session }) => void (session['n'] = 1) },
      rolling: true,
    });
    const browser = new Browser(url);
    const answers = [await browser.get('/login'), await browser.get('/set'), await browser.get('/')];
    const lines = answers.flatMap(({ cookies }) => cookies);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toMatch(/expires|max-age/i);
  });

  it('a session that is gone is a new one with another id', async () => {
    const store = redis.store();
    const ids: string[] = [];
    const { url } = await serve({
      store,
      handlers: {
        '/login': ({ session, id }) => {
          session['user'] = 'ada';
          ids.push(id);
        },
      },
    });
    const browser = new Browser(url);
    await browser.get('/login');
    await store.clear();
    await browser.get('/login');
    expect(ids[0]).not.toBe(ids[1]);
    expect(await store.length()).toBe(1);
  });

  it('an error of Redis is an error of the request, and no new session', async () => {
    const store = redis.store({ maxBytes: 1_024 });
    const { url } = await serve({
      store,
      handlers: {
        '/': fields,
        '/login': login,
        '/huge': async ({ session }) => {
          session['huge'] = 'x'.repeat(5_000);
          return called((done) => session.save(done)).then(
            () => 'stored',
            (error: { code: string }) => {
              delete session['huge'];
              return error.code;
            },
          );
        },
      },
    });
    const browser = new Browser(url);
    await browser.get('/login');
    expect((await browser.get('/huge')).body).toBe('PAYLOAD_TOO_LARGE');
    expect((await browser.get('/')).body).toEqual({ user: 'ada' });
  });
});
