import { Controller, Get, Req, VERSION_NEUTRAL, Version, VersioningType } from '@nestjs/common';
import fastifyCompress from '@fastify/compress';
import { RouteConfig, RouteSchema, type NestFastifyApplication } from '@nestjs/platform-fastify';
import compression from 'compression';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { comparable, send } from './http-client.js';
import { Cached, platforms, startApp, type ResponseApp, type ResponseAppOptions } from './response-app.js';
import { cachedRoutes, counter, type AnyRequest, type Route } from './routes.js';

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

describe.each(platforms)('around the response cache on %s', (platform) => {
  it('compression stays outside: plain bytes are stored, and each client gets its coding', async () => {
    const text = 'nestjs '.repeat(1_000);
    const run = counter();
    const { url, storage } = await start({
      platform,
      controllers: [cachedRoutes('', { page: () => `${run().run} ${text}` })],
      prepare: async (nest) => {
        if (platform === 'express') nest.use(compression({ threshold: 0 }));
        else await (nest as NestFastifyApplication).register(fastifyCompress, { threshold: 0 });
      },
    });
    const zipped = await send(url, '/page', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    await storage.drain();
    const plain = await send(url, '/page');
    expect(plain.headers).not.toHaveProperty('content-encoding');
    expect(plain.text).toBe(`1 ${text}`);
    const again = await send(url, '/page', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(again.headers['content-encoding']).toBe('gzip');
    expect(again.headers.vary?.toLowerCase()).toContain('accept-encoding');
    expect(gunzipSync(again.body).toString()).toBe(`1 ${text}`);
  });

  it('fields that middleware sets for each response are its own on a hit', async () => {
    let requests = 0;
    const { url } = await start({
      platform,
      controllers: [cachedRoutes('', { page: counter() })],
      prepare: (nest) => {
        nest.enableCors({ origin: ['https://a.example', 'https://b.example'] });
        nest.use(
          (_request: unknown, response: { setHeader(n: string, v: string): void }, next: () => void) => {
            response.setHeader('X-Served', String((requests += 1)));
            next();
          },
        );
      },
    });
    const { miss } = await missAndHit('/page', { Origin: 'https://a.example' });
    const hit = await send(url, '/page', { headers: { Origin: 'https://b.example' } });
    expect([miss.text, hit.text]).toEqual(['{"run":1}', '{"run":1}']);
    expect(miss.headers['x-served']).toBe('1');
    expect(hit.headers['x-served']).toBe('3');
    expect(hit.headers['access-control-allow-origin']).toBe('https://b.example');
    expect(hit.headers.vary).toContain('Origin');
  });

  it('a field that the handler takes away is not there on a hit either', async () => {
    await start({
      platform,
      controllers: [
        cachedRoutes('', {
          page: (_request, response) => {
            response.removeHeader('X-Frame-Options');
            response.raw?.removeHeader('X-Frame-Options');
            return 'text';
          },
        }),
      ],
      prepare: (nest) =>
        nest.use(
          (_request: unknown, response: { setHeader(n: string, v: string): void }, next: () => void) => {
            response.setHeader('X-Frame-Options', 'DENY');
            next();
          },
        ),
    });
    const { miss, hit } = await missAndHit('/page');
    expect(miss.headers).not.toHaveProperty('x-frame-options');
    expect(comparable(hit)).toEqual(comparable(miss));
  });

  it('fields of one request and of the connection are not kept', async () => {
    await start({
      platform,
      controllers: [
        cachedRoutes('', {
          page: (_request, response) => {
            response.header('X-Request-Id', '1');
            response.header('X-RateLimit-Remaining', '9');
            response.header('Traceparent', '00-1');
            response.header('Connection', 'X-Hop');
            response.header('X-Hop', '1');
            response.header('X-Kept', '1');
            return 'text';
          },
        }),
      ],
    });
    const { miss, hit } = await missAndHit('/page');
    for (const name of ['x-request-id', 'x-ratelimit-remaining', 'traceparent', 'x-hop']) {
      expect(miss.headers).toHaveProperty(name);
      expect(hit.headers).not.toHaveProperty(name);
    }
    expect(hit.headers['x-kept']).toBe('1');
  });

  it('max-age shrinks while the response is stored, and bounds how long it is', async () => {
    let now = 1_000_000;
    const clock = { now: () => now, monotonic: () => now, schedule: () => () => {}, afterInput: () => {} };
    const ttls: unknown[] = [];
    const { url, cache } = await start({
      platform,
      clock,
      controllers: [
        cachedRoutes('', {
          page: (_request, response) => {
            response.header('Cache-Control', 'public, s-maxage=100, max-age=30');
            return 'text';
          },
        }),
      ],
    });
    const part = cache.namespace('http-responses');
    await missAndHit('/page');
    for await (const key of part.keys()) ttls.push(await part.remainingTtl(key));
    expect(ttls).toHaveLength(1);
    expect(ttls[0]).toBeLessThanOrEqual(100_000);
    expect(ttls[0]).toBeGreaterThan(60_000);
    now += 20_500;
    expect((await send(url, '/page')).headers['cache-control']).toBe('public, s-maxage=80, max-age=10');
    now += 20_000;
    expect((await send(url, '/page')).headers['cache-control']).toBe('public, s-maxage=60, max-age=0');
  });

  it.each([
    [
      'header',
      { type: VersioningType.HEADER, header: 'X-Version' } as const,
      { 'X-Version': '1' },
      { 'X-Version': '2' },
    ],
    [
      'media type',
      { type: VersioningType.MEDIA_TYPE, key: 'v=' } as const,
      { Accept: 'application/json;v=1' },
      { Accept: 'application/json;v=2' },
    ],
    [
      'custom',
      {
        type: VersioningType.CUSTOM,
        extractor: (request: unknown) => String((request as AnyRequest).headers['x-any']),
      } as const,
      { 'X-Any': '1' },
      { 'X-Any': '2' },
    ],
  ])('versions by %s do not share a response', async (_name, versioning, one, two) => {
    const { url, storage } = await start({
      platform,
      controllers: [VersionedController],
      prepare: (nest) => nest.enableVersioning(versioning),
    });
    const texts = new Map<object, string>();
    for (const headers of [one, two]) {
      texts.set(headers, (await send(url, '/versioned', { headers })).text);
      await storage.drain();
    }
    expect([...texts.values()].map((text) => text.slice(0, 1))).toEqual(['1', '2']);
    for (const [headers, text] of texts) {
      expect((await send(url, '/versioned', { headers: headers as never })).text).toBe(text);
    }
  });

  it('hosts of a controller that is bound to them do not share a response', async () => {
    const { url, storage } = await start({ platform, controllers: [TenantController] });
    for (const host of ['one.example.com', 'two.example.com', 'one.example.com']) {
      expect((await send(url, '/tenant', { headers: { Host: host } })).text).toBe(host);
      await storage.drain();
    }
  });
});

let runs = 0;

@Controller('versioned')
class VersionedController {
  @Get()
  @Version(['1', '2', VERSION_NEUTRAL])
  @Cached()
  any(@Req() { headers }: AnyRequest) {
    const version = headers['x-version'] ?? headers['x-any'] ?? /\d/.exec(headers.accept ?? '')?.[0];
    return `${String(version)} ${(runs += 1)}`;
  }
}

@Controller({ path: 'tenant', host: ':tenant.example.com' })
class TenantController {
  @Get()
  @Cached()
  tenant(@Req() { headers }: AnyRequest) {
    return headers.host;
  }
}

describe('settings of Express', () => {
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

describe('settings of Fastify', () => {
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
