import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../http-client.js';
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

describe.each(platforms)('what a request says outside of the key, on %s', (platform) => {
  let app: AttackedApp;
  let runs: Runs;
  afterEach(() => app.close());

  async function start(...routes: Attacked[]): Promise<Visit> {
    runs = new Runs();
    app = await startAttackedApp({
      platform,
      controllers: [attackedRoutes(...routes)],
      prepare: parseCookies,
    });
    return app.visit;
  }

  const reflecting = (name: string, options: Attacked['options']): Attacked => ({
    path: 'page',
    handle: ({ headers }) => ({ link: headers[name] ?? 'own', run: runs.next() }),
    ...(options && { options }),
  });

  it.each(['x-forwarded-host', 'x-forwarded-proto', 'x-original-url', 'x-host', 'user-agent', 'origin'])(
    'a reflected %s poisons nobody where the route is strict',
    async (name) => {
      const visit = await start(reflecting(name, { response: { strict: true } }));
      expect((await visit('/page', { [name]: 'evil' })).text).toContain('evil');
      const victim = await visit('/page');
      expect(victim.text).not.toContain('evil');
      expect(victim.text).toContain('"run":2');
    },
  );

  it('a reflected header poisons nobody else where it is in the key', async () => {
    const visit = await start(reflecting('x-forwarded-host', { response: { vary: ['X-Forwarded-Host'] } }));
    await visit('/page', { 'X-Forwarded-Host': 'evil' });
    expect((await visit('/page')).text).toBe('{"link":"own","run":2}');
    expect((await visit('/page', { 'X-Forwarded-Host': '' })).text).toBe('{"link":"","run":3}');
    expect((await visit('/page')).text).toBe('{"link":"own","run":2}');
    expect((await visit('/page', { 'X-Forwarded-Host': 'evil' })).text).toBe('{"link":"evil","run":1}');
  });

  it.each<[string, (visited: Record<string, string> | undefined) => unknown]>([
    ['reflected', (cookies) => cookies?.['theme'] ?? 'none'],
    ['listed', (cookies) => Object.keys(cookies ?? {}).length],
  ])('a cookie that is %s is stored for nobody, strict or not', async (_name, read) => {
    const visit = await start({
      path: 'page',
      handle: ({ cookies }) => ({ theme: read(cookies), run: runs.next() }),
    });
    await visit('/page', { Cookie: 'theme=<script>' });
    expect((await visit('/page')).text).toContain('"run":2');
    await visit('/page');
    expect((await visit('/page', { Cookie: 'theme=dark' })).text).toContain('"run":4');
  });

  it('a Host that nobody knows is neither answered from the cache nor stored', async () => {
    const visit = await start({
      path: 'page',
      handle: ({ headers }) => ({ canonical: headers.host, run: runs.next() }),
      options: { response: { hosts: ['one.example', 'two.example'] } },
    });
    expect((await visit('/page', { Host: 'evil.example' })).text).toContain('evil.example');
    expect((await visit('/page', { Host: 'one.example' })).text).toBe('{"canonical":"one.example","run":2}');
    expect((await visit('/page', { Host: 'two.example' })).text).toBe('{"canonical":"two.example","run":3}');
    expect((await visit('/page', { Host: 'one.example' })).text).toBe('{"canonical":"one.example","run":2}');
    expect((await visit('/page', { Host: 'evil.example' })).text).toContain('"run":4');
  });

  it('a forwarded host that nobody knows poisons none of the hosts that are told apart', async () => {
    runs = new Runs();
    app = await startAttackedApp({
      platform,
      controllers: [
        attackedRoutes({
          path: 'page',
          handle: (request) => ({ link: (request as { host?: string }).host, run: runs.next() }),
          options: { response: { strict: true, hosts: ['inner', 'one.example', 'two.example'] } },
        }),
      ],
      ...(platform === 'fastify' && { adapter: new FastifyAdapter({ trustProxy: true }) }),
      prepare: (nest) => platform === 'express' && nest.set('trust proxy', true),
    });
    const link = async (forwarded?: string): Promise<string> => {
      const named = forwarded === undefined ? {} : { 'X-Forwarded-Host': forwarded };
      return (await app.visit('/page', { Host: 'inner', ...named })).text;
    };
    for (const evil of ['evil.example', 'one.example:666']) expect(await link(evil)).toContain(evil);
    expect(await link()).toBe('{"link":"inner","run":3}');
    expect(await link('one.example')).toBe('{"link":"one.example","run":4}');
    expect(await link('two.example')).toBe('{"link":"two.example","run":5}');
    expect(await link('one.example')).toBe('{"link":"one.example","run":4}');
    expect(await link()).toBe('{"link":"inner","run":3}');
  });

  it('CVE-2024-46982: a header that switches the representation makes a variant of its own, or nothing', async () => {
    const visit = await start(
      {
        path: 'varied',
        handle: ({ headers }, response) => {
          response.header('Vary', 'X-Data');
          return headers['x-data'] === undefined ? '<html>' : { data: true };
        },
      },
      {
        path: 'silent',
        handle: ({ headers }) => (headers['x-data'] === undefined ? '<html>' : { data: runs.next() }),
        options: { response: { strict: true } },
      },
    );
    for (const path of ['/varied', '/silent']) {
      expect((await visit(path, { 'X-Data': '1' })).headers['content-type']).toContain('json');
      expect((await visit(path)).text).toBe('<html>');
      expect((await visit(path, { 'X-Data': '1' })).text).toContain('data');
      expect((await visit(path)).text).toBe('<html>');
    }
  });

  it('what is read of the address or the host is stored for nobody where the route is strict', async () => {
    const visit = await start(
      {
        path: 'host',
        handle: ({ hostname }) => ({ hostname, run: runs.next() }),
        options: { response: { strict: true } },
      },
      {
        path: 'headers',
        handle: ({ headers }) => ({ ...headers, run: runs.next() }),
        options: { response: { strict: true } },
      },
    );
    for (const path of ['/host', '/headers']) {
      runs.count = 0;
      await visit(path, { Host: 'evil.example' });
      const victim = await visit(path);
      expect(victim.text).not.toContain('evil.example');
      expect(victim.text).toContain('"run":2');
    }
  });

  it('what is in the key may be read where the route is strict', async () => {
    const visit = await start({
      path: 'page',
      handle: ({ headers, hostname }) => [headers['x-tenant'] ?? 'none', headers.host, hostname, runs.next()],
      options: { response: { strict: true, vary: ['X-Tenant'], hosts: ['one.example'] } },
    });
    const first = await visit('/page', { Host: 'one.example', 'X-Tenant': 'a' });
    expect((await visit('/page', { Host: 'one.example', 'X-Tenant': 'a' })).text).toBe(first.text);
    expect((await visit('/page', { Host: 'one.example' })).text).toContain('none');
  });

  it('a victim who waits for the handler of the attacker is not given its response', async () => {
    let goOn!: () => void;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const visit = await start({
      path: 'page',
      handle: async ({ cookies }) => {
        const run = runs.next();
        if (run === 1) await held;
        return { name: cookies?.['name'] ?? 'nobody', run };
      },
    });
    const attacker = visit('/page', { Cookie: 'name=evil' });
    await expect.poll(() => runs.count).toBe(1);
    const victim = send(app.url, '/page');
    goOn();
    expect((await attacker).text).toContain('evil');
    expect((await victim).text).toContain('nobody');
  });
});
