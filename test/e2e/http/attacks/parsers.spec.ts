import type { FastifyInstance } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { platforms, type Platform } from '../response-app.js';
import { attackedRoutes, Runs, startAttackedApp, type AttackedApp, type Visit } from './attacked-app.js';

/** Gathers `a[]`, `a[0]` and `a[b]` under `a`, as larger parsers do. */
function gathering(text: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const base = name.split('[', 1)[0] ?? '';
    const before = found[base];
    found[base] = before === undefined ? value : [before, value].flat();
  }
  return found;
}

describe.each(platforms)('parameter cloaking, with a parser that gathers names, on %s', (platform) => {
  let app: AttackedApp;
  let runs: Runs;
  afterEach(() => app.close());

  async function start(query?: readonly string[]): Promise<Visit> {
    runs = new Runs();
    app = await startAttackedApp({
      platform,
      ...(platform === ('fastify' satisfies Platform) && {
        adapter: new FastifyAdapter({ routerOptions: { querystringParser: gathering } }),
      }),
      controllers: [
        attackedRoutes({
          path: 'page',
          handle: (request) => ({ id: request.query['id'] ?? null, run: runs.next() }),
          ...(query && { options: { response: { query } } }),
        }),
      ],
      prepare: (nest) => {
        const instance = nest.getHttpAdapter().getInstance() as unknown as {
          set?: unknown;
        } & FastifyInstance;
        if (platform === 'express')
          (nest.set as (name: string, value: unknown) => void)('query parser', gathering);
        return instance;
      },
    });
    return app.visit;
  }

  it.each([
    ['with all parameters in the key', undefined],
    ['with one in the key', ['id']],
  ])('%s no spelling of another name reaches a victim', async (_name, query) => {
    const visit = await start(query);
    const victim = '/page?id=1';
    for (const cloaked of ['id[]=2', 'id[0]=2', 'id%5B%5D=2', '%69d[]=2', 'i%64%5b0%5d=2', 'id[x]=2']) {
      await app.cache().clear();
      expect((await visit(`${victim}&${cloaked}`)).text).toContain('"id":["1","2"]');
      expect([cloaked, (await visit(victim)).text]).toEqual([cloaked, expect.stringContaining('"id":"1"')]);
      await app.cache().clear();
      expect((await visit(victim)).text).toContain('"id":"1"');
      expect((await visit(`${victim}&${cloaked}`)).text).toContain('"id":["1","2"]');
    }
  });
});

describe.each(platforms)('cache busting on %s', (platform) => {
  let app: AttackedApp;
  let runs: Runs;
  afterEach(() => app.close());

  async function start(query?: readonly string[]): Promise<Visit> {
    runs = new Runs();
    app = await startAttackedApp({
      platform,
      controllers: [
        attackedRoutes({
          path: 'page',
          handle: () => ({ run: runs.next(), padding: 'x'.repeat(1_000) }),
          ...(query && { options: { response: { query } } }),
        }),
      ],
      caches: { default: { memory: { max: 50, maxBytes: 10_000_000 } } },
    });
    return app.visit;
  }

  async function stored(): Promise<number> {
    const keys: string[] = [];
    for await (const key of app.cache().namespace('http-responses').keys()) keys.push(key);
    return keys.length;
  }

  it('random parameters take no more memory than the cache may have', async () => {
    const visit = await start();
    for (let index = 0; index < 150; index += 1) await visit(`/page?${Math.random()}=${index}`);
    expect(await stored()).toBeLessThanOrEqual(50);
  });

  it('random parameters run no handler where the key leaves them out', async () => {
    const visit = await start(['page']);
    await visit('/page?page=1');
    for (let index = 0; index < 20; index += 1) await visit(`/page?page=1&${Math.random()}=${index}`);
    expect([runs.count, await stored()]).toEqual([1, 1]);
  });

  it('random headers make no variants without end, and the response is still served', async () => {
    runs = new Runs();
    const varied = attackedRoutes({
      path: 'varied',
      handle: ({ headers }, response) => {
        response.header('Vary', 'X-Random');
        return { said: headers['x-random'] ?? 'nothing', run: runs.next() };
      },
    });
    app = await startAttackedApp({ platform, controllers: [varied] });
    for (let index = 0; index < 100; index += 1) {
      const said = `v${index}`;
      expect((await app.visit('/varied', { 'X-Random': said })).text).toContain(`"${said}"`);
    }
    expect(await stored()).toBeLessThanOrEqual(40);
    expect((await app.visit('/varied', { 'X-Random': 'v0' })).text).toContain('"v0"');
  });

  it('too many parameters and too long targets are answered and stored nowhere', async () => {
    const visit = await start();
    const many = Array.from({ length: 100 }, (_, index) => `p${index}=1`).join('&');
    expect((await visit(`/page?${many}`)).status).toBe(200);
    expect((await visit(`/page?q=${'x'.repeat(5_000)}`)).status).toBe(200);
    expect(await stored()).toBe(0);
  });

  it('no directive of a request forces a run', async () => {
    const visit = await start();
    await visit('/page');
    for (const headers of [
      { 'Cache-Control': 'no-cache' },
      { 'Cache-Control': 'max-age=0' },
      { 'Cache-Control': 'no-store' },
      { Pragma: 'no-cache' },
      { Range: 'bytes=0-1' },
      { 'If-None-Match': '"x"' },
      { Cookie: `visitor=${Math.random()}` },
    ] as Record<string, string>[]) {
      await visit('/page', headers);
    }
    expect(runs.count).toBe(1);
  });
});
