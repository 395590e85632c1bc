import {
  BadRequestException,
  Catch,
  Controller,
  ForbiddenException,
  Get,
  GoneException,
  HttpException,
  NotFoundException,
  Param,
  ParseIntPipe,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import { comparable, type RawReply } from '../http-client.js';
import { platforms } from '../response-app.js';
import type { AnyRequest, AnyResponse } from '../routes.js';
import { cacheSays, neighbours } from './neighbours.js';

let runs = 0;
const NEGATIVE = { ttl: '1h', response: { statuses: [404, 410], negativeTtl: '1m' } } as const;

class NoSuchPage extends Error {}

@Catch(NoSuchPage)
class NoSuchPageFilter implements ExceptionFilter {
  constructor(readonly host: HttpAdapterHost) {}

  catch(error: NoSuchPage, host: ArgumentsHost) {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { lost: error.message }, 404);
  }
}

/** On Express, Nest 11 lets no error be of a type that does not begin like this. */
const PROBLEM = 'application/json; charset=utf-8; profile=problem';

/** Gives all errors a form of its own, as applications do. */
@Catch(HttpException)
class ProblemFilter implements ExceptionFilter {
  constructor(readonly host: HttpAdapterHost) {}

  catch(error: HttpException, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse<AnyResponse>();
    response.header('Content-Type', PROBLEM);
    response.header('X-Filtered', 'yes');
    const problem = { title: error.message, status: error.getStatus(), about: runs };
    this.host.httpAdapter.reply(response, problem, error.getStatus());
  }
}

/** Tells the visitor what he asked for. */
@Catch(NotFoundException)
class PersonalFilter implements ExceptionFilter {
  constructor(readonly host: HttpAdapterHost) {}

  catch(_error: NotFoundException, host: ArgumentsHost) {
    const { headers } = host.switchToHttp().getRequest<AnyRequest>();
    const body = { nothing: 'for', you: headers.cookie };
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), body, 404);
  }
}

/** Hides from strangers that there is something, and from the cache that there is not. */
@Catch(ForbiddenException, GoneException)
class HidingFilter implements ExceptionFilter {
  constructor(readonly host: HttpAdapterHost) {}

  catch(error: HttpException, host: ArgumentsHost) {
    const status = error instanceof GoneException ? 403 : 404;
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { hidden: true }, status);
  }
}

class Closed implements CanActivate {
  canActivate(): boolean {
    throw new UnauthorizedException();
  }
}

@Controller()
class ErrorController {
  @Get('missing/:id')
  @Cacheable(NEGATIVE)
  missing(@Param('id') id: string): object {
    runs += 1;
    throw new NotFoundException(`no ${id}`);
  }

  @Get('gone')
  @Cacheable(NEGATIVE)
  async gone(): Promise<object> {
    runs += 1;
    throw new GoneException('long gone');
  }

  @Get('unlisted')
  @Cacheable({ ttl: '1h', response: { statuses: [410] } })
  unlisted(): object {
    runs += 1;
    throw new NotFoundException('not listed');
  }

  @Get('own-error')
  @Cacheable(NEGATIVE)
  ownError(): object {
    runs += 1;
    throw new NoSuchPage('a page');
  }

  @Get('invalid/:id')
  @Cacheable(NEGATIVE)
  invalid(@Param('id', ParseIntPipe) id: number) {
    return { id, run: (runs += 1) };
  }

  @Get('bad')
  @Cacheable({ response: { respectHeaders: true } })
  bad(): object {
    runs += 1;
    throw new BadRequestException();
  }

  @Get('closed')
  @UseGuards(Closed)
  @Cacheable(NEGATIVE)
  closed() {
    return { run: (runs += 1) };
  }

  @Get('broken')
  @Cacheable(NEGATIVE)
  broken(): object {
    runs += 1;
    throw new Error('broken');
  }

  @Get('hidden')
  @UseFilters(HidingFilter)
  @Cacheable(NEGATIVE)
  hidden(): object {
    runs += 1;
    throw new ForbiddenException();
  }

  @Get('hidden-gone')
  @UseFilters(HidingFilter)
  @Cacheable(NEGATIVE)
  hiddenGone(): object {
    runs += 1;
    throw new GoneException();
  }

  @Get('personal')
  @UseFilters(PersonalFilter)
  @Cacheable(NEGATIVE)
  personal(): object {
    runs += 1;
    throw new NotFoundException();
  }
}

