import {
  Controller,
  Get,
  Injectable,
  Query,
  Scope,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { map, tap } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cacheable } from '../../../../src/decorator/cacheable.decorator.js';
import { startRedis, type RedisServer } from '../../../support/redis-server.js';
import { counter } from '../routes.js';
import { appsOn, platforms } from './rule-app.js';

const ran: string[] = [];

@Injectable()
class Gate implements CanActivate {
  canActivate() {
    ran.push('guard');
    return true;
  }
}

/** Counts requests, as one for metrics does. */
@Injectable()
class Metrics implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    ran.push('interceptor');
    return next.handle().pipe(tap(() => ran.push('handled')));
  }
}

/** Made for each request. */
@Injectable({ scope: Scope.REQUEST })
class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

class Seen implements PipeTransform<string, number> {
  transform(value: string): number {
    ran.push('pipe');
    return Number(value);
  }
}

@Controller()
@UseGuards(Gate)
@UseInterceptors(Metrics)
class PagesController {
  @Get('page')
  @Cacheable()
  page(@Query('n', Seen) n: number) {
    ran.push('handler');
    return { n };
  }
}

describe('rule 18: a hit is the final bytes, and nothing but guards runs', () => {
  describe.each(platforms)('%s', (platform) => {
    const start = appsOn(platform);
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());
    afterEach(() => {
      vi.restoreAllMocks();
    });

    it('guards run on a hit; pipes, interceptors and the handler do not', async () => {
      const { visit } = await start({}, { controllers: [PagesController] });
      ran.length = 0;
      const miss = await visit('/page?n=1');
      expect(ran).toEqual(['guard', 'interceptor', 'pipe', 'handler', 'handled']);
      ran.length = 0;
      expect((await visit('/page?n=1')).text).toBe(miss.text);
      expect(ran).toEqual(['guard']);
    });

    it('interceptors that are made for each request stand inside', async () => {
      const { visit } = await start(counter(), {
        providers: [{ provide: APP_INTERCEPTOR, useClass: Envelope }],
      });
      expect((await visit('/page')).text).toBe('{"data":{"run":1}}');
      expect((await visit('/page')).text).toBe('{"data":{"run":1}}');
    });

    it('nothing is parsed or made JSON of', async () => {
      const { visit } = await start(() => ({ marked: 'body-of-the-page' }));
      const miss = await visit('/page');
      const stringify = vi.spyOn(JSON, 'stringify');
      const parse = vi.spyOn(JSON, 'parse');
      expect((await visit('/page')).text).toBe(miss.text);
      const touched = (calls: readonly unknown[][]) =>
        calls.flat().filter((one) => holds(one, 'body-of-the-page'));
      expect([
        touched(stringify.mock.results.map(({ value }) => [value])),
        touched(parse.mock.calls),
      ]).toEqual([[], []]);
    });

    it('it takes one round trip to Redis, and one more for a variant that was not guessed', async () => {
      const options = { redis: redis.url, keyPrefix: platform, cacheable: { tags: ['all'] } };
      const routes = {
        page: counter(),
        varied: {
          handle: (_request: unknown, response: { header(name: string, value: string): unknown }) => {
            response.header('Vary', 'X-A');
            return 'text';
          },
        },
      };
      const one = await start(routes, options);
      const headers = { 'X-A': '1' };
      await one.visit('/page');
      await one.visit('/varied', headers);
      const trips = async (app: typeof one, path: string): Promise<number> => {
        await redis.cli('CONFIG', 'RESETSTAT');
        await app.visit(path, headers);
        const stats = String(await redis.cli('INFO', 'commandstats'));
        const calls = [...stats.matchAll(/^cmdstat_([a-z|]+):calls=(\d+)/gm)];
        const own = calls.filter(([, name]) => !['config|resetstat', 'info', 'ping'].includes(String(name)));
        return own.reduce((sum, [, , count]) => sum + Number(count), 0);
      };
      expect(await trips(one, '/page')).toBe(1);
      expect(await trips(one, '/varied')).toBe(1);
      const other = await start(routes, options);
      expect(await trips(other, '/varied')).toBe(2);
      expect(await trips(other, '/varied')).toBe(1);
    });
  });
});

function holds(value: unknown, text: string): boolean {
  return typeof value === 'string' && value.includes(text);
}
