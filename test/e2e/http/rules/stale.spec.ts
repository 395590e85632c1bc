import { HttpException, NotFoundException } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResponseOptions } from '../../../../src/di/response-options.js';
import { eventually } from '../../../support/eventually.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { send } from '../http-client.js';
import { counter } from '../routes.js';
import { appsOn, platforms, type Handler } from './rule-app.js';

/** A response is stale as soon as it is there, or a moment later. */
const ttl = 1;
const HOUR: ResponseOptions = { stale: { revalidate: '1h', error: '1h' } };

describe('rule 14: a stale response is served while it is renewed', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it('one run in the background renews it, for all processes', async () => {
      let runs = 0;
      let goOn: () => void = () => undefined;
      const page: Handler = async () => {
        const run = (runs += 1);
        if (run === 2) await new Promise<void>((resolve) => (goOn = resolve));
        return { run };
      };
      const shared = {
        cacheable: { ttl: '1s', response: HOUR },
        redis: redis.url,
        keyPrefix: `${platform}-renewed`,
      } as const;
      const apps = [await start(page, shared), await start(page, shared)] as const;
      const text = async (of: (typeof apps)[number]) => (await send(of.url, '/page')).text;
      expect(await text(apps[0])).toBe('{"run":1}');
      await eventually(async () => {
        expect(await text(apps[0])).toBe('{"run":1}');
        expect(runs).toBe(2);
      });
      for (let count = 0; count < 10; count++) {
        expect(await text(apps[count % 2 === 0 ? 0 : 1])).toBe('{"run":1}');
      }
      expect(runs).toBe(2);
      goOn();
      await eventually(async () => expect(await text(apps[1])).not.toBe('{"run":1}'));
    });

    /** Whether a response with this directive is served while it is renewed. */
    async function isServedStale(cacheControl: string | undefined, response: ResponseOptions, status = 200) {
      let runs = 0;
      const { visit } = await start(
        (_request, reply) => {
          reply.header('ETag', '"v1"');
          if (cacheControl !== undefined) reply.header('Cache-Control', cacheControl);
          reply.status(status);
          return { run: (runs += 1) };
        },
        { cacheable: { ttl, response } },
      );
      await visit('/page');
      // What is not served stale is made anew by each request that finds it so.
      for (let count = 0; count < 5; count++) {
        await sleep(2);
        const before = runs;
        const { text } = await visit('/page');
        if (runs > before) return text === `{"run":${before}}`;
      }
      return expect.fail('it is always fresh');
    }

    it('never with no-cache, must-revalidate, proxy-revalidate or s-maxage', async () => {
      const said = [
        'no-cache',
        'must-revalidate',
        'proxy-revalidate',
        's-maxage=0',
        'stale-while-revalidate=0',
      ];
      for (const one of said) expect([one, await isServedStale(one, HOUR)]).toEqual([one, false]);
      expect(await isServedStale(undefined, HOUR)).toBe(true);
      expect(await isServedStale('stale-while-revalidate=60', HOUR)).toBe(true);
      expect(await isServedStale(undefined, {})).toBe(false);
    });

    it('where the headers decide, only if they say so, and the policy too', async () => {
      const by = { ...HOUR, respectHeaders: true };
      expect(await isServedStale('max-age=0, stale-while-revalidate=60', by)).toBe(true);
      expect(await isServedStale('max-age=0', by)).toBe(false);
      expect(await isServedStale('max-age=0, stale-while-revalidate=60', { respectHeaders: true })).toBe(
        false,
      );
    });

    it('no error of the server', async () => {
      const by = { ...HOUR, respectHeaders: true };
      expect(await isServedStale('max-age=0, stale-while-revalidate=60', by, 404)).toBe(true);
      expect(await isServedStale('max-age=0, stale-while-revalidate=60', by, 503)).toBe(false);
    });

    it.each<[string, Handler]>([
      [
        'an exception of the client',
        () => {
          throw new NotFoundException('it is gone');
        },
      ],
      [
        'no content',
        (_request, reply) => {
          reply.status(204);
        },
      ],
    ])('%s in its place does not bring it back, in no process', async (_, gone) => {
      let isGone = false;
      const held: Promise<void>[] = [];
      const page: Handler = async (request, reply) => {
        await held[0];
        return isGone ? gone(request, reply) : { old: true };
      };
      const shared = {
        cacheable: { ttl, response: { stale: { error: '1h' } } },
        redis: redis.url,
        keyPrefix: `${platform}-gone-${_}`,
      } as const;
      const [one, other] = [await start(page, shared), await start(page, shared)];
      await one.visit('/page');
      await sleep(5);
      isGone = true;
      let goOn: () => void = () => undefined;
      held.push(new Promise((resolve) => (goOn = resolve)));
      const asked = [one, one, other].map((app) => send(app.url, '/page'));
      // They wait for one another, or run at once: neither may bring back what is gone.
      await sleep(100);
      goOn();
      for (const { status } of await Promise.all(asked)) expect(status).not.toBe(200);
      for (const { url } of [other, one, other]) expect((await send(url, '/page')).status).not.toBe(200);
    });

    it('a run that fails leaves it, and the next request tries again', async () => {
      let runs = 0;
      const { visit } = await start(
        () => {
          runs += 1;
          if (runs === 2) throw new Error('no');
          return { run: runs };
        },
        { cacheable: { ttl, response: { stale: { revalidate: '1h' } } } },
      );
      await visit('/page');
      await eventually(async () => {
        expect((await visit('/page')).text).not.toBe('{"run":2}');
        expect(runs).toBeGreaterThan(2);
      });
      await eventually(async () => expect((await visit('/page')).text).not.toBe('{"run":1}'));
    });

    it('is waited for at shutdown', async () => {
      let runs = 0;
      let goOn: () => void = () => undefined;
      const page: Handler = async () => {
        const run = (runs += 1);
        if (run === 2) await new Promise<void>((resolve) => (goOn = resolve));
        return { run };
      };
      const keyPrefix = `${platform}-shutdown`;
      const shared = { cacheable: { ttl: '1s', response: HOUR }, redis: redis.url, keyPrefix } as const;
      const app = await start(page, shared);
      await send(app.url, '/page');
      await eventually(async () => {
        await send(app.url, '/page');
        expect(runs).toBe(2);
      });
      let closed = false;
      const closing = app.close().then(() => (closed = true));
      await new Promise((resolve) => setImmediate(resolve));
      expect(closed).toBe(false);
      goOn();
      await closing;
      const other = await start(page, shared);
      expect((await send(other.url, '/page')).text).not.toBe('{"run":1}');
    });
  });
});

