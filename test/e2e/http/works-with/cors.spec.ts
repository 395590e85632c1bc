import { Controller, Get, Logger, Post, Req, Res, type INestApplication } from '@nestjs/common';
import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import type { RawReply } from '../http-client.js';
import { platforms } from '../response-app.js';
import type { AnyRequest, AnyResponse } from '../routes.js';
import { cacheSays, neighbours, varies } from './neighbours.js';

const A = 'https://a.example';
const B = 'https://b.example';
const EVIL = 'https://evil.example';

let runs = 0;

@Controller()
class PageController {
  @Get('page')
  @Cacheable({ ttl: '1m' })
  page() {
    return { run: (runs += 1) };
  }

  @Get('bare')
  bare() {
    return {};
  }

  @Post('page')
  change() {
    return {};
  }

  @Get('headers')
  @Cacheable({ response: { respectHeaders: true } })
  headers(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('Cache-Control', 'public, max-age=60');
    return { run: (runs += 1) };
  }

  @Get('translated')
  @Cacheable({ ttl: '1m', response: { vary: ['accept-language'] } })
  translated() {
    return { run: (runs += 1) };
  }

  @Get('own')
  @Cacheable({ ttl: '1m' })
  own(@Req() { headers }: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
    response.header('Access-Control-Allow-Origin', headers.origin ?? 'null');
    return { run: (runs += 1) };
  }

  @Get('keyed')
  @Cacheable({ ttl: '1m', response: { vary: ['origin'] } })
  keyed(@Req() { headers }: AnyRequest, @Res({ passthrough: true }) response: AnyResponse) {
    response.header('Access-Control-Allow-Origin', headers.origin ?? 'null');
    return { run: (runs += 1) };
  }
}

const RULES: [string, CorsOptions][] = [
  ['a list', { origin: [A, B], credentials: true, exposedHeaders: ['ETag'] }],
  [
    'a function',
    {
      origin: (origin, answer) => answer(null, origin === A || origin === B),
      credentials: true,
      exposedHeaders: ['ETag'],
    },
  ],
  ['expressions', { origin: [/^https:\/\/[ab]\.example$/], credentials: true, exposedHeaders: ['ETag'] }],
];

function allowed({ headers }: RawReply): string | undefined {
  return headers['access-control-allow-origin'];
}

