import { All, Controller } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { eventually } from '../../../support/eventually.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { counter } from '../routes.js';
import { appsOn, platforms, type Handler } from './rule-app.js';

@Controller('any')
class AnyMethodController {
  @All()
  @Cacheable({ response: { cacheStatus: true } })
  all() {
    return 'any';
  }
}

const cacheable = { ttl: '1m', response: { cacheStatus: true } } as const;

describe('rule 21: Cache-Status says what the cache did', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    afterEach(() => vi.restoreAllMocks());

    it('a miss that is stored, and a hit with what is left of its life', async () => {
      const { visit } = await start(counter(), { cacheable });
      expect((await visit('/page')).headers['cache-status']).toBe('nestjs-redis-cache; fwd=uri-miss; stored');
      const [, ttl] = /^nestjs-redis-cache; hit; ttl=(\d+)$/.exec(
        String((await visit('/page')).headers['cache-status']),
      ) as unknown as [string, string];
      expect(Number(ttl)).toBeGreaterThan(30);
      expect(Number(ttl)).toBeLessThanOrEqual(60);
    });

    it('a miss that is not stored', async () => {
      const { visit } = await start(
        (_request, response) => {
          response.header('Cache-Control', 'no-store');
          return 'text';
        },
        { cacheable },
      );
      expect((await visit('/page')).headers['cache-status']).toBe('nestjs-redis-cache; fwd=uri-miss');
    });

    it('a miss that is not stored, since that was not possible a moment ago', async () => {
      let control = 'no-store';
      const { visit } = await start(
        (_request, response) => {
          response.header('Cache-Control', control);
          return 'text';
        },
        { cacheable },
      );
      await visit('/page');
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      control = 'max-age=60';
      expect((await visit('/page')).headers['cache-status']).toBe('nestjs-redis-cache; fwd=uri-miss');
    });

    it('a variant that is missing, in a process that knows of others and in one that does not', async () => {
      const redis = await startRedis();
      try {
        const varied: Handler = (_request, response) => {
          response.header('Vary', 'X-A');
          return 'text';
        };
        const shared = { cacheable, redis: redis.url, keyPrefix: platform };
        const [one, other] = [await start(varied, shared), await start(varied, shared)];
        const said = async (app: typeof one, a: string) =>
          String((await app.visit('/page', { 'X-A': a })).headers['cache-status']).replace(/ttl=\d+/, 'ttl');
        expect(await said(one, '1')).toBe('nestjs-redis-cache; fwd=uri-miss; stored');
        expect(await said(one, '2')).toBe('nestjs-redis-cache; fwd=vary-miss; stored');
        expect(await said(other, '3')).toBe('nestjs-redis-cache; fwd=vary-miss; stored');
        expect(await said(other, '1')).toBe('nestjs-redis-cache; hit; ttl');
      } finally {
        await redis.stop();
      }
    });

    it('what passes by, and why; another method; and a HEAD that finds nothing', async () => {
      const { visit } = await start(counter(), { cacheable, controllers: [AnyMethodController] });
      const said = async (...request: Parameters<typeof visit>) =>
        (await visit(...request)).headers['cache-status'];
      expect(await said('/page', { Authorization: 'a' })).toBe(
        'nestjs-redis-cache; fwd=bypass; detail="the header authorization"',
      );
      expect(await said('/page', {}, { method: 'HEAD' })).toBe('nestjs-redis-cache; fwd=miss');
      for (const method of ['POST', 'OPTIONS']) {
        expect(await said('/any', {}, { method })).toMatch(/^nestjs-redis-cache; fwd=method/);
      }
    });

    it('a response that waited for another one’s handler', async () => {
      let running = 0;
      let goOn: () => void = () => undefined;
      const { visit } = await start(
        async () => {
          running += 1;
          await new Promise<void>((resolve) => (goOn = resolve));
          return 'text';
        },
        { cacheable },
      );
      let tries = 0;
      await eventually(async () => {
        running = 0;
        const path = `/page?${(tries += 1)}`;
        const first = visit(path);
        await eventually(() => expect(running).toBe(1));
        const second = visit(path);
        // Asked later on a connection of its own: most likely the second one waits by now.
        await visit('/nowhere');
        goOn();
        expect((await first).headers['cache-status']).toBe('nestjs-redis-cache; fwd=uri-miss; stored');
        expect((await second).headers['cache-status']).toMatch(
          /^nestjs-redis-cache; fwd=uri-miss; collapsed; ttl=\d+$/,
        );
      });
    });

    it('a stale response that its handler has called right, or that stands in the place of an error', async () => {
      let fails = false;
      const { visit } = await start(
        (_request, response) => {
          if (fails) throw new Error('no');
          response.header('Cache-Control', 'max-age=0');
          response.header('ETag', '"v1"');
          return 'text';
        },
        { cacheable: { response: { cacheStatus: true, stale: { error: '1m' } } } },
      );
      await visit('/page');
      await eventually(async () => {
        expect((await visit('/page')).headers['cache-status']).toBe('nestjs-redis-cache; fwd=stale; stored');
      });
      fails = true;
      await eventually(async () => {
        const reply = await visit('/page');
        expect([reply.status, reply.headers['cache-status']]).toEqual([200, 'nestjs-redis-cache; fwd=stale']);
      });
    });

    it('under the name that the application gives, after what is there, and not where it is not asked for', async () => {
      const { visit } = await start({
        named: {
          options: { response: { cacheStatus: 'pages' } },
          handle: (_request, response) => {
            response.header('Cache-Status', 'origin; hit');
            return 'text';
          },
        },
        silent: counter(),
      });
      expect((await visit('/named')).headers['cache-status']).toBe(
        'origin; hit, pages; fwd=uri-miss; stored',
      );
      expect((await visit('/named')).headers['cache-status']).toMatch(/^origin; hit, pages; hit; ttl=\d+$/);
      expect((await visit('/silent')).headers).not.toHaveProperty('cache-status');
    });

    it('never the key', async () => {
      const { visit } = await start(counter(), { cacheable });
      for (let count = 0; count < 2; count++) {
        expect((await visit('/page')).headers['cache-status']).not.toContain('key');
      }
    });
  });
});

describe('rule 22: what other caches are told', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it('nothing, where neither the policy nor the handler says anything', async () => {
      const { visit } = await start(counter());
      for (let count = 0; count < 2; count++) {
        const { headers } = await visit('/page');
        expect(headers).not.toHaveProperty('cache-control');
        expect(headers).not.toHaveProperty('expires');
      }
    });

    it('what the policy says, where the handler says nothing, and it changes nothing here', async () => {
      const { visit, lives } = await start(
        {
          page: counter(),
          own: (_request, response) => {
            response.header('Cache-Control', 'max-age=7200');
            return 'text';
          },
          expiring: (_request, response) => {
            response.header('Expires', 'Sun, 01 Jan 2090 00:00:00 GMT');
            return 'text';
          },
        },
        {
          cacheable: { ttl: '1h', response: { cacheControl: 'public, max-age=5' } },
          redis: redis.url,
          keyPrefix: platform,
        },
      );
      for (const stage of ['miss', 'hit']) {
        expect([stage, (await visit('/page')).headers['cache-control']]).toEqual([
          stage,
          'public, max-age=5',
        ]);
        expect((await visit('/own')).headers['cache-control']).toMatch(/^max-age=7[12]\d\d$/);
        expect((await visit('/expiring')).headers).not.toHaveProperty('cache-control');
      }
      expect(Math.min(...((await lives()) as number[]))).toBeGreaterThan(60_000);
    });
  });
});