describe('rule 14: a stale response stands in the place of an error', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);

    /** What is answered, once a response is stale, when its handler fails in a way. */
    async function failing(cacheControl: string | undefined, response: ResponseOptions, fail: Handler) {
      let fails = false;
      const run = counter();
      const { visit } = await start(
        (request, reply) => {
          if (fails) return fail(request, reply);
          if (cacheControl !== undefined) reply.header('Cache-Control', cacheControl);
          // Without one, what is of no use is not stored.
          reply.header('ETag', '"v1"');
          return run();
        },
        { cacheable: { ttl, response } },
      );
      await visit('/page');
      fails = true;
      // Its life is over by then.
      await sleep(2);
      return (await visit('/page')).status;
    }

    const ERROR: ResponseOptions = { stale: { error: '1h' } };
    const thrown: Handler = () => {
      throw new Error('no');
    };
    const returned: Handler = (_request, reply) => {
      reply.status(503);
      return 'out of order';
    };

    it.each<[string, Handler]>([
      ['throws', thrown],
      [
        'throws a 5xx',
        () => {
          throw new HttpException('no', 502);
        },
      ],
      ['gives a 5xx', returned],
      ['rejects', async () => Promise.reject(new Error('no'))],
    ])('of a handler that %s', async (_name, fail) => {
      expect(await failing(undefined, ERROR, fail)).toBe(200);
    });

    it('not of one that says a 4xx', async () => {
      const missing: Handler = () => {
        throw new NotFoundException();
      };
      expect(await failing(undefined, ERROR, missing)).toBe(404);
    });

    it('not where nobody allows it, nor with no-cache, must-revalidate, proxy-revalidate or s-maxage', async () => {
      expect(await failing(undefined, {}, thrown)).toBe(500);
      for (const said of [
        'no-cache',
        'must-revalidate',
        'proxy-revalidate',
        's-maxage=0',
        'stale-if-error=0',
      ]) {
        expect([said, await failing(said, ERROR, thrown)]).toEqual([said, 500]);
      }
    });

    it('where the headers decide, by the policy alone, and by the directive alone', async () => {
      const respectHeaders = true;
      expect(await failing('max-age=0', { ...ERROR, respectHeaders }, thrown)).toBe(200);
      expect(await failing('max-age=0, stale-if-error=60', { respectHeaders }, thrown)).toBe(200);
      expect(await failing('max-age=0', { respectHeaders }, thrown)).toBe(500);
    });
  });
});
