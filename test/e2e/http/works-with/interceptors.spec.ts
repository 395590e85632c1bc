import { Controller, Get, Param, Scope, UseInterceptors } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { NEVER, concat, from, map, of } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Cacheable } from 'nestjs-redis-cache';
import { platforms } from '../response-app.js';
import { cacheSays, neighbours } from './neighbours.js';
import {
  Answering,
  done,
  Envelope,
  Even,
  Forgiving,
  Impatient,
  Logging,
  Marking,
  Personal,
  PerRequest,
  Translating,
} from './various-interceptors.js';

@Controller()
class PageController {
  @Get('page/:id')
  @Cacheable({ ttl: '1m' })
  page(@Param('id') id: string) {
    return { id, run: (done.runs += 1) };
  }

  @Get('observed')
  @Cacheable({ ttl: '1m', returns: 'observable' })
  observed() {
    return from([1, 2, 3]).pipe(map((value) => ({ value, run: done.runs })));
  }
}

@Controller()
class RouteController {
  @Get('enveloped')
  @UseInterceptors(Envelope, Logging)
  @Cacheable({ ttl: '1m' })
  enveloped() {
    return { run: (done.runs += 1) };
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
    return { run: (done.runs += 1) };
  }

  @Get('slow')
  @UseInterceptors(Impatient)
  @Cacheable({ ttl: '1m', returns: 'observable' })
  slow() {
    done.runs += 1;
    return done.runs === 1 ? concat(of('part'), NEVER) : of('whole');
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
    done.runs += 1;
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
    return { run: (done.runs += 1) };
  }

  @Get('personal')
  @UseInterceptors(Personal)
  @Cacheable({ ttl: '1m' })
  personal() {
    return { run: (done.runs += 1) };
  }
}

describe.each(platforms)('beside other interceptors on %s', (platform) => {
  const { start, ask, stored } = neighbours(platform);
  beforeEach(() => {
    done.reset();
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
    expect(done.log).toHaveLength(2);
    await missAndHit('/page/2');
    expect(done.log.filter((line) => line.startsWith('before'))).toEqual(['before page', 'before page']);
  });

  it('each value of an observable passes them, and the last one is stored', async () => {
    await start({
      controllers: [PageController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: Logging }],
      prepare: (app) => app.useGlobalInterceptors(new Envelope()),
    });
    const { hit } = await missAndHit('/observed');
    expect(hit.text).toBe('{"data":{"value":3,"run":0}}');
    expect(done.log).toHaveLength(4);
  });

  it('those of a route stand inside, in their order', async () => {
    await startRoutes();
    const { hit } = await missAndHit('/enveloped');
    expect(hit.text).toBe('{"data":{"run":1}}');
    expect(done.log).toEqual(['before enveloped', 'after {"run":1}']);
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
    expect(done.runs).toBe(2);
  });

  it('what they give in the place of an error is stored, as any value', async () => {
    await startRoutes();
    expect((await missAndHit('/forgiven')).hit.text).toBe('{"instead":1}');
  });

  it('what they throw in the place of another error is not', async () => {
    await startRoutes();
    for (const run of [1, 2]) expect([(await ask('/translated')).status, done.runs]).toEqual([502, run]);
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
    expect(done.runs).toBe(1);
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
    expect(done.runs).toBe(2);
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
