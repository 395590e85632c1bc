import { Header, HttpCode, NotFoundException, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { throwError } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../http-client.js';
import { platforms, startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, type AnyResponse, type Route } from '../routes.js';

let runs = 0;

/** A route that sets header fields and counts its runs. */
const setting =
  (fields: Record<string, string | string[]>): Route =>
  (_request, response) => {
    for (const [name, value] of Object.entries(fields)) response.header(name, value);
    return { run: (runs += 1) };
  };

const counted = () => ({ run: (runs += 1) });
const withStatus =
  (status: number): Route =>
  (_request, response: AnyResponse) => {
    response.status(status);
    return counted();
  };

const never: Record<string, Route> = {
  'one-cookie': setting({ 'Set-Cookie': 'a=1' }),
  'two-cookies': setting({ 'set-cookie': ['a=1', 'b=2'] }),
  'no-store': setting({ 'Cache-Control': 'no-store' }),
  private: setting({ 'Cache-Control': 'private' }),
  'private-in-capitals': setting({ 'Cache-Control': 'max-age=60,PRIVATE' }),
  'private-fields': setting({ 'Cache-Control': 'private="x-user"' }),
  'no-cache': setting({ 'Cache-Control': 'no-cache' }),
  'max-age-0': setting({ 'Cache-Control': 'public, max-age=0' }),
  'quoted-max-age-0': setting({ 'Cache-Control': 'max-age="0"' }),
  'duplicate-max-age': setting({ 'Cache-Control': 'max-age=60, max-age=0' }),
  's-maxage-0': setting({ 'Cache-Control': 's-maxage=0, max-age=60' }),
  expired: setting({ Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }),
  'expires-0': setting({ Expires: '0' }),
  'used-up': setting({ 'Cache-Control': 'max-age=60', Age: '60' }),
  'vary-star': setting({ Vary: '*' }),
  'vary-star-in-a-list': setting({ Vary: 'Accept-Encoding , * ' }),
  'content-range': setting({ 'Content-Range': 'bytes 0-1/2' }),
  challenge: setting({ 'WWW-Authenticate': 'Basic' }),
  'clear-site-data': setting({ 'Clear-Site-Data': '"cache"' }),
  'one-origin': setting({ 'Access-Control-Allow-Origin': 'https://one.example' }),
  'decorated-private': { decorators: [Header('Cache-Control', 'private')], handle: counted },
  'decorated-no-store': { decorators: [Header('Cache-Control', 'No-Store')], handle: counted },
  'decorated-cookie': { decorators: [Header('Set-Cookie', 'a=1')], handle: counted },
  'code-201': { decorators: [HttpCode(201)], handle: counted },
  'code-204': { decorators: [HttpCode(204)], handle: counted },
  'status-202': withStatus(202),
  'status-206': withStatus(206),
  'status-404': withStatus(404),
  'status-500': withStatus(500),
  exception: () => {
    counted();
    throw new NotFoundException();
  },
  failure: () => {
    counted();
    throw new Error('no');
  },
  'failed-observable': () => {
    counted();
    return throwError(() => new Error('no'));
  },
  nothing: () => void counted(),
  file: () => {
    counted();
    return new StreamableFile(Buffer.from('file'));
  },
  large: () => `${counted().run}${'x'.repeat(1024 * 1024)}`,
};

describe('rule 6: what is never stored', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp;

    beforeAll(async () => {
      app = await startApp({ platform, controllers: [cachedRoutes('never', never)] });
    });
    afterAll(() => app.close());

    it.each(Object.keys(never))('%s', async (name) => {
      runs = 0;
      await send(app.url, `/never/${name}`);
      await app.storage.drain();
      await send(app.url, `/never/${name}`);
      expect(runs).toBe(2);
    });

    it('a name that only looks like a directive does not count', async () => {
      runs = 0;
      const routes = cachedRoutes('kept', {
        'private-ext': setting({ 'Cache-Control': 'x-private-ext, max-age=60' }),
        'quoted-private': setting({ 'Cache-Control': 'ext="private, no-store", max-age=60' }),
        'any-origin': setting({ 'Access-Control-Allow-Origin': '*' }),
      });
      const kept = await startApp({ platform, controllers: [routes] });
      try {
        for (const name of ['private-ext', 'quoted-private', 'any-origin']) {
          const first = await send(kept.url, `/kept/${name}`);
          await kept.storage.drain();
          expect((await send(kept.url, `/kept/${name}`)).text).toBe(first.text);
        }
        expect(runs).toBe(3);
      } finally {
        await kept.close();
      }
    });
  });
});

describe('rule 6: never stored, since it is streamed', () => {
  it.each(platforms)('async iterables and node streams on %s', async (platform) => {
    const routes = cachedRoutes('streams', {
      iterable: () => {
        const { run } = counted();
        return (async function* () {
          yield String(run);
        })();
      },
      node: () => Readable.from([`${counted().run}`]),
    });
    const app = await startApp({ platform, controllers: [routes] });
    try {
      for (const name of ['iterable', 'node']) {
        runs = 0;
        await send(app.url, `/streams/${name}`);
        await app.storage.drain();
        await send(app.url, `/streams/${name}`);
        expect(runs).toBe(2);
      }
    } finally {
      await app.close();
    }
  });
});

describe('rule 6: never stored, since it has trailers', () => {
  it('a reply of Fastify', async () => {
    const routes = cachedRoutes('', {
      page: (_request, response) => {
        response.trailer?.('x-sum', (_reply, _payload, done) => done(null, '1'));
        return counted();
      },
    });
    const app = await startApp({ platform: 'fastify', controllers: [routes] });
    try {
      runs = 0;
      for (const expected of ['{"run":1}', '{"run":2}']) {
        const reply = await send(app.url, '/page');
        expect([reply.headers.trailer, reply.text]).toEqual(['x-sum', expected]);
        await app.storage.drain();
      }
    } finally {
      await app.close();
    }
  });
});
