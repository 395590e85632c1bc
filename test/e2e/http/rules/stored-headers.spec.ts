import { Header } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { comparable } from '../http-client.js';
import { counter } from '../routes.js';
import { appsOn, platforms, type Handler, type RuleAppOptions } from './rule-app.js';

/** Middleware that sets fields, as they are at each request. */
const setting = (fields: () => Record<string, string>): NonNullable<RuleAppOptions['prepare']> => {
  return (nest) =>
    nest.use((_request: unknown, response: ServerResponse, next: () => void) => {
      for (const [name, value] of Object.entries(fields())) response.setHeader(name, value);
      next();
    });
};

describe('rule 8: which header fields are judged, stored and given back', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    async function missAndHit(handle: Handler, options: RuleAppOptions = {}) {
      const { visit } = await start(handle, options);
      return { miss: await visit('/page'), hit: await visit('/page') };
    }

    it('what @Header and middleware say is judged as what the handler says', async () => {
      const run = counter();
      const decorated = (name: string, value: string) => ({
        handle: run,
        decorators: [Header(name, value)],
      });
      const { keeps } = await start({
        private: decorated('Cache-Control', 'private'),
        'no-store': decorated('Cache-Control', 'No-Store'),
        cookie: decorated('Set-Cookie', 'a=1'),
        vary: decorated('Vary', '*'),
        plain: run,
      });
      for (const path of ['/private', '/no-store', '/cookie', '/vary']) {
        expect([path, await keeps(path)]).toEqual([path, false]);
      }
      expect(await keeps('/plain')).toBe(true);
      const wrapped = await start(run, { prepare: setting(() => ({ 'Set-Cookie': 'visitor=1' })) });
      expect(await wrapped.keeps('/page')).toBe(false);
    });

    it('stored is what @Header and the handler set; what middleware sets is its own on each hit', async () => {
      let requests = 0;
      const run = counter();
      const { visit } = await start(
        {
          page: {
            decorators: [Header('X-Decorated', '1')],
            handle: (_request, response) => {
              response.header('X-Handler', '1');
              return run();
            },
          },
        },
        { prepare: setting(() => ({ 'X-Served': String((requests += 1)) })) },
      );
      const [miss, hit] = [await visit('/page'), await visit('/page')];
      expect([miss.text, hit.text]).toEqual(['{"run":1}', '{"run":1}']);
      expect([miss.headers['x-served'], hit.headers['x-served']]).toEqual(['1', '2']);
      expect(hit.headers).toMatchObject({ 'x-decorated': '1', 'x-handler': '1' });
    });

    it('several fields of one name stay several', async () => {
      const { miss, hit } = await missAndHit((_request, response) => {
        response.header('Link', ['</a>; rel=next', '</b>; rel=prev']);
        return 'text';
      });
      const links = (raw: readonly string[]) =>
        raw.filter((_value, at) => raw[at - 1]?.toLowerCase() === 'link');
      expect(links(hit.rawHeaders)).toEqual(['</a>; rel=next', '</b>; rel=prev']);
      expect(links(hit.rawHeaders)).toEqual(links(miss.rawHeaders));
    });

    it('fields of one request and of the connection are not kept', async () => {
      const { miss, hit } = await missAndHit(
        (_request, response) => {
          for (const name of ['X-Request-Id', 'X-RateLimit-Remaining', 'Traceparent', 'Server-Timing']) {
            response.header(name, '1');
          }
          response.header('X-Node', '1');
          response.header('Connection', 'X-Hop');
          response.header('X-Hop', '1');
          response.header('X-Kept', '1');
          return 'text';
        },
        { http: { perRequestHeaders: ['X-Node'] } },
      );
      const dropped = [
        'x-request-id',
        'x-ratelimit-remaining',
        'traceparent',
        'server-timing',
        'x-hop',
        'x-node',
      ];
      for (const name of dropped) {
        expect(miss.headers).toHaveProperty(name);
        expect(hit.headers).not.toHaveProperty(name);
      }
      expect(hit.headers['x-kept']).toBe('1');
    });

    it('a field that the handler takes away is not there on a hit either', async () => {
      const { miss, hit } = await missAndHit(
        (_request, response) => {
          response.removeHeader('X-Frame-Options');
          response.raw?.removeHeader('X-Frame-Options');
          return 'text';
        },
        { prepare: setting(() => ({ 'X-Frame-Options': 'DENY' })) },
      );
      expect(miss.headers).not.toHaveProperty('x-frame-options');
      expect(comparable(hit)).toEqual(comparable(miss));
    });

    it('the origin that CORS allows is that of each request', async () => {
      const { visit } = await start(counter(), {
        prepare: (nest) => nest.enableCors({ origin: ['https://a.example', 'https://b.example'] }),
      });
      const miss = await visit('/page', { Origin: 'https://a.example' });
      const hit = await visit('/page', { Origin: 'https://b.example' });
      expect([miss.text, hit.text]).toEqual(['{"run":1}', '{"run":1}']);
      expect(hit.headers['access-control-allow-origin']).toBe('https://b.example');
      expect(hit.headers.vary).toContain('Origin');
    });

    it('an origin that the handler allows by itself keeps its response out, unless that is said to be of one request', async () => {
      const run = counter();
      const allowing =
        (origin: string): Handler =>
        (_request, response) => {
          response.header('Access-Control-Allow-Origin', origin);
          return run();
        };
      const { keeps } = await start({
        one: allowing('https://a.example'),
        any: allowing('*'),
        dropped: {
          handle: allowing('https://a.example'),
          options: { response: { perRequestHeaders: ['access-control-allow-origin'] } },
        },
      });
      expect([await keeps('/one'), await keeps('/any'), await keeps('/dropped')]).toEqual([
        false,
        true,
        true,
      ]);
    });

    it('Vary of a hit is united with what middleware says of this request', async () => {
      let asked = 0;
      const { hit } = await missAndHit(
        (_request, response) => {
          response.header('Vary', 'Accept-Language, x-mine');
          return 'text';
        },
        {
          prepare: setting((): Record<string, string> => ((asked += 1) > 1 ? { Vary: 'X-Mine, X-Now' } : {})),
        },
      );
      expect(hit.headers.vary).toBe('X-Mine, X-Now, Accept-Language');
    });

    it('a page with the nonce of its own policy is not stored', async () => {
      const { miss, hit } = await missAndHit((_request, response) => {
        const nonce = Math.random().toString(36).slice(2);
        response.header('Content-Security-Policy', `script-src 'nonce-${nonce}'`);
        return `<script nonce="${nonce}">`;
      });
      expect(hit.text).not.toBe(miss.text);
    });
  });
});
