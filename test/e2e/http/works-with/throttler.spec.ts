import { Controller, Get, HttpException, Logger, Param, Res, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SkipThrottle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import type { RawReply } from '../http-client.js';
import { platforms } from '../response-app.js';
import type { AnyResponse } from '../routes.js';
import { cacheSays, neighbours } from './neighbours.js';

const LIMIT = 3;
let runs = 0;

@Controller()
class PageController {
  @Get('page')
  @Cacheable({ ttl: '1m' })
  page() {
    return { run: (runs += 1) };
  }

  @Get('headers')
  @Cacheable({ response: { respectHeaders: true } })
  headers(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('Cache-Control', 'public, max-age=60');
    return { run: (runs += 1) };
  }

  @Get('free')
  @SkipThrottle()
  @Cacheable({ ttl: '1m' })
  free() {
    return { run: (runs += 1) };
  }

  @Get('busy/:status')
  @SkipThrottle()
  @Cacheable({ response: { respectHeaders: true } })
  busy(@Param('status') status: string, @Res({ passthrough: true }) response: AnyResponse) {
    response.header('Cache-Control', 'public, max-age=60');
    runs += 1;
    throw new HttpException('another time', Number(status));
  }
}

@Controller('guarded')
@UseGuards(ThrottlerGuard)
class GuardedController extends PageController {}

function share({ headers }: RawReply): unknown[] {
  return [headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']];
}

describe.each(platforms)('beside a throttler on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  afterEach(() => vi.restoreAllMocks());

  async function startThrottled(global: boolean) {
    runs = 0;
    await start({
      controllers: global ? [PageController] : [GuardedController],
      imports: [ThrottlerModule.forRoot([{ ttl: 600_000, limit: LIMIT }])],
      providers: global ? [{ provide: APP_GUARD, useClass: ThrottlerGuard }] : [],
    });
  }

  it.each([
    ['for all routes', true, ''],
    ['of a controller', false, '/guarded'],
  ])('a guard %s counts hits, and every response tells its own share', async (_, global, prefix) => {
    await startThrottled(global);
    const replies: RawReply[] = [];
    for (let count = 0; count < LIMIT; count += 1) replies.push(await ask(`${prefix}/page`));
    expect(replies.map(cacheSays)).toEqual(['fwd=uri-miss; stored', 'hit', 'hit']);
    expect(replies.map(share)).toEqual([
      ['3', '2'],
      ['3', '1'],
      ['3', '0'],
    ]);
    const refused = await ask(`${prefix}/page`);
    expect([refused.status, cacheSays(refused)]).toEqual([429, 'nothing']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(`${prefix}/page`)).status).toBe(429);
    expect(runs).toBe(1);
  });

  it.each(['/page', '/headers'])('%s: neither shares nor a refusal are kept', async (path) => {
    await startThrottled(true);
    for (let count = 0; count <= LIMIT; count += 1) await ask(path);
    const bytes = (await stored()).toString('latin1');
    expect(bytes).toContain('{"run":1}');
    expect(bytes).not.toMatch(/ratelimit|retry-after|ThrottlerException/i);
  });

  it('a refusal of a URL that was never asked for before stores nothing', async () => {
    await startThrottled(true);
    for (let count = 0; count < LIMIT; count += 1) await ask(`/page?n=${count}`);
    const refused = await ask('/page?n=new', { 'If-None-Match': '*' });
    expect([refused.status, cacheSays(refused), runs]).toEqual([429, 'nothing', LIMIT]);
    expect((await stored()).toString('latin1')).not.toContain('Throttler');
  });

  it('a route that is not throttled tells of no share on a hit', async () => {
    await startThrottled(true);
    for (const said of ['fwd=uri-miss; stored', 'hit', 'hit', 'hit', 'hit']) {
      const reply = await ask('/free');
      expect([cacheSays(reply), ...share(reply)]).toEqual([said, undefined, undefined]);
    }
  });

  it.each([428, 429, 431, 511])(
    'a handler that answers %i itself is not stored, whatever it says',
    async (status) => {
      vi.spyOn(Logger.prototype, 'log').mockImplementation(() => {});
      await startThrottled(true);
      for (const run of [1, 2]) {
        const reply = await ask(`/busy/${status}`);
        expect([reply.status, cacheSays(reply), runs]).toEqual([status, 'fwd=uri-miss', run]);
      }
      // Unlike other errors that say how long they are fresh.
      await ask('/busy/404');
      expect(cacheSays(await ask('/busy/404'))).toBe('hit');
    },
  );
});
