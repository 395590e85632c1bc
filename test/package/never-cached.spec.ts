import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { attackedRoutes, parseCookies, type Handler } from '../e2e/http/attacks/attacked-app.js';
import { send } from '../e2e/http/http-client.js';
import { startModuleApp, type AnyApplication, type ModuleApp } from '../e2e/http/module-app.js';
import { platforms } from '../e2e/http/response-app.js';
import { ROOT } from '../support/source-tree.js';
import {
  JudgedController,
  MIDDLEWARE,
  PagesController,
  PushyModule,
  REFUSED,
  RefusedController,
} from './refused-pages.js';

const plain: Handler = () => ({});
let page: string;

const read = (name: string): Promise<string> => readFile(join(ROOT, 'docs/guide', name), 'utf8');

/** The part of the page under a heading. */
function under(heading: string): string {
  return page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
}

/** The first column of its table. */
function reasonsUnder(heading: string): string[] {
  const rows = [...under(heading).matchAll(/^\| (?:`` (.+?) ``|`([^`]+)`) \|/gm)];
  const reasons = rows.map(([, ticked, reason]) => String(ticked ?? reason));
  return reasons.filter((reason) => reason !== 'detail').toSorted();
}

/** The lines that some text shows. */
function examplesIn(text: string): string[] {
  return [...text.matchAll(/^```text\n(.*?)\n```$/gms)].map(([, line]) => String(line));
}

function prepare(app: AnyApplication): void {
  parseCookies(app);
  const identify = (request: object, url: string | undefined): void => {
    if (url === '/known') Object.assign(request, { user: { id: 1 } });
    if (url === '/in-session') Object.assign(request, { session: { cart: 1 } });
  };
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const { url = '' } = request as { readonly originalUrl?: string; readonly url?: string };
    const [name, value] = MIDDLEWARE[url] ?? [];
    if (name !== undefined && value !== undefined) response.setHeader(name, value);
    identify(request, url);
    next();
  });
}

describe.each(platforms)('docs/guide/responses-never-cached.md, on %s', (platform) => {
  let app: ModuleApp | undefined;
  let said: string[];

  beforeAll(async () => {
    page = await read('responses-never-cached.md');
  });

  beforeEach(() => {
    said = [];
    for (const level of ['log', 'warn', 'error'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void said.push(String(line)));
    }
  });

  afterEach(async () => {
    await app?.close();
    vi.restoreAllMocks();
  });

  /** What was said in lines of a form, which is that of the example on the page. */
  function reasonsSaid(form: RegExp): string[] {
    const reasons = said.flatMap((line) => form.exec(line)?.[1] ?? []);
    return [...new Set(reasons)].toSorted();
  }

  it('has every line that is logged of a route, and no other', async () => {
    const form = /^Responses of \w+\.\w+ are never cached: (.*)\.$/;
    app = await startModuleApp({ platform, controllers: [RefusedController] });
    const paths = ['events', 'rendered', 'redirect', 'own', 'address', 'language', 'headers'];
    for (const path of paths) await send(app.url, `/routes/${path}`);
    await send(app.url, '/routes/change', { method: 'POST' });
    await app.close();
    app = await startModuleApp({
      platform,
      controllers: [attackedRoutes({ path: 'page', handle: plain })],
      imports: [PushyModule],
    });
    await send(app.url, '/page');
    expect(reasonsSaid(form)).toEqual(reasonsUnder('Routes'));
    const [first, atStart] = examplesIn(under('Routes'));
    expect(first).toMatch(form);
    expect(said).toContain(atStart);
  });

  it('has every line that is logged of a response, and no other', async () => {
    const form = /^A response of \w+\.\w+ was not stored: (.*)\.$/;
    app = await startModuleApp({
      platform,
      controllers: [attackedRoutes(...REFUSED), JudgedController],
      prepare,
    });
    const headers = { Cookie: 'theme=dark' };
    for (const { path } of REFUSED) {
      const own = path === 'credentials' ? { Authorization: 'Bearer ann' } : headers;
      await send(app.url, `/${path}`, { headers: own });
    }
    for (const path of ['silent', 'unless', 'replaced']) await send(app.url, `/judged/${path}`);
    await app.drain();
    expect(reasonsSaid(form)).toEqual(reasonsUnder('Responses'));
    expect(examplesIn(under('Responses'))).toEqual([expect.stringMatching(form)]);
  });

  it('has every detail of Cache-Status, and no other', async () => {
    const form = /^nestjs-redis-cache; fwd=bypass; detail="(.*)"$/;
    const paths = ['page', 'known', 'in-session', 'said-private'];
    app = await startModuleApp({
      platform,
      controllers: [attackedRoutes(...paths.map((path) => ({ path, handle: plain })))],
      http: { cacheStatus: true, sessionCookies: ['sid'] },
      prepare,
    });
    const asked: [string, Record<string, string>, string?][] = [
      ...paths.slice(1).map((path) => [path, {}] as [string, Record<string, string>]),
      ['page', { Authorization: 'Bearer ann' }],
      ['page', { Cookie: 'sid=1' }],
      ['page', { 'X-HTTP-Method-Override': 'DELETE' }],
      ['page', { 'Content-Length': '2' }, '{}'],
    ];
    for (const [path, headers, body] of asked) {
      const reply = await send(app.url, `/${path}`, { headers, ...(body !== undefined && { body }) });
      said.push(String(reply.headers['cache-status']));
    }
    expect(reasonsSaid(form)).toEqual(reasonsUnder('Requests'));
    const [example = ''] = examplesIn(under('Requests'));
    expect(example.replace('Cache-Status: ', '')).toMatch(form);
  });

  it('and the lines of the taint check are logged', async () => {
    app = await startModuleApp({ platform, controllers: [PagesController], prepare });
    said = [];
    for (const path of ['find', 'list']) await send(app.url, `/tainted/${path}`);
    await app.drain();
    expect(said).toEqual(examplesIn(await read('responses-taint-check.md')));
  });
});
