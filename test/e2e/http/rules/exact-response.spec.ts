import { Controller, Get, Header, Res } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { of } from 'rxjs';
import type { ResponseOptions } from '../../../../src/di/response-options.js';
import { comparable, send } from '../http-client.js';
import { Cached, platforms, startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, type Route } from '../routes.js';

interface AnyResponse {
  header(name: string, value: string | string[]): unknown;
}

const values: Record<string, () => unknown> = {
  object: () => ({ name: 'Ærøskøbing', tags: ['a', 'b'], at: new Date(0), none: undefined }),
  array: () => [1, 2, 3],
  string: () => 'plain ünïcode 🏝',
  empty: () => '',
  buffer: () => Buffer.from([0, 255, 10, 13]),
  number: () => 42,
  boolean: () => false,
  null: () => null,
  promise: async () => ({ later: true }),
  observable: () => of(1, 2, { last: true }),
};

const calls = new Map<string, number>();
function count(name: string): void {
  calls.set(name, (calls.get(name) ?? 0) + 1);
}

/** Every kind of value on a cached route and on a twin that is not cached. */
function valueController(cached: boolean) {
  @Controller(cached ? 'cached' : 'plain')
  class ValueController {}
  for (const [name, make] of Object.entries(values)) {
    const method = () => {
      if (cached) count(name);
      return make();
    };
    Object.defineProperty(ValueController.prototype, name, {
      value: method,
      configurable: true,
      writable: true,
    });
    const descriptor = Object.getOwnPropertyDescriptor(ValueController.prototype, name) as PropertyDescriptor;
    Get(name)(ValueController.prototype, name, descriptor);
    if (cached) Cached()(ValueController.prototype, name, descriptor);
  }
  return ValueController;
}

@Controller()
class HeaderController {
  @Get('cached/headers')
  @Cached()
  @Header('X-Static', 'one')
  @Header('Content-Type', 'application/vnd.city+json')
  headers(@Res({ passthrough: true }) response: AnyResponse) {
    count('headers');
    return this.#answer(response);
  }

  @Get('plain/headers')
  @Header('X-Static', 'one')
  @Header('Content-Type', 'application/vnd.city+json')
  plain(@Res({ passthrough: true }) response: AnyResponse) {
    return this.#answer(response);
  }

  #answer(response: AnyResponse) {
    response.header('X-Mixed-Case', 'kept');
    response.header('Link', ['</a>; rel=next', '</b>; rel=prev']);
    // A date does not shrink with every second, as max-age does.
    response.header('Expires', 'Sun, 01 Jan 2090 00:00:00 GMT');
    response.header('Last-Modified', 'Tue, 01 Jan 2030 00:00:00 GMT');
    return { ok: true };
  }
}

describe('rule 11: a hit is the same response', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp;

    beforeAll(async () => {
      app = await startApp({
        platform,
        controllers: [valueController(true), valueController(false), HeaderController],
      });
    });
    afterAll(() => app.close());

    it.each([...Object.keys(values), 'headers'])(
      'is the same response, byte for byte, for %s',
      async (name) => {
        calls.delete(name);
        const miss = await send(app.url, `/cached/${name}`);
        await app.storage.drain();
        const hit = await send(app.url, `/cached/${name}`);
        const twin = await send(app.url, `/plain/${name}`);

        expect(calls.get(name)).toBe(1);
        expect(hit.status).toBe(twin.status);
        expect(hit.body.equals(twin.body)).toBe(true);
        expect(miss.body.equals(twin.body)).toBe(true);
        expect(comparable(hit)).toEqual(comparable(miss));
        const withoutTag = comparable(hit).filter((field) => !/^etag:/i.test(field));
        expect(withoutTag).toEqual(comparable(twin).filter((field) => !/^etag:/i.test(field)));
        if (platform === 'express') expect(comparable(hit)).toEqual(comparable(twin));
      },
    );
  });
});

describe('rule 11: what a hit says of its age', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(() => app?.close());

    const MADE = Date.UTC(2030, 0, 1);

    /** Fills the cache, and gives what asks for the page so many seconds later. */
    async function stored(fields: Record<string, string>, response: ResponseOptions = {}) {
      let now = MADE;
      const clock = { now: () => now, monotonic: () => now, schedule: () => () => {}, afterInput: () => {} };
      const page: Route = (_request, reply) => {
        for (const [name, value] of Object.entries(fields)) reply.header(name, value);
        return 'text';
      };
      const { url, storage } = (app = await startApp({
        platform,
        clock,
        controllers: [cachedRoutes('', { page }, Cached({ response }))],
      }));
      await send(url, '/page');
      await storage.drain();
      return async (seconds: number) => {
        now = MADE + seconds * 1_000;
        return (await send(url, '/page')).headers;
      };
    }

    it('where the route decides, max-age and s-maxage are what is left of them, and there is no Age', async () => {
      const after = await stored({ 'Cache-Control': 'public, s-maxage=100, max-age=30' });
      const headers = await after(20.5);
      expect(headers['cache-control']).toBe('public, s-maxage=80, max-age=10');
      expect(headers).not.toHaveProperty('age');
      // Of the moment that it is sent, as from an origin.
      expect(Date.parse(String(headers.date))).not.toBe(MADE);
      expect((await after(40))['cache-control']).toBe('public, s-maxage=60, max-age=0');
    });

    it('where the headers decide, it carries its Age and the Date it was made at', async () => {
      const after = await stored(
        { 'Cache-Control': 'public, max-age=300', Date: new Date(MADE).toUTCString() },
        { respectHeaders: true },
      );
      const headers = await after(20.5);
      expect(headers).toMatchObject({
        age: '20',
        date: new Date(MADE).toUTCString(),
        'cache-control': 'public, max-age=300',
      });
    });

    it('where the headers decide, an Age of before is added to', async () => {
      const after = await stored({ 'Cache-Control': 'max-age=300', Age: '100' }, { respectHeaders: true });
      expect((await after(20)).age).toBe('120');
    });

    it('it says how long it is, and has its tag', async () => {
      const after = await stored({ ETag: '"v1"' });
      expect(await after(1)).toMatchObject({ 'content-length': '4', etag: '"v1"' });
    });
  });
});
