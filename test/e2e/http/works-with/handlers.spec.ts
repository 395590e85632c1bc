import { Controller, Get, Header, HttpCode, Res, StreamableFile } from '@nestjs/common';
import { EMPTY, concat, from, of, throwError, timer } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import { comparable, type RawReply } from '../http-client.js';
import { platforms } from '../response-app.js';
import type { AnyResponse } from '../routes.js';
import { cacheSays, neighbours } from './neighbours.js';

let runs = 0;
const observed = { returns: 'observable' } as const;

@Controller()
class HandlerController {
  @Get('header')
  @Header('X-Fixed', 'one')
  @Header('Content-Type', 'application/vnd.page+json')
  @Header('Cache-Control', 'public, max-age=30')
  @Cacheable()
  header() {
    return { run: (runs += 1) };
  }

  @Get('private')
  @Header('Cache-Control', 'private')
  @Cacheable()
  private() {
    return { run: (runs += 1) };
  }

  @Get('code')
  @HttpCode(203)
  @Cacheable({ response: { statuses: [203] } })
  code() {
    return { run: (runs += 1) };
  }

  @Get('unlisted')
  @HttpCode(203)
  @Cacheable()
  unlisted() {
    return { run: (runs += 1) };
  }

  @Get('nothing')
  @HttpCode(204)
  @Cacheable({ response: { statuses: [204] } })
  nothing() {
    runs += 1;
  }

  @Get('passthrough')
  @Header('X-Fixed', 'replaced')
  @HttpCode(200)
  @Cacheable({ response: { statuses: [203] } })
  async passthrough(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('X-Before', 'before');
    await Promise.resolve();
    response.header('X-Fixed', `run ${(runs += 1)}`);
    response.header('Link', ['</a>; rel=next', '</b>; rel=prev']);
    response.status(203);
    return 'text';
  }

  @Get('cookie')
  @Cacheable()
  cookie(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('Set-Cookie', `run=${(runs += 1)}`);
    return 'text';
  }

  @Get('last')
  @Cacheable(observed)
  last() {
    return from([1, 2, { last: (runs += 1) }]);
  }

  @Get('later')
  @Cacheable(observed)
  later() {
    return concat(of('soon'), timer(5), of(`late ${(runs += 1)}`));
  }

  @Get('promised')
  @Cacheable()
  async promised() {
    return of(1, `promised ${(runs += 1)}`);
  }

  @Get('empty')
  @Cacheable(observed)
  empty() {
    runs += 1;
    return EMPTY;
  }

  @Get('bare-empty')
  bareEmpty() {
    return EMPTY;
  }

  @Get('bare-undefined')
  bareUndefined() {
    return of(undefined);
  }

  @Get('undefined')
  @Cacheable(observed)
  undefined() {
    runs += 1;
    return of(undefined);
  }

  @Get('null')
  @Cacheable(observed)
  null() {
    runs += 1;
    return of(null);
  }

  @Get('failing')
  @Cacheable(observed)
  failing() {
    return concat(
      of(`part of ${(runs += 1)}`),
      throwError(() => new Error('broken')),
    );
  }

  @Get('failing-once')
  @Cacheable(observed)
  failingOnce() {
    const whole = of(`run ${(runs += 1)}`);
    return runs === 1
      ? concat(
          of('part'),
          throwError(() => new Error('broken')),
        )
      : whole;
  }

  @Get('streamed')
  @Cacheable()
  streamed() {
    return new StreamableFile(Buffer.from(`file ${(runs += 1)}`));
  }
}

function fieldsOf(reply: RawReply): string[] {
  return comparable(reply).filter((field) => !/^(?:cache-status|cache-control):/i.test(field));
}

describe.each(platforms)('what handlers say of their responses, on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  beforeEach(async () => {
    runs = 0;
    await start({ controllers: [HandlerController] });
  });

  it.each([
    ['header', 200],
    ['code', 203],
    ['nothing', 204],
    ['passthrough', 203],
    ['last', 200],
    ['later', 200],
    ['promised', 200],
    ['null', 200],
  ])('%s: a hit has its status, its fields and its bytes', async (path, status) => {
    const miss = await ask(`/${path}`);
    const hit = await ask(`/${path}`);
    expect([cacheSays(miss), cacheSays(hit), runs]).toEqual(['fwd=uri-miss; stored', 'hit', 1]);
    expect([miss.status, hit.status]).toEqual([status, status]);
    expect(fieldsOf(hit)).toEqual(fieldsOf(miss));
    expect(hit.body.equals(miss.body)).toBe(true);
  });

  it('what a passthrough response is given stands in the place of decorators', async () => {
    await ask('/passthrough');
    const hit = await ask('/passthrough');
    expect(hit.headers).toMatchObject({ 'x-fixed': 'run 1', 'x-before': 'before' });
    expect(hit.rawHeaders.filter((name) => name.toLowerCase() === 'link')).toHaveLength(2);
    const { headers } = await ask('/header');
    expect(headers).toMatchObject({ 'x-fixed': 'one', 'cache-control': 'public, max-age=30' });
    expect((await ask('/header')).headers['content-type']).toBe(headers['content-type']);
  });

  it('the last value of an observable is what is sent and stored', async () => {
    for (const [path, text] of [
      ['/last', '{"last":1}'],
      ['/later', 'late 2'],
      ['/promised', 'promised 3'],
    ] as const) {
      expect([(await ask(path)).text, (await ask(path)).text]).toEqual([text, text]);
    }
  });

  it.each([
    ['private', 200],
    ['unlisted', 203],
    ['cookie', 200],
    ['failing', 500],
    ['streamed', 200],
  ])('%s: is sent as it is, and not stored', async (path, status) => {
    for (const run of [1, 2]) {
      const reply = await ask(`/${path}`);
      expect([reply.status, runs]).toEqual([status, run]);
      expect(cacheSays(reply)).not.toContain('stored');
    }
    expect((await stored()).toString('latin1')).not.toMatch(/run|part|file/);
  });

  it.each(['empty', 'undefined'])(
    'an observable that gives nothing (%s) is answered as without a cache, each time',
    async (path) => {
      const bare = await ask(`/bare-${path}`);
      for (const run of [1, 2]) {
        const reply = await ask(`/${path}`);
        expect([reply.status, reply.text, runs]).toEqual([bare.status, bare.text, run]);
      }
    },
  );

  it('an observable that failed after a value says nothing of the next', async () => {
    expect((await ask('/failing-once')).status).toBe(500);
    expect((await ask('/failing-once')).text).toBe('run 2');
    expect(cacheSays(await ask('/failing-once'))).toBe('hit');
  });
});
