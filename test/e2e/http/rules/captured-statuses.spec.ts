import {
  Catch,
  GoneException,
  HttpCode,
  NotFoundException,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { throwError } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { startExchangeApp, type ExchangeApp, type ExchangeAppOptions } from '../exchange-app.js';
import { comparable, send } from '../http-client.js';
import { platforms } from '../response-app.js';
import { cachedRoutes, type AnyResponse, type Route } from '../routes.js';

interface FilterResponse extends AnyResponse {
  status(code: number): FilterResponse;
  send(body: unknown): unknown;
}

@Catch(NotFoundException)
class TextFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse<FilterResponse>();
    response.header('X-Filter', 'text');
    response.status(404).send('nothing here');
  }
}

@Catch(NotFoundException)
class LaterFilter implements ExceptionFilter {
  async catch(_error: unknown, host: ArgumentsHost) {
    await Promise.resolve();
    host.switchToHttp().getResponse<FilterResponse>().status(404).send({ later: true });
  }
}

@Catch(NotFoundException)
class KindFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost) {
    host.switchToHttp().getResponse<FilterResponse>().status(200).send({ kind: true });
  }
}

let runs = 0;
const missing = (): never => {
  runs += 1;
  throw new NotFoundException(`no such thing ${runs}`);
};

const routes: Record<string, Route> = {
  thrown: missing,
  rejected: async () => missing(),
  emitted: () => {
    runs += 1;
    return throwError(() => new NotFoundException());
  },
  own: () => {
    runs += 1;
    throw new NotFoundException({ code: 'E_NONE', run: runs });
  },
  text: { decorators: [UseFilters(TextFilter)], handle: missing },
  later: { decorators: [UseFilters(LaterFilter)], handle: missing },
  kind: { decorators: [UseFilters(KindFilter)], handle: missing },
  gone: () => {
    runs += 1;
    throw new GoneException();
  },
  failure: () => {
    runs += 1;
    throw new Error('no');
  },
  returned: (_request, response) => {
    response.status(404);
    return { run: (runs += 1) };
  },
  moved: (_request, response) => {
    runs += 1;
    response.status(301);
    response.header('Location', '/elsewhere');
    return 'moved';
  },
  empty: { decorators: [HttpCode(204)], handle: () => void (runs += 1) },
  nothing: () => void (runs += 1),
  'empty-with-value': { decorators: [HttpCode(204)], handle: () => ({ run: (runs += 1) }) },
};

describe('rule 5: responses of other statuses are captured', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ExchangeApp | undefined;
    afterEach(() => app?.close());

    async function twice(path: string, options: Partial<ExchangeAppOptions> = {}) {
      runs = 0;
      const controllers = [cachedRoutes('', routes)];
      app = await startExchangeApp({ platform, controllers, statuses: [204, 301, 404], ...options });
      const miss = await send(app.url, path);
      const hit = await send(app.url, path);
      return { miss, hit, ...app };
    }

    const withoutTag = (fields: string[]): string[] => fields.filter((field) => !/^etag:/i.test(field));

    it.each([
      'thrown',
      'rejected',
      'emitted',
      'own',
      'text',
      'later',
      'returned',
      'moved',
      'empty',
      'empty-with-value',
    ])('%s: the hit is the same response', async (path) => {
      const { miss, hit } = await twice(`/${path}`);
      expect(runs).toBe(1);
      expect([hit.status, hit.text]).toEqual([miss.status, miss.text]);
      expect(withoutTag(comparable(hit))).toEqual(withoutTag(comparable(miss)));
    });

    it('a response without content has no body and no type on a hit', async () => {
      const { hit, stored } = await twice('/empty-with-value');
      expect([hit.status, hit.body.length]).toEqual([204, 0]);
      expect(hit.headers).not.toHaveProperty('content-type');
      expect(hit.headers).not.toHaveProperty('content-length');
      expect(stored.get('/empty-with-value')?.body).toBeNull();
    });

    it('what a filter sets is part of the response', async () => {
      const { hit } = await twice('/text');
      expect([hit.status, hit.text, hit.headers['x-filter']]).toEqual([404, 'nothing here', 'text']);
    });

    it.each(['kind', 'gone', 'failure', 'nothing'])(
      '%s: not offered, since its filter replies with another status, its status is not listed, or there is none',
      async (path) => {
        const { offered } = await twice(`/${path}`);
        expect(runs).toBe(2);
        expect(offered).toEqual([]);
      },
    );

    it('a status that is not a success is not turned into a 304', async () => {
      const { miss, url } = await twice('/returned');
      const headers = { 'If-None-Match': '*' };
      const hit = await send(url, '/returned', { headers });
      expect([hit.status, hit.text]).toEqual([404, miss.text]);
      app?.stored.clear();
      expect((await send(url, '/returned', { headers })).status).toBe(404);
    });

    it('HEAD is answered by the stored 404', async () => {
      const { url, miss } = await twice('/thrown');
      const head = await send(url, '/thrown', { method: 'HEAD' });
      expect([head.status, head.body.length]).toEqual([404, 0]);
      expect(head.headers['content-length']).toBe(miss.headers['content-length']);
      expect(runs).toBe(1);
    });
  });
});

describe('rule 5: responses of other statuses on Fastify', () => {
  it('what its serializers and hooks make of an exception is stored', async () => {
    const app = await startExchangeApp({
      platform: 'fastify',
      controllers: [cachedRoutes('', routes)],
      statuses: [404],
      prepare: (nest) =>
        (nest as NestFastifyApplication)
          .getHttpAdapter()
          .getInstance()
          .addHook('preSerialization', async (_request, _reply, payload) => ({ wrapped: payload })),
    });
    try {
      const miss = await send(app.url, '/thrown');
      expect(miss.text).toContain('{"wrapped":{');
      const hit = await send(app.url, '/thrown');
      expect([hit.status, hit.text]).toEqual([404, miss.text]);
    } finally {
      await app.close();
    }
  });
});
