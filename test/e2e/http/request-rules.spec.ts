import { All, Controller, Get, Post, Req } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { send } from './http-client.js';
import { Cached, platforms, startApp, type ResponseApp } from './response-app.js';
import { cachedRoutes, counter, type AnyRequest, type Route } from './routes.js';

let runs = 0;

@Controller('any')
class AnyMethodController {
  @All()
  @Cached()
  all(@Req() request: { method: string }) {
    return `${request.method} ${(runs += 1)}`;
  }

  @Post('post')
  @Cached()
  post() {
    return { run: (runs += 1) };
  }

  @Get('get')
  @Cached()
  get() {
    return { run: (runs += 1) };
  }
}

describe.each(platforms)('requests on %s', (platform) => {
  let app: ResponseApp | undefined;
  afterEach(() => app?.close());

  async function start(routes: Record<string, Route>): Promise<ResponseApp> {
    runs = 0;
    app = await startApp({ platform, controllers: [AnyMethodController, cachedRoutes('', routes)] });
    return app;
  }

  async function isHit(path: string, headers: Record<string, string> = {}, extra: { body?: string } = {}) {
    const { url, storage } = app as ResponseApp;
    const first = await send(url, path, { headers, ...extra });
    await storage.drain();
    const second = await send(url, path, { headers, ...extra });
    await storage.drain();
    return second.status === 200 && first.text === second.text;
  }

  it('only GET is cached, whatever methods the route takes', async () => {
    const { url, storage } = await start({});
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      for (const expected of [`${method} ${runs + 1}`, `${method} ${runs + 2}`]) {
        expect((await send(url, '/any', { method })).text).toBe(expected);
        await storage.drain();
      }
    }
    expect(await isHit('/any')).toBe(true);
    const before = runs;
    await send(url, '/any/post', { method: 'POST' });
    await send(url, '/any/post', { method: 'POST' });
    expect(runs).toBe(before + 2);
  });

  it('HEAD is answered from the entry of GET and never makes one', async () => {
    const { url, storage } = await start({});
    await send(url, '/any/get', { method: 'HEAD' });
    await storage.drain();
    const miss = await send(url, '/any/get');
    expect(miss.text).toBe('{"run":2}');
    await storage.drain();
    const head = await send(url, '/any/get', { method: 'HEAD' });
    expect(runs).toBe(2);
    expect(head.body.length).toBe(0);
    for (const name of ['content-type', 'content-length', 'etag']) {
      expect(head.headers[name]).toBe(miss.headers[name]);
    }
  });

  it('with a body, an upgrade, another method in a header or a precondition pass by', async () => {
    await start({ page: counter() });
    expect(await isHit('/page', { 'Content-Length': '2' }, { body: '{}' })).toBe(false);
    expect(await isHit('/page', { 'Transfer-Encoding': 'chunked' }, { body: '' })).toBe(false);
    expect(await isHit('/page', { 'X-HTTP-Method-Override': 'DELETE' })).toBe(false);
    expect(await isHit('/page', { 'X-HTTP-Method': 'DELETE' })).toBe(false);
    expect(await isHit('/page', { 'X-Method-Override': 'DELETE' })).toBe(false);
    expect(await isHit('/page', { Upgrade: 'h2c' })).toBe(false);
    expect(await isHit('/page', { 'If-Match': '"x"' })).toBe(false);
    expect(await isHit('/page', { 'Content-Length': '0' })).toBe(true);
  });

  it('cannot force a run, and no-store only keeps the response out', async () => {
    const { url } = await start({ page: counter() });
    expect(await isHit('/page', { 'Cache-Control': 'no-store' })).toBe(false);
    expect(await isHit('/page')).toBe(true);
    const stored = (await send(url, '/page')).text;
    for (const directive of ['no-cache', 'max-age=0', 'no-store', 'no-cache, max-age=0']) {
      const reply = await send(url, '/page', { headers: { 'Cache-Control': directive, Pragma: 'no-cache' } });
      expect(reply.text).toBe(stored);
    }
  });

  it('with Range are answered with the whole response, and the handler does not see the range', async () => {
    const run = counter();
    const { url } = await start({
      page: ({ headers }) => ({
        ...run(),
        range: headers.range ?? null,
        since: headers['if-none-match'] ?? null,
      }),
    });
    const headers = { Range: 'bytes=0-1', 'If-Range': '"x"', 'If-None-Match': '"x"' };
    const reply = await send(url, '/page', { headers });
    expect([reply.status, reply.text]).toEqual([200, '{"run":1,"range":null,"since":null}']);
    expect(await isHit('/page', headers)).toBe(true);
    expect((await send(url, '/page')).text).toBe(reply.text);
  });

  it('differ by path parameters, by query and by route', async () => {
    const run = counter();
    const handle = ({ params, query }: AnyRequest) => ({ ...run(), params, query });
    const { url, storage } = await start({
      one: { path: 'one/:a/:b', handle },
      two: { path: 'two/:a', handle },
    });
    const seen = new Map<string, string>();
    const paths = [
      '/one/a/bc',
      '/one/ab/c',
      '/one/A/bc',
      '/two/a',
      '/two/a?x',
      '/two/a?x=',
      '/two/a?x=1',
      '/two/a?y=1',
    ];
    const more = [
      '/two/a?x=1&x=2',
      '/two/a?x=2&x=1',
      '/two/a?x=1%262',
      '/two/a?x=1+2',
      '/two/a?x=1%2B2',
      '/two/%C3%A9',
    ];
    for (const path of [...paths, ...more]) {
      seen.set(path, (await send(url, path)).text);
      await storage.drain();
    }
    expect(new Set(seen.values()).size).toBe(seen.size);
    for (const [path, text] of seen) expect((await send(url, path)).text).toBe(text);
  });

  it('whose parameters only stand in another order share a response', async () => {
    const { url, storage } = await start({ page: counter() });
    await send(url, '/page?b=2&a=1&a=0');
    await storage.drain();
    expect((await send(url, '/page?a=1&a=0&b=2')).text).toBe('{"run":1}');
  });

  it('with an ambiguous path or a very long query pass by', async () => {
    await start({
      file: { path: platform === 'express' ? 'files/*path' : 'files/*', handle: counter() },
      page: counter(),
    });
    const ambiguous = ['a%2Fb', 'a%5Cb', 'a;b', 'a%3Bb', 'a//b', 'a/./b', 'a/%2e%2e/b', 'a%00b'];
    for (const path of ambiguous) expect([path, await isHit(`/files/${path}`)]).toEqual([path, false]);
    expect(await isHit('/files/a/b')).toBe(true);
    const many = Array.from({ length: 65 }, (_, index) => `p${index}=1`).join('&');
    expect(await isHit(`/page?${many}`)).toBe(false);
    expect(await isHit(`/page?q=${'x'.repeat(4_100)}`)).toBe(false);
    expect(await isHit('/page?q=%zz')).toBe(true);
  });
});
