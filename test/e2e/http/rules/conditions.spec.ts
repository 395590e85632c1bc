import fastifyCompress from '@fastify/compress';
import compression from 'compression';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { counter } from '../routes.js';
import { appsOn, MODES, platforms, type Handler, type RuleAppOptions } from './rule-app.js';

const MODIFIED = 'Tue, 01 Jan 2030 00:00:00 GMT';
/** What a 304 carries. */
const FIELDS = {
  'cache-control': /^max-age=(60|5\d)$/,
  'content-location': /^\/page\.json$/,
  date: / GMT$/,
  etag: /^"v1"$/,
  expires: /^Tue, 01 Jan 2030/,
  vary: /Accept-Language/,
};

const whole: Handler = (_request, response) => {
  response.header('Cache-Control', 'max-age=60');
  response.header('Content-Location', '/page.json');
  response.header('ETag', '"v1"');
  response.header('Expires', MODIFIED);
  response.header('Vary', 'Accept-Language');
  response.header('X-Other', '1');
  return { same: true };
};

describe('rule 12: conditional requests', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    /** Fills the cache and gives the tag of the response. */
    async function filled(handle: Handler = counter(), options: RuleAppOptions = {}) {
      const { visit } = await start(handle, options);
      const { headers, text } = await visit('/page');
      return { visit, tag: headers.etag ?? '', text };
    }

    it('a response carries a weak entity tag, on a miss and on a hit', async () => {
      const { visit, tag } = await filled();
      expect(tag).toMatch(/^W\/"[^"]+"$/);
      expect((await visit('/page')).headers.etag).toBe(tag);
    });

    it('a tag is made once', async () => {
      let made = 0;
      const { visit, tag } = await filled(counter(), {
        prepare: (nest) => {
          if (platform === 'express') nest.set('etag', () => `W/"${(made += 1)}"`);
        },
      });
      for (let count = 0; count < 3; count++) expect((await visit('/page')).headers.etag).toBe(tag);
      expect(made).toBe(platform === 'express' ? 1 : 0);
    });

    it('a matching If-None-Match on a hit is answered with 304 and no body', async () => {
      const { visit, tag } = await filled();
      for (const value of [tag, tag.replace('W/', ''), `"other", ${tag}`, `"a,b",${tag}`, '*']) {
        const reply = await visit('/page', { 'If-None-Match': value });
        expect([value, reply.status, reply.body.length]).toEqual([value, 304, 0]);
        expect(reply.headers).toMatchObject({ etag: tag });
        expect(reply.headers).not.toHaveProperty('content-type');
        expect(reply.headers).not.toHaveProperty('content-length');
      }
    });

    it.each(MODES)('a 304 carries its fields, on a miss and on a hit, decided %s', async (_mode, http) => {
      const { visit } = await start(whole, { http });
      for (const stage of ['miss', 'hit']) {
        const { status, headers, body } = await visit('/page', { 'If-None-Match': 'W/"v1"' });
        expect([stage, status, body.length]).toEqual([stage, 304, 0]);
        for (const [name, value] of Object.entries(FIELDS)) expect(String(headers[name])).toMatch(value);
      }
    });

    it('HEAD is answered by the same conditions', async () => {
      const { visit } = await filled(whole);
      const ask = (tag: string) => visit('/page', { 'If-None-Match': tag }, { method: 'HEAD' });
      expect((await ask('"v1"')).status).toBe(304);
      expect((await ask('"v2"')).status).toBe(200);
    });

    it('an If-None-Match that does not match is answered with the stored response, whatever the date', async () => {
      const { visit, text } = await filled();
      const reply = await visit('/page', { 'If-None-Match': '"other"', 'If-Modified-Since': MODIFIED });
      expect([reply.status, reply.text]).toEqual([200, text]);
    });

    it('If-Modified-Since counts where there is no If-None-Match', async () => {
      const { visit, text } = await filled((_request, response) => {
        response.header('Last-Modified', MODIFIED);
        return { same: true };
      });
      const later = await visit('/page', { 'If-Modified-Since': 'Wed, 02 Jan 2030 00:00:00 GMT' });
      expect([later.status, later.body.length]).toEqual([304, 0]);
      const earlier = await visit('/page', { 'If-Modified-Since': 'Mon, 31 Dec 2029 00:00:00 GMT' });
      expect([earlier.status, earlier.text]).toEqual([200, text]);
    });

    it('a miss is answered with 304 too, its handler sees no condition, and the whole response is stored', async () => {
      const seen: unknown[] = [];
      const { visit } = await start(({ headers }, response) => {
        seen.push([headers['if-none-match'], headers['if-modified-since']]);
        response.header('ETag', '"v1"');
        return { same: true };
      });
      const condition = { 'If-None-Match': '"v1"', 'If-Modified-Since': MODIFIED };
      const miss = await visit('/page', condition);
      expect([miss.status, miss.body.length]).toEqual([304, 0]);
      const hit = await visit('/page');
      expect([hit.status, hit.text, hit.headers.etag]).toEqual([200, '{"same":true}', '"v1"']);
      expect(hit.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(seen).toEqual([[undefined, undefined]]);
    });

    it('compression stays outside: plain bytes are stored, and each client gets its coding', async () => {
      const text = 'nestjs '.repeat(1_000);
      const run = counter();
      const { visit } = await start(() => `${run().run} ${text}`, {
        prepare: async (nest) => {
          if (platform === 'express') nest.use(compression({ threshold: 0 }));
          else await nest.register(fastifyCompress, { threshold: 0 });
        },
      });
      const zipped = await visit('/page', { 'Accept-Encoding': 'gzip' });
      expect(zipped.headers['content-encoding']).toBe('gzip');
      const plain = await visit('/page');
      expect(plain.headers).not.toHaveProperty('content-encoding');
      expect(plain.text).toBe(`1 ${text}`);
      const again = await visit('/page', { 'Accept-Encoding': 'gzip' });
      expect(again.headers['content-encoding']).toBe('gzip');
      expect(again.headers.vary?.toLowerCase()).toContain('accept-encoding');
      expect(gunzipSync(again.body).toString()).toBe(`1 ${text}`);
    });

    it.each(MODES)(
      'what a handler has coded itself is stored where Accept-Encoding is in the key only, decided %s',
      async (_mode, http) => {
        const coding =
          (vary?: string): Handler =>
          ({ headers }, response) => {
            response.header('Cache-Control', 'max-age=60');
            if (vary !== undefined) response.header('Vary', vary);
            const text = String(Math.random());
            if (headers['accept-encoding'] !== 'gzip') return text;
            response.header('Content-Encoding', 'gzip');
            response.header('Content-Type', 'text/plain');
            return platform === 'express' ? text : gzipSync(text);
          };
        const { keeps } = await start(
          {
            unkeyed: coding(),
            varied: coding('Accept-Encoding'),
            keyed: { handle: coding(), options: { response: { vary: ['accept-encoding'] } } },
          },
          { http },
        );
        const headers = { 'Accept-Encoding': 'gzip' };
        expect(await keeps('/unkeyed', headers)).toBe(false);
        expect(await keeps('/varied', headers)).toBe(true);
        expect(await keeps('/keyed', headers)).toBe(true);
      },
    );
  });
});
