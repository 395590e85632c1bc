import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ResponseCacheOptions } from '../../../../src/di/response-options.js';
import { counter } from '../routes.js';
import { appsOn, BY_HEADERS, MODES, platforms, type Handler } from './rule-app.js';

type Fields = Readonly<Record<string, string | string[]>>;

/** A handler that sets header fields. */
function setting(fields: () => Fields): Handler {
  const run = counter();
  return (_request, response) => {
    for (const [name, value] of Object.entries(fields())) response.header(name, value);
    return run();
  };
}

const seconds = (from: number, to: number) => [from * 1_000, to * 1_000] as const;
const inSeconds = (count: number) => new Date(Date.now() + count * 1_000);

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function rfc850(date: Date): string {
  const [, day, month, year = '', time] = date.toUTCString().split(' ');
  const name = date.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' });
  return `${name}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
}

/** `Sun Nov  6 08:49:37 1994` */
function asctime(date: Date): string {
  const [name = '', day = '', month, year, time] = date.toUTCString().split(' ');
  return `${name.slice(0, 3)} ${month} ${String(Number(day)).padStart(2, ' ')} ${time} ${year}`;
}

const UNSTORED: readonly Fields[] = [
  { 'Cache-Control': 'PRIVATE, max-age=60' },
  { 'Cache-Control': 'max-age=60,Private' },
  { 'Cache-Control': 'max-age=60 , NO-STORE ' },
  { 'Cache-Control': 'max-age=60, private="x-user"' },
  { 'Cache-Control': 'max-age="0"' },
  { 'Cache-Control': 'max-age=60, max-age=0' },
  { 'Cache-Control': ['max-age=60', 'max-age=0'] },
  { 'Cache-Control': 'public, max-age=0' },
  { 'Cache-Control': 'max-age=soon' },
  { 'Cache-Control': 's-maxage=0, max-age=60' },
  { 'Cache-Control': 'max-age=60', Age: '60' },
  { Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' },
  // Of the last century: it is not more than 50 years ahead.
  { Expires: 'Friday, 01-Jan-99 00:00:00 GMT' },
  { Expires: 'Thu Jan  1 00:00:00 1970' },
  { Expires: '0' },
  { Expires: 'tomorrow' },
  { 'Cache-Control': 'no-cache' },
];

const HARMLESS: readonly Fields[] = [
  { 'Cache-Control': 'x-private-ext, max-age=60' },
  { 'Cache-Control': 'ext="private, no-store", max-age=60' },
  { 'Cache-Control': 'max-age=60, not-no-store' },
];

describe('rule 7: directives are parsed', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    /** Which of several routes, each with fields of its own, have their responses stored. */
    async function among(fields: readonly Fields[], http: ResponseCacheOptions) {
      const routes = fields.map((one, index) => [`${index}`, setting(() => one)] as const);
      const { keeps } = await start(Object.fromEntries(routes), { http });
      const kept: Fields[] = [];
      for (const [index, one] of fields.entries()) if (await keeps(`/${index}`)) kept.push(one);
      return { kept, all: fields };
    }

    describe.each(MODES)('decided %s', (_mode, http) => {
      it('what forbids to store a response is found however it is written', async () => {
        const { kept } = await among(UNSTORED, http);
        expect(kept).toEqual([]);
      });

      it('a name that only looks like a directive does not count', async () => {
        const { kept, all } = await among(HARMLESS, http);
        expect(kept).toEqual(all);
      });

      it.each<[string, () => Fields, readonly [number, number]]>([
        ['s-maxage before max-age', () => ({ 'Cache-Control': 'max-age=600, s-maxage=60' }), seconds(30, 60)],
        [
          'max-age before Expires',
          () => ({ 'Cache-Control': 'max-age=60', Expires: inSeconds(250).toUTCString() }),
          seconds(30, 60),
        ],
        [
          'Expires, less Date',
          () => ({
            Date: inSeconds(-1_000).toUTCString(),
            Expires: inSeconds(60).toUTCString(),
          }),
          seconds(10, 61),
        ],
        [
          'Expires as of RFC 850, a year of two digits',
          () => ({ Expires: rfc850(inSeconds(60)) }),
          seconds(10, 61),
        ],
        ['Expires as of asctime()', () => ({ Expires: asctime(inSeconds(60)) }), seconds(10, 61)],
        ['less Age', () => ({ 'Cache-Control': 'max-age=100', Age: '40' }), seconds(30, 60)],
        ['an Age that is none', () => ({ 'Cache-Control': 'max-age=100', Age: '-40' }), seconds(70, 100)],
        ['a quoted number', () => ({ 'Cache-Control': 'max-age="60"' }), seconds(30, 60)],
        ['the stricter of two', () => ({ 'Cache-Control': 'max-age=250, max-age=60' }), seconds(30, 60)],
      ])('a response lives by %s', async (_name, fields, [least, most]) => {
        const { keeps, lives } = await start(setting(fields), { http });
        expect(await keeps('/page')).toBe(true);
        const [life, ...others] = await lives();
        expect(others).toEqual([]);
        expect(life).toBeGreaterThan(least);
        expect(life).toBeLessThanOrEqual(most);
      });

      it('max-age=0 is stored with a validator, and its handler is asked each time', async () => {
        const asked: unknown[] = [];
        const { visit } = await start(
          ({ headers }, response) => {
            asked.push(headers['if-none-match']);
            response.header('Cache-Control', 'max-age=0');
            response.header('ETag', '"v1"');
            if (headers['if-none-match'] === '"v1"') return void response.status(304);
            return { made: asked.length };
          },
          { http },
        );
        const texts: string[] = [];
        for (let count = 0; count < 3; count++) {
          texts.push((await visit('/page')).text);
          // The shortest life that a store knows.
          await sleep(2);
        }
        expect(texts).toEqual(['{"made":1}', '{"made":1}', '{"made":1}']);
        expect(asked).toEqual([undefined, '"v1"', '"v1"']);
      });
    });

    it('where the route decides, a response can shorten its ttl and not lengthen it', async () => {
      const { visit, lives } = await start(
        setting(() => ({ 'Cache-Control': 'max-age=9999' })),
        {
          cacheable: { ttl: '1m' },
        },
      );
      await visit('/page');
      expect((await lives())[0]).toBeLessThanOrEqual(60_000);
    });

    it('where the headers decide, one that says nothing of how long it is fresh is not stored', async () => {
      const { keeps } = await start(counter(), { http: BY_HEADERS });
      expect(await keeps('/page')).toBe(false);
    });
  });
});
