import {
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  Optional,
  Param,
  RequestTimeoutException,
  Scope,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import {
  NEVER,
  catchError,
  concat,
  filter,
  from,
  map,
  of,
  tap,
  throwError,
  timeout,
  TimeoutError,
} from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import { platforms } from '../response-app.js';
import type { AnyRequest, AnyResponse } from '../routes.js';
import { cacheSays, neighbours } from './neighbours.js';

let runs = 0;
const log: string[] = [];

@Injectable()
class Logging implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    log.push(`before ${context.getHandler().name}`);
    return next.handle().pipe(tap((value) => log.push(`after ${JSON.stringify(value)}`)));
  }
}

@Injectable()
class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

@Injectable()
class Even implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(filter((value: unknown) => Number(value) % 2 === 0));
  }
}

@Injectable()
class Marking implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const response = context.switchToHttp().getResponse<AnyResponse>();
    response.header('X-Early', 'early');
    return next.handle().pipe(
      tap(() => {
        response.header('X-Late', `late ${runs}`);
        response.status(203);
      }),
    );
  }
}

@Injectable()
class Impatient implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      timeout(50),
      catchError((error: unknown) =>
        throwError(() => (error instanceof TimeoutError ? new RequestTimeoutException('too late') : error)),
      ),
    );
  }
}

/** Gives what it likes in the place of an error. */
@Injectable()
class Forgiving implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(catchError(() => of({ instead: (runs += 1) })));
  }
}

@Injectable()
class Translating implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next
      .handle()
      .pipe(
        catchError((error: unknown) =>
          throwError(() => new HttpException(`translated ${String(error)}`, 502)),
        ),
      );
  }
}

/** Answers in the place of the handler. */
@Injectable()
class Answering implements NestInterceptor {
  intercept() {
    return of({ answered: (runs += 1) });
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest implements NestInterceptor {
  readonly #number = (made += 1);

  constructor(@Optional() @Inject(REQUEST) readonly request?: AnyRequest) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data, made: this.#number })));
  }
}
let made = 0;

/** Shows to each visitor what is his own. */
@Injectable({ scope: Scope.REQUEST })
class Personal implements NestInterceptor {
  constructor(@Inject(REQUEST) readonly request: AnyRequest) {}

  intercept(_context: ExecutionContext, next: CallHandler) {
    return next
      .handle()
      .pipe(map((data: unknown) => ({ data, theme: this.request.headers.cookie ?? 'no cookie' })));
  }
}

@Controller()
class PageController {
  @Get('page/:id')
  @Cacheable({ ttl: '1m' })
  page(@Param('id') id: string) {
    return { id, run: (runs += 1) };
  }

  @Get('observed')
  @Cacheable({ ttl: '1m', returns: 'observable' })
  observed() {
    return from([1, 2, 3]).pipe(map((value) => ({ value, run: runs })));
  }
}

@Controller()
class RouteController {
  @Get('enveloped')
  @UseInterceptors(Envelope, Logging)
  @Cacheable({ ttl: '1m' })
  enveloped() {
    return { run: (runs += 1) };
  }

  @Get('filtered')
  @UseInterceptors(Even)
  @Cacheable({ ttl: '1m', returns: 'observable' })
  filtered() {
    return from([1, 2, 3]);
  }

  @Get('marked')
  @UseInterceptors(Marking)
  @Cacheable({ ttl: '1m', response: { statuses: [203] } })
  marked() {
    return { run: (runs += 1) };
  }

  @Get('slow')
  @UseInterceptors(Impatient)
  @Cacheable({ ttl: '1m', returns: 'observable' })
  slow() {
    runs += 1;
    return runs === 1 ? concat(of('part'), NEVER) : of('whole');
  }

  @Get('forgiven')
  @UseInterceptors(Forgiving)
  @Cacheable({ ttl: '1m' })
  forgiven(): object {
    throw new Error('broken');
  }

  @Get('translated')
  @UseInterceptors(Translating)
  @Cacheable({ ttl: '1m' })
  translated(): object {
    runs += 1;
    throw new Error('broken');
  }

  @Get('answered')
  @UseInterceptors(Answering)
  @Cacheable({ ttl: '1m' })
  answered() {
    return { never: true };
  }

  @Get('per-request')
  @UseInterceptors(PerRequest)
  @Cacheable({ ttl: '1m' })
  perRequest() {
    return { run: (runs += 1) };
  }

