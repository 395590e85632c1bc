import session from 'express-session';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnyApplication } from '../module-app.js';
import { platforms } from '../response-app.js';
import {
  attackedRoutes,
  parseCookies,
  Runs,
  startAttackedApp,
  type Attacked,
  type AttackedApp,
  type Visit,
} from './attacked-app.js';

const everybody = { response: { public: true } };

describe.each(platforms)('cookies that a response sets, on %s', (platform) => {
  let app: AttackedApp;
  let runs: Runs;
  afterEach(() => app.close());

  async function start(routes: Attacked[], prepare?: (nest: AnyApplication) => void): Promise<Visit> {
    runs = new Runs();
    app = await startAttackedApp({
      platform,
      controllers: [attackedRoutes(...routes)],
      prepare: (nest) => {
        parseCookies(nest);
        prepare?.(nest);
      },
    });
    return app.visit;
  }

  const page: Attacked['handle'] = () => ({ run: runs.next() });

  it.each<[string, Attacked['options'], Attacked['handle']]>([
    [
      'a cookie of the handler',
      {},
      (_request, response) => (response.header('Set-Cookie', 'sid=evil'), { run: runs.next() }),
    ],
    [
      'a cookie of the handler on a public route',
      everybody,
      (_request, response) => (response.header('Set-Cookie', ['a=1', 'sid=evil']), { run: runs.next() }),
    ],
    [
      'a cookie in a route that the headers decide',
      { response: { respectHeaders: true } },
      (_request, response) => {
        response.header('Cache-Control', 'max-age=60');
        response.header('Set-Cookie', 'sid=evil');
        return { run: runs.next() };
      },
    ],
  ])('session fixation: %s reaches one visitor only', async (_name, options, handle) => {
    const visit = await start([{ path: 'page', handle, options: options ?? {} }]);
    const first = await visit('/page');
    expect(String(first.headers['set-cookie'])).toContain('sid=evil');
    expect((await visit('/page')).text).toBe('{"run":2}');
  });

  it('CVE-2023-30861: a session cookie that is sent anew while the head is written reaches one visitor only', async () => {
    const visit = await start([{ path: 'page', handle: page, options: everybody }], (nest) =>
      nest.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        const own = request.headers.cookie;
        const { writeHead } = response;
        if (own !== undefined) {
          Object.assign(response, {
            writeHead(this: ServerResponse, ...args: Parameters<typeof writeHead>) {
              this.setHeader('Set-Cookie', `${own}; Max-Age=60`);
              return Reflect.apply(writeHead, this, args);
            },
          });
        }
        next();
      }),
    );
    const first = await visit('/page', { Cookie: 'sid=ann' });
    expect(first.headers['set-cookie']).toEqual(['sid=ann; Max-Age=60']);
    const other = await visit('/page');
    expect([other.headers['set-cookie'], other.text]).toEqual([undefined, '{"run":2}']);
    expect((await visit('/page', { Cookie: 'sid=bob' })).headers['set-cookie']).toEqual([
      'sid=bob; Max-Age=60',
    ]);
    expect((await visit('/page')).headers).not.toHaveProperty('set-cookie');
  });

  it('CVE-2026-48588: cookies that are nobody’s session neither switch the cache off nor are they part of a response', async () => {
    const visit = await start([{ path: 'page', handle: page }]);
    await visit('/page', { Cookie: '_ga=1; theme=dark' });
    for (const cookie of ['_ga=2', '_ga=3; theme=light', 'sessionid=x', '']) {
      expect((await visit('/page', { Cookie: cookie })).text).toBe('{"run":1}');
    }
    expect((await visit('/page')).text).toBe('{"run":1}');
  });

  it('a visitor with one of the session cookies neither fills nor is answered from the cache', async () => {
    const options = { response: { sessionCookies: ['sid'] } };
    const visit = await start([{ path: 'page', handle: page, options }]);
    await visit('/page', { Cookie: 'theme=dark; sid=1' });
    expect((await visit('/page')).text).toBe('{"run":2}');
    expect((await visit('/page', { Cookie: 'sid=1' })).text).toBe('{"run":3}');
    expect((await visit('/page', { Cookie: 'theme=dark;sid' })).text).toBe('{"run":4}');
    expect((await visit('/page', { Cookie: 'sidx=1' })).text).toBe('{"run":2}');
  });

  it.each<[string, Attacked['options']]>([
    ['that anonymous visitors share', {}],
    ['that is public', everybody],
    ['that the headers decide', { response: { respectHeaders: true } }],
  ])('what a cookie says is stored for nobody on a route %s', async (_name, options) => {
    const visit = await start([
      {
        path: 'page',
        handle: ({ cookies, headers }, response) => {
          response.header('Cache-Control', 'public, max-age=60');
          return { me: cookies?.['sid'] ?? 'nobody', raw: headers.cookie ?? 'none', run: runs.next() };
        },
        options: options ?? {},
      },
    ]);
    expect((await visit('/page', { Cookie: 'sid=ann' })).text).toContain('ann');
    expect((await visit('/page', { Cookie: 'sid=bob' })).text).toContain('bob');
    expect((await visit('/page')).text).toContain('nobody');
    expect((await visit('/page', { Cookie: 'sid=ann' })).text).toContain('ann');
    expect(runs.count).toBe(4);
  });

  it('a cookie that is read stays out of others’ pages where middleware says Vary: Cookie', async () => {
    const visit = await start(
      [{ path: 'page', handle: ({ cookies }) => ({ me: cookies?.['sid'] ?? 'nobody', run: runs.next() }) }],
      (nest) =>
        nest.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
          response.setHeader('Vary', 'Cookie, Origin');
          next();
        }),
    );
    expect((await visit('/page', { Cookie: 'sid=ann' })).text).toContain('ann');
    expect((await visit('/page', { Cookie: 'sid=bob' })).text).toContain('bob');
    expect((await visit('/page')).text).toContain('nobody');
  });

  it('an origin that is read stays out of others’ pages where CORS says Vary: Origin and the route is strict', async () => {
    const visit = await start(
      [
        {
          path: 'page',
          handle: ({ headers }) => ({ origin: headers.origin ?? 'none', run: runs.next() }),
          options: { response: { strict: true } },
        },
      ],
      (nest) =>
        nest.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
          response.setHeader('Vary', 'Origin');
          next();
        }),
    );
    await visit('/page', { Origin: 'https://evil.example' });
    expect((await visit('/page')).text).toBe('{"origin":"none","run":2}');
  });
});

