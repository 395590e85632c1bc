import { Controller, Get } from '@nestjs/common';
import { RouteConfig, RouteSchema, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { comparable, send } from '../http-client.js';
import { Cached, startApp, type ResponseApp, type ResponseAppOptions } from '../response-app.js';
import { cachedRoutes, counter, type Route } from '../routes.js';

let app: ResponseApp | undefined;
afterEach(() => app?.close());

async function start(options: ResponseAppOptions): Promise<ResponseApp> {
  app = await startApp(options);
  return app;
}

async function missAndHit(path: string, headers: Record<string, string> = {}) {
  const { url, storage } = app as ResponseApp;
  const miss = await send(url, path, { headers });
  await storage.drain();
  return { miss, hit: await send(url, path, { headers }) };
}

describe('rule 18: the bytes are those of Express', () => {
  it('json spaces, the replacer and strong tags are applied on hits as on misses', async () => {
    await start({
      platform: 'express',
      controllers: [cachedRoutes('', { page: () => ({ a: 1, b: [2], hidden: 3 }) })],
      prepare: (nest) => {
        nest.set('json spaces', 3);
        nest.set('json replacer', (key: string, value: unknown) => (key === 'hidden' ? undefined : value));
        nest.set('etag', 'strong');
      },
    });
    const { miss, hit } = await missAndHit('/page');
    expect(hit.text).toBe(JSON.stringify({ a: 1, b: [2] }, null, 3));
    expect(comparable(hit)).toEqual(comparable(miss));
    expect(hit.headers.etag).toMatch(/^"/);
  });

  it('without tags there are none', async () => {
    await start({
      platform: 'express',
      controllers: [cachedRoutes('', { page: counter() })],
      prepare: (nest) => nest.set('etag', false),
    });
    const { miss, hit } = await missAndHit('/page');
    expect(hit.text).toBe(miss.text);
    expect(comparable(hit)).toEqual(comparable(miss));
    expect(hit.headers).not.toHaveProperty('etag');
  });

  it('a send method of the application sees hits too', async () => {
    const bodies: string[] = [];
    await start({
      platform: 'express',
      controllers: [cachedRoutes('', { page: counter() })],
      prepare: (nest) =>
        nest.use((_request: unknown, response: { send(body: unknown): unknown }, next: () => void) => {
          const before = response.send.bind(response);
          response.send = (body) => {
            bodies.push(String(body));
            return before(body);
          };
          next();
        }),
    });
    const { miss, hit } = await missAndHit('/page');
    expect(comparable(hit)).toEqual(comparable(miss));
    expect(new Set(bodies)).toEqual(new Set(['{"run":1}']));
  });
});

const schema = { type: 'object', properties: { run: { type: 'number' }, only: { type: 'string' } } };

@Controller()
class SchemaController {
  readonly #run = counter();

  @Get('schema')
  @RouteSchema({ response: { 200: schema } })
  @Cached()
  status() {
    return { ...this.#run(), only: 'this', hidden: 'secret' };
  }

  @Get('schema-of-class')
  @RouteSchema({ response: { '2xx': schema } })
  @Cached()
  statusClass() {
    return { ...this.#run(), only: 'this', hidden: 'secret' };
  }

  @Get('schema-of-type')
  @RouteSchema({ response: { 200: { content: { 'application/json': { schema } } } } })
  @Cached()
  mediaType() {
    return { ...this.#run(), only: 'this', hidden: 'secret' };
  }

  @Get('plain')
  @RouteConfig({ plain: true })
  @Cached()
  plain() {
    return { ...this.#run(), only: 'this' };
  }
}

describe('rule 18: the bytes are those of Fastify', () => {
  it.each(['schema', 'schema-of-class', 'schema-of-type'])(
    'fields outside of a %s are in no hit',
    async (path) => {
      await start({ platform: 'fastify', controllers: [SchemaController] });
      const { miss, hit } = await missAndHit(`/${path}`);
      expect(miss.text).toBe('{"run":1,"only":"this"}');
      expect(hit.text).toBe(miss.text);
      expect(comparable(hit)).toEqual(comparable(miss));
    },
  );

  it("a reply's own serializer and the application's are used once", async () => {
    let serialized = 0;
    const mark = (payload: unknown) => `${(serialized += 1)}:${JSON.stringify(payload)}`;
    const own: Route = (_request, response) => {
      (response as unknown as { type(t: string): { serializer(f: unknown): void } })
        .type('text/x-own')
        .serializer(mark);
      return { own: true };
    };
    await start({
      platform: 'fastify',
      controllers: [cachedRoutes('', { own, default: () => ({ own: false }) })],
      prepare: (nest) =>
        (nest as NestFastifyApplication)
          .getHttpAdapter()
          .getInstance()
          .setReplySerializer((payload: unknown) => `default ${mark(payload)}`),
    });
    const one = await missAndHit('/own');
    expect([one.miss.text, one.hit.text]).toEqual(['1:{"own":true}', '1:{"own":true}']);
    expect(comparable(one.hit)).toEqual(comparable(one.miss));
    const two = await missAndHit('/default');
    expect([two.miss.text, two.hit.text]).toEqual(['default 2:{"own":false}', 'default 2:{"own":false}']);
  });

  it('preSerialization hooks are part of the stored response, onSend hooks run on every hit', async () => {
    let sent = 0;
    await start({
      platform: 'fastify',
      controllers: [cachedRoutes('', { page: counter() })],
      prepare: (nest) => {
        const fastify = (nest as NestFastifyApplication).getHttpAdapter().getInstance();
        fastify.addHook('preSerialization', async (_request, _reply, payload) => ({ wrapped: payload }));
        fastify.addHook('onSend', async (_request, reply, payload) => {
          reply.header('x-sent', String((sent += 1)));
          return `${String(payload)}\n`;
        });
      },
    });
    const { miss, hit } = await missAndHit('/page');
    expect([miss.text, hit.text]).toEqual(['{"wrapped":{"run":1}}\n', '{"wrapped":{"run":1}}\n']);
    expect([miss.headers['x-sent'], hit.headers['x-sent']]).toEqual(['1', '2']);
  });

  it('an onSend hook that sets a cookie keeps the response from being stored', async () => {
    await start({
      platform: 'fastify',
      controllers: [cachedRoutes('', { page: counter() })],
      prepare: (nest) =>
        (nest as NestFastifyApplication)
          .getHttpAdapter()
          .getInstance()
          .addHook('onSend', async (_request, reply) => {
            reply.header('set-cookie', 'late=1');
          }),
    });
    const { hit } = await missAndHit('/page');
    expect(hit.text).toBe('{"run":2}');
  });

  it('a payload that cannot be serialised fails as it does without a cache', async () => {
    await start({ platform: 'fastify', controllers: [cachedRoutes('', { page: () => ({ big: 1n }) })] });
    const { miss, hit } = await missAndHit('/page');
    expect([miss.status, hit.status]).toEqual([500, 500]);
  });
});