  @Get('personal')
  @UseInterceptors(Personal)
  @Cacheable({ ttl: '1m' })
  personal() {
    return { run: (runs += 1) };
  }
}

describe.each(platforms)('beside other interceptors on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  beforeEach(() => {
    runs = 0;
    made = 0;
    log.length = 0;
  });

  const startRoutes = () => start({ controllers: [RouteController] });

  async function missAndHit(path: string, status = 200) {
    const miss = await ask(path);
    const hit = await ask(path);
    expect([cacheSays(miss), cacheSays(hit)]).toEqual(['fwd=uri-miss; stored', 'hit']);
    expect([miss.status, hit.status]).toEqual([status, status]);
    expect(hit.text).toBe(miss.text);
    expect((await stored()).includes(miss.text)).toBe(true);
    return { miss, hit };
  }

  it('what all of them made of the result is stored, in their order, and they do not run on a hit', async () => {
    await start({
      controllers: [PageController],
      providers: [
        { provide: APP_INTERCEPTOR, useClass: Envelope },
        { provide: APP_INTERCEPTOR, useClass: Logging },
      ],
      prepare: (app) => app.useGlobalInterceptors(new Envelope()),
    });
    const { hit } = await missAndHit('/page/1');
    expect(hit.text).toBe('{"data":{"data":{"id":"1","run":1}}}');
    expect(log).toHaveLength(2);
    await missAndHit('/page/2');
    expect(log.filter((line) => line.startsWith('before'))).toEqual(['before page', 'before page']);
  });

  it('each value of an observable passes them, and the last one is stored', async () => {
    await start({
      controllers: [PageController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Logging }],
      prepare: (app) => app.useGlobalInterceptors(new Envelope()),
    });
    const { hit } = await missAndHit('/observed');
    expect(hit.text).toBe('{"data":{"value":3,"run":0}}');
    expect(log).toHaveLength(4);
  });

  it('those of a route stand inside, in their order', async () => {
    await startRoutes();
    const { hit } = await missAndHit('/enveloped');
    expect(hit.text).toBe('{"data":{"run":1}}');
    expect(log).toEqual(['before enveloped', 'after {"run":1}']);
  });

  it('a value that they hold back is not what is stored', async () => {
    await startRoutes();
    expect((await missAndHit('/filtered')).hit.text).toBe('2');
  });

  it('fields and a status that they set are stored', async () => {
    await startRoutes();
    const { hit } = await missAndHit('/marked', 203);
    expect(hit.headers).toMatchObject({ 'x-early': 'early', 'x-late': 'late 1' });
  });

  it('a handler that is given up stores nothing, neither what it gave so far; the next one is', async () => {
    await startRoutes();
    const late = await ask('/slow');
    expect([late.status, late.text]).toEqual([408, expect.stringContaining('too late')]);
    expect((await missAndHit('/slow')).hit.text).toBe('whole');
    expect(runs).toBe(2);
  });

  it('what they give in the place of an error is stored, as any value', async () => {
    await startRoutes();
    expect((await missAndHit('/forgiven')).hit.text).toBe('{"instead":1}');
  });

  it('what they throw in the place of another error is not', async () => {
    await startRoutes();
    for (const run of [1, 2]) expect([(await ask('/translated')).status, runs]).toEqual([502, run]);
    expect((await stored()).includes('translated')).toBe(false);
  });

  it('what they give in the place of the handler is stored', async () => {
    await startRoutes();
    expect((await missAndHit('/answered')).hit.text).toBe('{"answered":1}');
  });

  it('one that is made for each request changes what is stored, and is not asked on a hit', async () => {
    await startRoutes();
    const { hit } = await missAndHit('/per-request');
    expect(hit.text).toBe('{"data":{"run":1},"made":1}');
    expect(runs).toBe(1);
  });

  it('so does one for all routes', async () => {
    await start({
      controllers: [PageController],
      providers: [{ provide: APP_INTERCEPTOR, scope: Scope.REQUEST, useClass: PerRequest }],
    });
    for (const run of [1, 2]) {
      const { hit } = await missAndHit(`/page/${run}`);
      expect(JSON.parse(hit.text)).toMatchObject({ data: { id: String(run), run } });
    }
    expect(runs).toBe(2);
  });

  it('what one reads of its visitor, as a handler would, keeps the response out', async () => {
    await startRoutes();
    for (const [run, cookie] of ['theme=dark', 'theme=light'].entries()) {
      const reply = await ask('/personal', { Cookie: cookie });
      expect(cacheSays(reply)).toBe('fwd=uri-miss');
      expect(JSON.parse(reply.text)).toEqual({ data: { run: run + 1 }, theme: cookie });
    }
    expect((await stored()).includes('theme')).toBe(false);
  });
});