describe('sessions of express-session', () => {
  let app: AttackedApp;
  let runs: Runs;
  afterEach(() => app.close());

  async function start(
    routes: Attacked[],
    options: { rolling?: boolean; saveUninitialized?: boolean } = {},
  ): Promise<Visit> {
    runs = new Runs();
    const login: Attacked = {
      path: 'login',
      handle: ({ session: own, query }) => {
        Object.assign(own ?? {}, { name: query['name'] });
        return { in: true };
      },
    };
    app = await startAttackedApp({
      platform: 'express',
      controllers: [attackedRoutes(...routes, login)],
      prepare: (nest) =>
        nest.use(
          session({ secret: 's', resave: false, saveUninitialized: false, rolling: false, ...options }),
        ),
    });
    return app.visit;
  }

  async function signIn(name: string): Promise<Record<string, string>> {
    const [cookie] = (await app.visit(`/login?name=${name}`)).headers['set-cookie'] ?? [];
    return { Cookie: cookie?.split(';', 1)[0] ?? '' };
  }

  const plain: Attacked = { path: 'plain', handle: () => ({ run: runs.next() }) };
  const greeting: Attacked = {
    path: 'greeting',
    handle: ({ session: own }) => ({ name: own?.['name'] ?? 'nobody', run: runs.next() }),
  };

  it('who has one neither fills nor is answered from the cache; others are', async () => {
    const visit = await start([plain]);
    const ann = await signIn('ann');
    await visit('/plain', ann);
    expect((await visit('/plain')).text).toBe('{"run":2}');
    expect((await visit('/plain')).text).toBe('{"run":2}');
    expect((await visit('/plain', ann)).text).toBe('{"run":3}');
  });

  it('what is in one is shown to nobody else, on public routes either', async () => {
    const visit = await start([greeting, { ...greeting, path: 'public', options: everybody }]);
    const ann = await signIn('ann');
    const bob = await signIn('bob');
    for (const path of ['/greeting', '/public']) {
      expect((await visit(path, ann)).text).toContain('ann');
      expect((await visit(path)).text).toContain('nobody');
      expect((await visit(path, bob)).text).toContain('bob');
      expect((await visit(path, ann)).text).toContain('ann');
    }
  });

  it('CVE-2026-35192: a public page that begins or prolongs one gives its cookie to nobody else', async () => {
    for (const options of [{ saveUninitialized: true }, { rolling: true }]) {
      const visit = await start([{ ...plain, options: everybody }], options);
      const first =
        options.rolling === true ? await visit('/plain', await signIn('ann')) : await visit('/plain');
      expect(first.headers['set-cookie']).toHaveLength(1);
      const second = await visit('/plain');
      expect(second.headers['set-cookie']).not.toEqual(first.headers['set-cookie']);
      expect(second.text).toBe('{"run":2}');
      await app.close();
    }
  });

  it('one that the handler begins is given to one visitor', async () => {
    const visit = await start([
      {
        path: 'cart',
        handle: ({ session: own }) => {
          Object.assign(own ?? {}, { cart: 1 });
          return { run: runs.next() };
        },
      },
    ]);
    expect((await visit('/cart')).headers['set-cookie']).toHaveLength(1);
    expect((await visit('/cart')).text).toBe('{"run":2}');
  });
});