function fieldsOf(reply: RawReply): string[] {
  return comparable(reply).filter((field) => !/^cache-status:/i.test(field));
}

describe.each(platforms)('beside filters on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  beforeEach(() => {
    runs = 0;
  });

  const startWith = (...filters: (new (host: HttpAdapterHost) => ExceptionFilter)[]) =>
    start({
      controllers: [ErrorController],
      providers: filters.map((useClass) => ({ provide: APP_FILTER, useClass })),
    });

  async function missAndHit(path: string, status: number): Promise<RawReply> {
    const miss = await ask(path);
    const hit = await ask(path);
    expect([cacheSays(miss), cacheSays(hit), runs]).toEqual(['fwd=uri-miss; stored', 'hit', 1]);
    expect([miss.status, hit.status]).toEqual([status, status]);
    expect(fieldsOf(hit)).toEqual(fieldsOf(miss));
    expect(hit.text).toBe(miss.text);
    return hit;
  }

  async function eachRuns(path: string, status: number, perRequest = 1): Promise<RawReply> {
    const first = await ask(path);
    const second = await ask(path);
    expect([first.status, second.status, runs]).toEqual([status, status, 2 * perRequest]);
    expect(cacheSays(second)).not.toBe('hit');
    return second;
  }

  it.each([
    ['/missing/7', 404, 'no 7'],
    ['/gone', 410, 'long gone'],
  ])(
    '%s: an exception of a listed status is kept as it was sent, for the shorter time',
    async (path, status, text) => {
      await startWith();
      const hit = await missAndHit(path, status);
      expect(JSON.parse(hit.text)).toMatchObject({ statusCode: status, message: text });
      const left = Number(/ttl=(\d+)/.exec(String(hit.headers['cache-status']))?.[1]);
      expect(left).toBeLessThanOrEqual(60);
      expect(left).toBeGreaterThan(0);
    },
  );

  it.each([
    ['/missing/7', 404, 'no 7'],
    ['/gone', 410, 'long gone'],
  ])('%s: what a filter makes of it is what is kept', async (path, status, title) => {
    await startWith(ProblemFilter);
    const hit = await missAndHit(path, status);
    expect(JSON.parse(hit.text)).toEqual({ title, status, about: 1 });
    expect(hit.headers).toMatchObject({
      'content-type': PROBLEM,
      'x-filtered': 'yes',
    });
    expect((await stored()).includes(hit.text)).toBe(true);
  });

  it('what a filter makes of an exception that is not listed is not', async () => {
    await startWith(ProblemFilter);
    expect((await eachRuns('/unlisted', 404)).headers['x-filtered']).toBe('yes');
    expect((await stored()).includes('title')).toBe(false);
  });

  it('an error that is none of HTTP runs each time, whatever its filter answers', async () => {
    await startWith(NoSuchPageFilter);
    expect((await eachRuns('/own-error', 404)).text).toBe('{"lost":"a page"}');
  });

  it('errors of pipes and guards are not kept, and a right request is', async () => {
    await startWith(ProblemFilter);
    for (const path of ['/invalid/x', '/closed']) {
      expect((await eachRuns(path, path === '/closed' ? 401 : 400, 0)).headers['x-filtered']).toBe('yes');
    }
    await missAndHit('/invalid/1', 200);
    expect((await ask('/invalid/x')).status).toBe(400);
  });

  it.each([
    ['/broken', 500],
    ['/bad', 400],
  ])('%s is never kept', async (path, status) => {
    await startWith(ProblemFilter);
    await eachRuns(path, status);
  });

  it.each([
    ['/hidden', 404, 'an exception that is not listed, answered with a status that is'],
    ['/hidden-gone', 403, 'one that is listed, answered with a status that is not'],
  ])('%s (%i): %s runs each time', async (path, status) => {
    await startWith();
    await eachRuns(path, status);
  });

  it('what a filter tells a visitor of himself is not kept', async () => {
    await startWith();
    for (const cookie of ['name=ann', 'name=bob']) {
      const reply = await ask('/personal', { Cookie: cookie });
      expect([reply.status, reply.text]).toEqual([404, JSON.stringify({ nothing: 'for', you: cookie })]);
    }
    expect((await stored()).includes('name=')).toBe(false);
  });
});
