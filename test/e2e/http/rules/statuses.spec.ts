import { HttpException, NotFoundException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type { ResponseOptions } from '../../../../src/di/response-options.js';
import { counter } from '../routes.js';
import { appsOn, BY_HEADERS, platforms, type Handler, type RuleRoute } from './rule-app.js';

/** Answers with a status, as often as it is asked. */
function answering(status: number, cacheControl?: string): Handler {
  const run = counter();
  return (_request, response) => {
    response.status(status);
    if (cacheControl !== undefined) response.header('Cache-Control', cacheControl);
    return run();
  };
}

const throwing = (status: number): Handler => {
  const run = counter();
  return () => {
    throw new HttpException(run(), status);
  };
};

describe('rule 5: which statuses are stored', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    /** The statuses that are stored, of routes that answer with one each. */
    async function stored(
      statuses: readonly number[],
      route: (status: number) => RuleRoute,
      options: Parameters<typeof start>[1] = {},
    ): Promise<number[]> {
      const routes = Object.fromEntries(statuses.map((status) => [`${status}`, route(status)]));
      const app = await start(routes, options);
      const found: number[] = [];
      for (const status of statuses) {
        await app.visit(`/${status}`);
        // Some have no body that tells one run from another.
        const again = await app.visit(`/${status}`);
        if (String(again.headers['cache-status']).includes('hit')) found.push(status);
      }
      return found;
    }

    const ALL = [200, 201, 202, 203, 204, 206, 300, 301, 308, 400, 404, 405, 410, 414, 451, 500, 501, 503];

    it('where the route decides, 200 alone', async () => {
      expect(await stored(ALL, (status) => answering(status), { http: { cacheStatus: true } })).toEqual([
        200,
      ]);
    });

    it('where the route decides, others that it lists, for the time that it says', async () => {
      const listed = [203, 204, 301, 308, 404, 410];
      const response: ResponseOptions = { statuses: listed, negativeTtl: '30s', cacheStatus: true };
      const cacheable = { ttl: '10m', response } as const;
      expect(await stored(ALL, (status) => answering(status), { cacheable })).toEqual([200, ...listed]);
      const { visit, lives } = await start(answering(404), { cacheable });
      await visit('/page');
      const [life = 0] = await lives();
      expect(life).toBeGreaterThan(10_000);
      expect(life).toBeLessThanOrEqual(30_000);
    });

    it('ten seconds, where it does not say for how long', async () => {
      const { visit, lives } = await start(answering(404), { cacheable: { response: { statuses: [404] } } });
      await visit('/page');
      expect((await lives())[0]).toBeLessThanOrEqual(10_000);
    });

    it('an exception of a listed status is stored as its filter replies to it', async () => {
      const response: ResponseOptions = { statuses: [404] };
      const run = counter();
      const missing = () => {
        throw new NotFoundException(run());
      };
      const { visit } = await start({ missing, gone: throwing(410) }, { cacheable: { response } });
      const [miss, hit] = [await visit('/missing'), await visit('/missing')];
      expect([miss.status, miss.text]).toEqual([404, '{"run":1}']);
      expect([hit.status, hit.text]).toEqual([404, '{"run":1}']);
      expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
      expect([(await visit('/gone')).text, (await visit('/gone')).text]).toEqual(['{"run":1}', '{"run":2}']);
    });

    it.each([100, 206, 304, 400, 401, 429, 500, 503])(
      'an application that lists %i does not start',
      async (status) => {
        const cacheable = { response: { statuses: [status] } };
        await expect(start(counter(), { cacheable })).rejects.toThrow('statuses: may have statuses');
      },
    );

    it('where the headers decide, every final one that says how long it is fresh, but 206 and 304', async () => {
      const http = { ...BY_HEADERS, cacheStatus: true };
      const fresh = (status: number) => answering(status, 'max-age=60');
      expect(await stored(ALL, fresh, { http })).toEqual(ALL.filter((status) => status !== 206));
      expect(await stored([304], fresh, { http })).toEqual([]);
      expect(await stored(ALL, (status) => answering(status), { http })).toEqual([]);
    });

    it('where the headers decide, must-understand counts before no-store for statuses whose rules are kept', async () => {
      const http = { ...BY_HEADERS, cacheStatus: true };
      const understood = (status: number) => answering(status, 'must-understand, no-store, max-age=60');
      expect(await stored([200, 203, 404, 418, 599], understood, { http })).toEqual([200, 203, 404]);
      const only = (status: number) => answering(status, 'must-understand, max-age=60');
      expect(await stored([200, 418, 599], only, { http })).toEqual([200]);
      const by = (status: number) => answering(status, 'must-understand, no-store, max-age=60');
      expect(await stored([200], by, { http: { cacheStatus: true } })).toEqual([]);
    });
  });
});