describe.each(platforms)('beside CORS on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  afterEach(() => vi.restoreAllMocks());

  async function startWith(cors?: CorsOptions) {
    runs = 0;
    await start({
      controllers: [PageController],
      prepare: (app: INestApplication) => cors && app.enableCors(cors),
    });
  }

  describe.each(RULES)('with %s', (_, cors) => {
    it.each(['/page', '/headers'])('%s is one response for all origins, each told its own', async (path) => {
      await startWith(cors);
      const miss = await ask(path, { Origin: A });
      expect([cacheSays(miss), allowed(miss)]).toEqual(['fwd=uri-miss; stored', A]);
      for (const origin of [B, A, B]) {
        const hit = await ask(path, { Origin: origin });
        expect([cacheSays(hit), hit.text, allowed(hit)]).toEqual(['hit', '{"run":1}', origin]);
        expect(hit.headers['access-control-allow-credentials']).toBe('true');
        expect(hit.headers['access-control-expose-headers']).toBe('ETag');
        expect(varies(hit)).toContain('origin');
      }
      expect((await stored()).toString('latin1')).not.toMatch(/access-control|https:\/\//i);
    });

    it('an origin that is not allowed, and none, are told of nobody else', async () => {
      await startWith(cors);
      await ask('/page', { Origin: A });
      for (const headers of [{ Origin: EVIL }, {}]) {
        const hit = await ask('/page', headers);
        expect([cacheSays(hit), allowed(hit)]).toEqual(['hit', undefined]);
        const bare = await ask('/bare', headers);
        expect(varies(hit)).toEqual(varies(bare));
      }
    });

    it('what nobody, or somebody who is not allowed, asked for first is told to those who are', async () => {
      for (const headers of [{}, { Origin: EVIL }]) {
        await startWith(cors);
        const miss = await ask('/page', headers);
        expect([cacheSays(miss), allowed(miss)]).toEqual(['fwd=uri-miss; stored', undefined]);
        const hit = await ask('/page', { Origin: B });
        expect([cacheSays(hit), allowed(hit)]).toEqual(['hit', B]);
        expect(varies(hit)).toContain('origin');
      }
    });

    it('a 304 is told its own origin', async () => {
      await startWith(cors);
      const { etag } = (await ask('/page', { Origin: A })).headers;
      const reply = await ask('/page', { Origin: B, 'If-None-Match': String(etag) });
      expect([reply.status, cacheSays(reply), allowed(reply)]).toEqual([304, 'hit', B]);
      expect(varies(reply)).toContain('origin');
    });

    it('a preflight is none of the cache', async () => {
      await startWith(cors);
      const ofMethod = { 'Access-Control-Request-Method': 'POST' };
      for (const origin of [A, B]) {
        const preflight = await ask('/page', { ...ofMethod, Origin: origin }, 'OPTIONS');
        expect([preflight.status, cacheSays(preflight), allowed(preflight)]).toEqual([
          204,
          'nothing',
          origin,
        ]);
      }
      expect((await stored()).length).toBe(0);
      await ask('/page', { Origin: A });
      const preflight = await ask('/page', { ...ofMethod, Origin: B }, 'OPTIONS');
      expect([preflight.status, allowed(preflight)]).toEqual([204, B]);
      expect(preflight.headers['access-control-allow-methods']).toContain('POST');
      // Nothing was changed by it, unlike by what it asks leave for.
      expect(cacheSays(await ask('/page', { Origin: B }))).toBe('hit');
      await ask('/page', { Origin: B }, 'POST');
      expect((await ask('/page', { Origin: B })).text).toBe('{"run":2}');
    });

    it("Vary has what the policy names beside CORS's own, on misses and hits", async () => {
      await startWith(cors);
      for (const said of ['fwd=uri-miss; stored', 'hit']) {
        const reply = await ask('/translated', { Origin: A, 'Accept-Language': 'de' });
        expect(cacheSays(reply)).toBe(said);
        expect(varies(reply)).toEqual(['accept-language', 'origin']);
      }
    });
  });

  it('an origin that the handler allows itself is refused, and kept apart where the policy says so', async () => {
    const log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => {});
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    await startWith();
    expect(allowed(await ask('/own', { Origin: A }))).toBe(A);
    expect(allowed(await ask('/own', { Origin: B }))).toBe(B);
    expect(log.mock.calls.flat().join('\n')).toContain('Access-Control-Allow-Origin for one origin');
    for (const said of ['fwd=uri-miss; stored', 'hit']) {
      for (const origin of [A, B]) {
        const reply = await ask('/keyed', { Origin: origin });
        expect([cacheSays(reply), allowed(reply), varies(reply)]).toEqual([said, origin, ['origin']]);
      }
    }
  });
});

describe.each(['preHandler', 'preSerialization'] as const)(
  'beside CORS in the hook %s of Fastify',
  (hook) => {
    const { start, ask } = neighbours('fastify');

    it('each origin is told of itself only', async () => {
      runs = 0;
      await start({
        controllers: [PageController],
        prepare: (app) => app.enableCors({ origin: [A, B], hook }),
      });
      for (const origin of [A, B, A, B]) {
        const reply = await ask('/page', { Origin: origin });
        expect(allowed(reply)).toBe(origin);
        expect(varies(reply)).toContain('origin');
      }
      expect(allowed(await ask('/page', { Origin: EVIL }))).toBeUndefined();
      expect(allowed(await ask('/page'))).toBeUndefined();
      expect(cacheSays(await ask('/page', { Origin: A }))).toBe('hit');
    });
  },
);
