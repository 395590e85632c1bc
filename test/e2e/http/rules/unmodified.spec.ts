import { HttpException } from '@nestjs/common';
import { throwError } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { startExchangeApp, type ExchangeApp } from '../exchange-app.js';
import { send } from '../http-client.js';
import { platforms } from '../response-app.js';
import { cachedRoutes, type AnyRequest, type AnyResponse, type Route } from '../routes.js';

const modified = 'Tue, 01 Jan 2030 00:00:00 GMT';
const unmodified = () => new HttpException('Not Modified', 304);

const ways: Record<string, (request: AnyRequest, response: AnyResponse) => unknown> = {
  'the status': (_request, response) => void response.status(304),
  'the status, later': async (_request, response) => {
    await Promise.resolve();
    response.status(304);
    return null;
  },
  'an exception': () => {
    throw unmodified();
  },
  'an observable that fails': () => throwError(unmodified),
};

describe('rule 13: a 304 of the handler', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ExchangeApp | undefined;
    afterEach(() => app?.close());

    /** What each run was asked by, and what it is answered with from the second on. */
    async function start(again: (request: AnyRequest, response: AnyResponse) => unknown) {
      const asked: unknown[] = [];
      const page: Route = (request, response) => {
        const { 'if-none-match': tag, 'if-modified-since': since } = request.headers;
        asked.push([tag, since]);
        if (asked.length > 1) return again(request, response);
        response.header('ETag', '"v1"');
        response.header('Last-Modified', modified);
        response.header('Cache-Control', 'max-age=1');
        response.header('X-Kept', 'first');
        return { first: true };
      };
      app = await startExchangeApp({
        platform,
        controllers: [cachedRoutes('', { page })],
        hit: 'revalidate',
      });
      const miss = await send(app.url, '/page', { headers: { 'If-None-Match': '"client"' } });
      return { ...app, asked, miss };
    }

    it.each(Object.entries(ways))('a 304 by %s is answered with the stored response', async (_name, way) => {
      const { url, asked, miss } = await start((request, response) => {
        response.header('Cache-Control', 'max-age=2');
        return way(request, response);
      });
      const reply = await send(url, '/page', { headers: { 'If-None-Match': '"client"' } });
      expect(asked).toEqual([
        [undefined, undefined],
        ['"v1"', modified],
      ]);
      expect([reply.status, reply.text]).toEqual([200, miss.text]);
      expect(reply.headers).toMatchObject({
        etag: '"v1"',
        'content-type': 'application/json; charset=utf-8',
        'content-length': '14',
        'x-kept': 'first',
        'cache-control': 'max-age=2',
      });
    });

    it.each(Object.entries(ways))('a 304 by %s freshens what is stored', async (_name, way) => {
      const { url, stored, offered, heads } = await start((request, response) => {
        response.header('Cache-Control', 'max-age=2');
        return way(request, response);
      });
      await send(url, '/page');
      expect(offered).toHaveLength(2);
      expect(heads[1]?.status).toBe(200);
      expect(stored.get('/page')).toMatchObject({ status: 200, body: Buffer.from('{"first":true}') });
      expect(offered[1]?.fields.get('cache-control')).toBe('max-age=2');
      expect(offered[1]?.fields.get('x-kept')).toBe('first');
    });

    it("the client's own conditions are answered by the stored response", async () => {
      const { url, stored } = await start(() => {
        throw unmodified();
      });
      const reply = await send(url, '/page', { headers: { 'If-None-Match': '"v1"' } });
      expect([reply.status, reply.body.length, reply.headers.etag]).toEqual([304, 0, '"v1"']);
      expect(stored.get('/page')?.body?.toString()).toBe('{"first":true}');
    });

    it('another response takes the place of the stored one', async () => {
      const { url, stored } = await start((_request, response) => {
        response.header('ETag', '"v2"');
        return { second: true };
      });
      const reply = await send(url, '/page', { headers: { 'If-None-Match': '"v1"' } });
      expect([reply.status, reply.text, reply.headers.etag]).toEqual([200, '{"second":true}', '"v2"']);
      expect(reply.headers).not.toHaveProperty('x-kept');
      expect(stored.get('/page')?.body?.toString()).toBe('{"second":true}');
    });

    it('another exception is replied to as ever', async () => {
      const { url, stored } = await start(() => {
        throw new HttpException('teapot', 418);
      });
      expect((await send(url, '/page')).status).toBe(418);
      expect(stored.get('/page')?.body?.toString()).toBe('{"first":true}');
    });
  });
});
