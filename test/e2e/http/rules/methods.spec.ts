import { All, Controller, Get, Post, Req } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { eventually } from '../../../support/eventually.js';
import { counter } from '../routes.js';
import { appsOn, MODES, platforms } from './rule-app.js';

let runs = 0;

@Controller('any')
class AnyMethodController {
  @All()
  @Cacheable()
  all(@Req() request: { method: string }) {
    return `${request.method} ${(runs += 1)}`;
  }

  @Post('post')
  @Cacheable()
  post() {
    return { run: (runs += 1) };
  }

  @Get('get')
  @Cacheable()
  get() {
    return { run: (runs += 1) };
  }
}

describe('rule 2: only GET is cached, and what is no plain GET passes by', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    it('only GET is cached, whatever methods the route takes', async () => {
      runs = 0;
      const { visit, keeps } = await start({}, { controllers: [AnyMethodController] });
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        for (const expected of [`${method} ${runs + 1}`, `${method} ${runs + 2}`]) {
          expect((await visit('/any', {}, { method })).text).toBe(expected);
        }
      }
      expect(await keeps('/any')).toBe(true);
      const before = runs;
      await visit('/any/post', {}, { method: 'POST' });
      await visit('/any/post', {}, { method: 'POST' });
      expect(runs).toBe(before + 2);
    });

    it('HEAD is answered from the entry of GET and never makes one', async () => {
      runs = 0;
      const { visit } = await start({}, { controllers: [AnyMethodController] });
      await visit('/any/get', {}, { method: 'HEAD' });
      const miss = await visit('/any/get');
      expect(miss.text).toBe('{"run":2}');
      const head = await visit('/any/get', {}, { method: 'HEAD' });
      expect(runs).toBe(2);
      expect(head.body.length).toBe(0);
      for (const name of ['content-type', 'content-length', 'etag']) {
        expect(head.headers[name]).toBe(miss.headers[name]);
      }
    });

    it.each<[string, Record<string, string>, string | undefined]>([
      ['a body', { 'Content-Length': '2' }, '{}'],
      ['a body in chunks', { 'Transfer-Encoding': 'chunked' }, ''],
      ['an upgrade', { Upgrade: 'h2c' }, undefined],
      ['another method', { 'X-HTTP-Method-Override': 'DELETE' }, undefined],
      ['another method, named otherwise', { 'X-HTTP-Method': 'DELETE' }, undefined],
      ['another method, named in a third way', { 'X-Method-Override': 'DELETE' }, undefined],
      ['a precondition', { 'If-Match': '"x"' }, undefined],
      ['a precondition by date', { 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, undefined],
    ])('a GET with %s is neither answered from the cache nor fills it', async (_name, headers, body) => {
      const { visit } = await start(counter());
      const more = body === undefined ? {} : { body };
      await visit('/page', headers, more);
      expect((await visit('/page')).text).toBe('{"run":2}');
      expect((await visit('/page', headers, more)).text).not.toBe('{"run":2}');
      expect((await visit('/page', { 'Content-Length': '0' })).text).toBe('{"run":2}');
    });

    it('GETs with a body run sixteen at a time, and all are answered', async () => {
      let running = 0;
      let most = 0;
      let goOn: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      const { visit } = await start(async () => {
        most = Math.max(most, (running += 1));
        await held;
        running -= 1;
        return { done: true };
      });
      const options = [{ 'Content-Length': '2' }, { body: '{}' }] as const;
      const asked = Array.from({ length: 20 }, () => visit('/page', ...options));
      await eventually(() => expect(running).toBe(16));
      // One without a body does not wait for them.
      const other = visit('/page');
      await eventually(() => expect(running).toBe(17));
      goOn();
      for (const { text } of await Promise.all([...asked, other])) expect(text).toBe('{"done":true}');
      expect(most).toBe(17);
    });

    it('a range is answered with the whole response, and its handler does not see it', async () => {
      const run = counter();
      const { visit, keeps } = await start(({ headers }) => ({
        ...run(),
        range: headers.range ?? null,
        since: headers['if-none-match'] ?? null,
      }));
      const headers = { Range: 'bytes=0-1', 'If-Range': '"x"', 'If-None-Match': '"x"' };
      const miss = await visit('/page', headers);
      expect([miss.status, miss.text]).toEqual([200, '{"run":1,"range":null,"since":null}']);
      expect(await keeps('/page', headers)).toBe(true);
      expect((await visit('/page')).text).toBe(miss.text);
      const hit = await visit('/page', { Range: 'bytes=0-1' });
      expect([hit.status, hit.text, hit.headers['content-range']]).toEqual([200, miss.text, undefined]);
    });
  });
});

describe('rule 19: no client can force a run', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    it.each(MODES)('no directive of a request does, decided %s', async (_mode, http) => {
      const run = counter();
      const { visit } = await start(
        (_request, response) => {
          response.header('Cache-Control', 'max-age=60');
          return run();
        },
        { http },
      );
      await visit('/page');
      for (const directive of [
        'no-cache',
        'max-age=0',
        'no-cache, max-age=0',
        'min-fresh=9999',
        'no-store',
      ]) {
        const { text } = await visit('/page', { 'Cache-Control': directive, Pragma: 'no-cache' });
        expect([directive, text]).toEqual([directive, '{"run":1}']);
      }
    });

    it('no-store of a request keeps its response out, and lets it be answered from the cache', async () => {
      const { visit, keeps } = await start(counter());
      const headers = { 'Cache-Control': 'No-Store' };
      expect(await keeps('/page', headers)).toBe(false);
      const { text } = await visit('/page');
      expect((await visit('/page', headers)).text).toBe(text);
    });

    it('no header switches the cache off', async () => {
      const { visit } = await start(counter());
      await visit('/page');
      for (const name of ['X-No-Cache', 'X-Cache-Bypass', 'X-Refresh', 'Cache', 'Purpose', 'X-Bypass']) {
        expect((await visit('/page', { [name]: '1' })).text).toBe('{"run":1}');
      }
    });
  });
});
