import { afterEach, describe, expect, it } from 'vitest';
import { send } from '../http-client.js';
import { platforms, startApp, type ResponseApp } from '../response-app.js';
import { cachedRoutes, counter, type Route } from '../routes.js';

const modified = 'Tue, 01 Jan 2030 00:00:00 GMT';

describe('rule 12: conditional requests', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(() => app?.close());

    async function start(handle: Route): Promise<ResponseApp> {
      app = await startApp({ platform, controllers: [cachedRoutes('', { page: handle })] });
      return app;
    }

    /** Fills the cache and gives the tag of the response. */
    async function filled(handle: Route = counter()) {
      const { url, storage } = await start(handle);
      const { headers, text } = await send(url, '/page');
      await storage.drain();
      return { url, tag: headers.etag ?? '', text };
    }

    it('a response carries a weak entity tag, on a miss and on a hit', async () => {
      const { url, tag } = await filled();
      expect(tag).toMatch(/^W\/"[^"]+"$/);
      expect((await send(url, '/page')).headers.etag).toBe(tag);
    });

    it('a matching If-None-Match on a hit is answered with 304 and no body', async () => {
      const { url, tag } = await filled((_request, response) => {
        response.header('Cache-Control', 'max-age=60');
        response.header('Content-Location', '/page.json');
        return { same: true };
      });
      for (const value of [tag, tag.replace('W/', ''), `"other", ${tag}`, '*']) {
        const reply = await send(url, '/page', { headers: { 'If-None-Match': value } });
        expect([value, reply.status, reply.body.length]).toEqual([value, 304, 0]);
        expect(reply.headers).toMatchObject({ etag: tag, 'content-location': '/page.json' });
        expect(reply.headers['cache-control']).toMatch(/^max-age=(60|5\d)$/);
        expect(reply.headers).not.toHaveProperty('content-type');
        expect(reply.headers).not.toHaveProperty('content-length');
      }
    });

    it('an If-None-Match that does not match is answered with the stored response', async () => {
      const { url, text } = await filled();
      const reply = await send(url, '/page', {
        headers: { 'If-None-Match': '"other"', 'If-Modified-Since': modified },
      });
      expect([reply.status, reply.text]).toEqual([200, text]);
    });

    it('If-Modified-Since counts where there is no If-None-Match', async () => {
      const { url, text } = await filled((_request, response) => {
        response.header('Last-Modified', modified);
        return { same: true };
      });
      const later = await send(url, '/page', {
        headers: { 'If-Modified-Since': 'Wed, 02 Jan 2030 00:00:00 GMT' },
      });
      expect([later.status, later.body.length]).toEqual([304, 0]);
      const earlier = await send(url, '/page', {
        headers: { 'If-Modified-Since': 'Mon, 31 Dec 2029 00:00:00 GMT' },
      });
      expect([earlier.status, earlier.text]).toEqual([200, text]);
    });

    it('a miss is answered with 304 too, and the whole response is stored', async () => {
      let runs = 0;
      const { url, storage } = await start((_request, response) => {
        runs += 1;
        response.header('ETag', '"v1"');
        return { same: true };
      });
      const miss = await send(url, '/page', { headers: { 'If-None-Match': '"v1"' } });
      expect([miss.status, miss.body.length]).toEqual([304, 0]);
      await storage.drain();
      const hit = await send(url, '/page');
      expect([hit.status, hit.text, hit.headers.etag]).toEqual([200, '{"same":true}', '"v1"']);
      expect(hit.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(runs).toBe(1);
    });
  });
});
