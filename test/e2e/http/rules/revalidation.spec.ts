import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { appsOn, MODES, platforms, type Handler } from './rule-app.js';

const MODIFIED = 'Tue, 01 Jan 2030 00:00:00 GMT';

/** A handler that asks to be asked each time, and answers as `again` says from the second run on. */
function asked(again: Handler, validator: Record<string, string> = { ETag: '"v1"' }) {
  const seen: [string | undefined, string | undefined][] = [];
  const handle: Handler = (request, response) => {
    seen.push([request.headers['if-none-match'], request.headers['if-modified-since']]);
    if (seen.length > 1) return again(request, response);
    for (const [name, value] of Object.entries(validator)) response.header(name, value);
    response.header('Cache-Control', 'no-cache');
    response.header('X-First', '1');
    response.header('X-Version', '1');
    return { made: 1 };
  };
  return { seen, handle };
}

const unmodified: Handler = (_request, response) => {
  response.header('Cache-Control', 'no-cache');
  response.header('X-Version', '2');
  response.status(304);
};

describe('rule 13: a stale response is validated by its handler', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    describe.each(MODES)('decided %s', (_mode, http) => {
      it('the handler sees its validators in the place of the client’s, and a 304 freshens what is stored', async () => {
        const { seen, handle } = asked(unmodified, { ETag: '"v1"', 'Last-Modified': MODIFIED });
        const { visit } = await start(handle, { http });
        await visit('/page', { 'If-None-Match': '"client"' });
        for (let count = 0; count < 2; count++) {
          await sleep(2);
          const { status, text, headers } = await visit('/page', { 'If-None-Match': '"client"' });
          expect([status, text]).toEqual([200, '{"made":1}']);
          expect(headers).toMatchObject({ etag: '"v1"', 'x-first': '1', 'x-version': '2' });
        }
        expect(seen).toEqual([
          [undefined, undefined],
          ['"v1"', MODIFIED],
          ['"v1"', MODIFIED],
        ]);
      });

      it('the client’s own condition is answered by what is stored', async () => {
        const { handle } = asked(unmodified);
        const { visit } = await start(handle, { http });
        await visit('/page');
        const mine = await visit('/page', { 'If-None-Match': 'W/"v1"' });
        expect([mine.status, mine.body.length, mine.headers.etag]).toEqual([304, 0, '"v1"']);
        expect((await visit('/page')).text).toBe('{"made":1}');
      });

      it('any other response takes its place', async () => {
        const { seen, handle } = asked((_request, response) => {
          response.header('ETag', `"v${seen.length}"`);
          response.header('Cache-Control', 'no-cache');
          return { made: seen.length };
        });
        const { visit } = await start(handle, { http });
        await visit('/page');
        const second = await visit('/page', { 'If-None-Match': '"v1"' });
        expect([second.status, second.text, second.headers['x-first']]).toEqual([
          200,
          '{"made":2}',
          undefined,
        ]);
        await visit('/page');
        expect(seen.map(([tag]) => tag)).toEqual([undefined, '"v1"', '"v2"']);
      });

      it('an error leaves what is stored', async () => {
        const { seen, handle } = asked((request, response) => {
          if (seen.length === 2) throw new Error('no');
          return unmodified(request, response);
        });
        const { visit } = await start(handle, { http });
        await visit('/page');
        expect((await visit('/page')).status).toBe(500);
        expect((await visit('/page')).text).toBe('{"made":1}');
      });
    });
  });
});
