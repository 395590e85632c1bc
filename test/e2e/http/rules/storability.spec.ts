import { StreamableFile } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { counter } from '../routes.js';
import { appsOn, BY_HEADERS, MODES, platforms, type Handler, type RuleRoute } from './rule-app.js';

type Fields = Readonly<Record<string, string | string[]>>;

let runs = 0;

/** A handler whose response says how long it is fresh, and more. */
const setting =
  (fields: Fields, body: () => unknown = () => ({ run: (runs += 1) })): Handler =>
  (_request, response) => {
    response.header('Cache-Control', 'max-age=60');
    for (const [name, value] of Object.entries(fields)) response.header(name, value);
    return body();
  };

// Nest 11 does not iterate over what it is given: the run is counted outside.
const iterated = () => {
  const text = String((runs += 1));
  return (async function* () {
    yield text;
  })();
};

const NEVER: Record<string, RuleRoute> = {
  cookie: setting({ 'Set-Cookie': 'a=1' }),
  cookies: setting({ 'set-cookie': ['a=1', 'b=2'] }),
  'no-store': setting({ 'Cache-Control': 'no-store' }),
  private: setting({ 'Cache-Control': 'private, max-age=60' }),
  'any-vary': setting({ Vary: 'Accept, *' }),
  'no-cache': setting({ 'Cache-Control': 'no-cache' }),
  file: setting({}, () => {
    runs += 1;
    return new StreamableFile(Buffer.from('file'));
  }),
  node: setting({}, () => Readable.from([`${(runs += 1)}`])),
  iterable: setting({}, iterated),
  web: setting({}, () => new Response(`${(runs += 1)}`, { headers: { 'cache-control': 'max-age=60' } })),
  large: setting({}, () => `${(runs += 1)}${'x'.repeat(1_000)}`),
};

/** What a route would hardly set on what it means to be cached. */
const DOUBTFUL: Record<string, RuleRoute> = {
  part: setting({ 'Content-Range': 'bytes 0-1/2' }),
  challenge: setting({ 'WWW-Authenticate': 'Basic' }),
  clearing: setting({ 'Clear-Site-Data': '"cache"' }),
};

describe('rule 6: what may be stored, whoever decides', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    /** The routes whose handlers run for a second request, too. */
    async function runTwice(routes: Record<string, RuleRoute>, http: object): Promise<string[]> {
      const { visit } = await start(routes, { http: { ...http, maxBodyBytes: 1_000 } });
      const twice: string[] = [];
      for (const name of Object.keys(routes)) {
        runs = 0;
        await visit(`/${name}`);
        await visit(`/${name}`);
        if (runs === 2) twice.push(name);
      }
      return twice;
    }

    it.each(MODES)('never what is for one client, and never streams, decided %s', async (_mode, http) => {
      expect(await runTwice(NEVER, http)).toEqual(Object.keys(NEVER));
    });

    it('where the route decides, nothing that asks who it is, that is a part or that clears', async () => {
      expect(await runTwice(DOUBTFUL, {})).toEqual(Object.keys(DOUBTFUL));
      expect(await runTwice(DOUBTFUL, BY_HEADERS)).toEqual([]);
    });

    it.each(MODES)(
      'a body of `maxBodyBytes` is, and a longer one is not, decided %s',
      async (_mode, http) => {
        const sized = (length: number) => setting({}, () => String((runs += 1)).padEnd(length, 'x'));
        expect(await runTwice({ fits: sized(1_000), longer: sized(1_001) }, http)).toEqual(['longer']);
      },
    );

    it.each(MODES)(
      'no-cache is with a validator, and is never served unasked, decided %s',
      async (_mode, http) => {
        const asked: unknown[] = [];
        const { visit } = await start(
          ({ headers }, response) => {
            asked.push(headers['if-none-match']);
            response.header('Cache-Control', 'no-cache');
            response.header('ETag', '"v1"');
            return { run: asked.length };
          },
          { http: { ...http, stale: { revalidate: '1h', error: '1h' } } },
        );
        expect((await visit('/page')).text).toBe('{"run":1}');
        // It is fresh for a millisecond, in which its handler answers and is asked nothing.
        await eventually(async () => {
          const { text } = await visit('/page');
          expect([text, asked.at(-1)]).toEqual([`{"run":${asked.length}}`, '"v1"']);
        });
      },
    );

    it('a cookie that is only set while the head is written keeps the response out', async () => {
      const { visit } = await start(counter(), {
        prepare: (nest) =>
          nest.use((_request: unknown, response: ServerResponse, next: () => void) => {
            const { writeHead } = response;
            Object.assign(response, {
              writeHead(this: ServerResponse, ...args: Parameters<typeof writeHead>) {
                this.setHeader('Set-Cookie', 'late=1');
                return Reflect.apply(writeHead, this, args);
              },
            });
            next();
          }),
      });
      expect((await visit('/page')).headers['set-cookie']).toEqual(['late=1']);
      expect((await visit('/page')).text).toBe('{"run":2}');
    });
  });
});
