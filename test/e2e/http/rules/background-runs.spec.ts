import { Header, HttpCode, StreamableFile } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { startExchangeApp, type ExchangeApp, type ExchangeAppOptions } from '../exchange-app.js';
import { comparable, send } from '../http-client.js';
import { platforms } from '../response-app.js';
import { cachedRoutes, type AnyRequest, type AnyResponse, type Route } from '../routes.js';

interface Response extends AnyResponse {
  readonly headersSent?: boolean;
  readonly sent?: boolean;
  readonly statusCode: number;
  getHeader(name: string): unknown;
  send(body: unknown): unknown;
  end?(body: string): unknown;
}

let runs = 0;

/** What a handler gives: on the first run, and on the runs in the background. */
const changing =
  (first: Route | undefined, again: (request: AnyRequest, response: Response) => unknown): Route =>
  (request, response) => {
    runs += 1;
    if (runs > 1) return again(request, response as Response);
    return typeof first === 'function' ? first(request, response) : { run: runs };
  };

describe('rule 14: a run in the background', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ExchangeApp | undefined;
    const errors: unknown[] = [];
    const note = (error: unknown) => errors.push(error);

    afterEach(async () => {
      await app?.close();
      process.off('uncaughtException', note).off('unhandledRejection', note);
      expect(errors).toEqual([]);
    });

    /** A miss, a hit with a run behind it, and the hit after that. */
    async function refreshed(page: Route, options: Partial<ExchangeAppOptions> = {}) {
      runs = 0;
      process.on('uncaughtException', note).on('unhandledRejection', note);
      app = await startExchangeApp({
        platform,
        controllers: [cachedRoutes('', { page })],
        hit: 'refresh',
        ...options,
      });
      const miss = await send(app.url, '/page');
      const stale = await send(app.url, '/page');
      await app.refreshes[0];
      const offers = app.offered.length - 1;
      const hit = await send(app.url, '/page');
      await Promise.all(app.refreshes);
      return { miss, stale, hit, offers, ...app };
    }

    const counted = () => ({ run: (runs += 1) });

    it('renews the response, which is the same but for its body', async () => {
      const page = {
        decorators: [Header('X-Static', 'one'), HttpCode(200)],
        handle: (_request: AnyRequest, response: AnyResponse) => {
          response.header('X-Mixed-Case', 'kept');
          response.header('Link', ['</a>; rel=next', '</b>; rel=prev']);
          return counted();
        },
      };
      const { miss, stale, hit } = await refreshed(page);
      expect([miss.text, stale.text, hit.text]).toEqual(['{"run":1}', '{"run":1}', '{"run":2}']);
      const fields = (reply: typeof miss) => comparable(reply).filter((field) => !/^etag:/i.test(field));
      expect(fields(hit)).toEqual(fields(miss));
      expect(hit.headers.etag).not.toBe(miss.headers.etag);
    });

    it.each<[string, () => unknown]>([
      ['texts', () => `text ${(runs += 1)}`],
      ['null', () => ((runs += 1), null)],
      ['numbers', () => (runs += 1)],
      ['promises', async () => counted()],
      ['bytes', () => Buffer.from(`bytes ${(runs += 1)}`)],
    ])('takes %s as they are sent', async (_name, make) => {
      const { miss, hit } = await refreshed(make);
      expect(runs).toBeGreaterThan(1);
      expect(hit.text.length).toBe(miss.text.length);
      expect(hit.headers['content-type']).toBe(miss.headers['content-type']);
    });

    it('the handler sees a response that has nothing of the one that was sent', async () => {
      const seen: unknown[] = [];
      const page = changing(
        (_request, response) => {
          response.header('X-First', 'yes');
          return 'first';
        },
        (_request, response) => {
          const { statusCode, headersSent, sent } = response;
          seen.push([statusCode, headersSent ?? false, sent ?? false, response.getHeader('x-first')]);
          seen.push([
            response.getHeader('etag'),
            response.getHeader('content-length'),
            response.getHeader('x-own'),
          ]);
          response.header('X-Second', 'yes');
          return 'second';
        },
      );
      const { hit } = await refreshed(page, {
        prepare: (nest) =>
          nest.use(
            (_request: unknown, response: { setHeader(n: string, v: string): void }, next: () => void) => {
              response.setHeader('X-Own', 'middleware');
              next();
            },
          ),
      });
      expect(seen.slice(0, 2)).toEqual([
        [200, false, false, undefined],
        [undefined, undefined, 'middleware'],
      ]);
      expect([hit.text, hit.headers['x-first'], hit.headers['x-second']]).toEqual([
        'second',
        undefined,
        'yes',
      ]);
    });

    it('a cookie of the handler is in what is offered', async () => {
      const page = changing(undefined, (_request, response) => {
        response.header('Set-Cookie', 'a=1');
        return 'second';
      });
      const { offered, heads } = await refreshed(page);
      expect(offered[1]?.fields.has('set-cookie')).toBe(true);
      expect(heads[1]?.fields.has('set-cookie')).toBe(true);
    });

    it('its status is that of the handler', async () => {
      const page = changing(undefined, (_request, response) => {
        response.status(202);
        return 'second';
      });
      const { offered, hit } = await refreshed(page);
      expect(offered[1]?.status).toBe(202);
      expect([hit.status, hit.text]).toEqual([202, 'second']);
    });

    it.each<[string, (request: AnyRequest, response: Response) => unknown]>([
      ['throws', () => expect.fail('no')],
      ['rejects', async () => Promise.reject(new Error('no'))],
      ['gives nothing', () => undefined],
      ['gives a stream', () => Readable.from(['a'])],
      ['gives a file', () => new StreamableFile(Buffer.from('a'))],
      ['gives what cannot be serialised', () => ({ big: 1n })],
      ['sends a response itself', (_request, response) => response.send('own')],
      [
        'writes to the response',
        (_request, response) => ((response.raw ?? response) as Response).end?.('own'),
      ],
      [
        'sets a field that cannot be set',
        (_request, response) => (response.raw ?? (response as never)).setHeader('a b', '1'),
      ],
    ])('a handler that %s leaves the response that is there', async (_name, again) => {
      const { miss, hit, offers } = await refreshed(changing(undefined, again));
      expect(runs).toBeGreaterThan(1);
      expect(offers).toBe(0);
      expect(hit.text).toBe(miss.text);
      expect(comparable(hit)).toEqual(comparable(miss));
    });

    it('a handler that takes too long is given up, and does no harm when it goes on', async () => {
      let release = (): void => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let ended = false;
      const page = changing(undefined, async (_request, response) => {
        await held;
        response.header('X-Late', '1');
        ended = true;
        return 'late';
      });
      const { miss, hit, offers } = await refreshed(page, { timeout: 20 });
      release();
      await expect.poll(() => ended).toBe(true);
      expect(offers).toBe(0);
      expect(hit.text).toBe(miss.text);
    });

    it('begins after the response is closed', async () => {
      const closed: unknown[] = [];
      const look = (response: AnyResponse) => closed.push((response.raw ?? (response as never)).closed);
      await refreshed((_request, response) => {
        look(response);
        return 'text';
      });
      expect(closed.slice(0, 2)).toEqual([false, true]);
    });

    it('the response is afterwards what it was', async () => {
      const page = changing(undefined, (_request, response) => {
        response.status(203);
        response.header('X-Second', 'yes');
        return 'second';
      });
      const { exchanges } = await refreshed(page);
      expect(exchanges[1]?.head().status).toBe(200);
      expect(exchanges[1]?.head().fields.has('x-second')).toBe(false);
    });
  });
});

describe('rule 14: a run in the background on Fastify', () => {
  it('does not offer what a preSerialization hook would have changed', async () => {
    runs = 0;
    const app = await startExchangeApp({
      platform: 'fastify',
      controllers: [cachedRoutes('', { page: () => ({ run: (runs += 1) }) })],
      hit: 'refresh',
      prepare: (nest) =>
        (nest as NestFastifyApplication)
          .getHttpAdapter()
          .getInstance()
          .addHook('preSerialization', async (_request: unknown, _reply: unknown, payload: unknown) => ({
            payload,
          })),
    });
    try {
      await send(app.url, '/page');
      await send(app.url, '/page');
      await Promise.all(app.refreshes);
      expect(app.offered).toHaveLength(1);
      expect((await send(app.url, '/page')).text).toBe('{"payload":{"run":1}}');
    } finally {
      await app.close();
    }
  });
});
