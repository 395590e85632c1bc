import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpException,
  Injectable,
  Logger,
  Next,
  Patch,
  Post,
  Put,
  Redirect,
  Res,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { request, type IncomingMessage } from 'node:http';
import { concat, NEVER, of, throwError } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RedisUnavailableError } from '../../../../src/errors.js';
import { CacheablePaths } from '../../../../src/http/invalidation/cacheable-paths.js';
import { findExchange } from '../../../../src/http/platform/find-exchange.js';
import { urlTag } from '../../../../src/http/invalidation/response-tags.js';
import { isUnsafe, UnsafeMethods, warnOfUntagged } from '../../../../src/http/invalidation/unsafe-methods.js';
import { send } from '../http-client.js';
import { startModuleApp, type ModuleApp, type ModuleAppOptions } from '../module-app.js';
import { platforms } from '../response-app.js';
import type { AnyResponse } from '../routes.js';

/** What a handler that sends the response itself uses of it, on Express and on Fastify. */
interface OwnResponse extends AnyResponse {
  send(body: string): unknown;
}

let sendLater: () => void = () => undefined;
let begun = false;

@Controller('cities')
class Cities {
  @Get(':id')
  one() {
    return {};
  }

  @Post()
  @Header('Location', '/cities/7')
  @Header('Content-Location', 'cities/8')
  add() {
    return {};
  }

  @Post('elsewhere')
  @Header('Location', 'http://elsewhere.example/cities/7')
  elsewhere() {
    return {};
  }

  @Put('sees-other')
  @Redirect('/cities/7', 303)
  redirected() {
    return {};
  }

  @Put('sees-another')
  @Redirect('/cities/7')
  redirectedElsewhere() {
    return { url: '/cities/9' };
  }

  @Patch('refused')
  refused() {
    throw new HttpException('refused', 409);
  }

  @Patch('moved')
  moved() {
    throw new HttpException('moved', 307);
  }

  @Patch('broken')
  broken() {
    return throwError(() => new Error('broken'));
  }

  @Patch('status')
  @HttpCode(500)
  status() {
    return {};
  }

  @Patch('observed')
  observed() {
    return of(1, 2);
  }

  @Patch('never')
  never() {
    begun = true;
    return concat(of(1), NEVER);
  }

  @Delete('own')
  own(@Res() response: OwnResponse) {
    sendLater = () => response.send('own');
  }

  @Delete('next/:id')
  passedOn(@Res() response: OwnResponse, @Next() _next: unknown) {
    response.send('own');
    throw new Error('too late');
  }

  @Delete(':id')
  remove() {
    return undefined;
  }
}

const PATHS = ['/', '/cities', '/cities/:id', '/cities/next/:id'].map((path) => ({ path, cache: 'pages' }));

describe('rule 16: an unsafe request', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ModuleApp;
    let bumped: string[] = [];
    let bump: (tags: readonly string[]) => Promise<void>;

    afterEach(async () => {
      await app.close();
      vi.restoreAllMocks();
    });

    async function start(options: Partial<ModuleAppOptions> = {}, paths = PATHS): Promise<void> {
      bumped = [];
      bump = async () => undefined;
      const cache = {
        invalidateTags: async (tags: string | Iterable<string>) => {
          bumped.push(...tags);
          await bump([...tags]);
        },
      };
      const unsafe = new UnsafeMethods(() => cache, new CacheablePaths(paths));

      @Injectable()
      class Following implements NestInterceptor {
        intercept(context: ExecutionContext, next: CallHandler) {
          const http = context.switchToHttp();
          const exchange = findExchange(http.getRequest<object>(), http.getResponse<object>());
          if (exchange === undefined || !isUnsafe(exchange.method)) return next.handle();
          return unsafe.follow(context, exchange, next.handle());
        }
      }

      app = await startModuleApp({
        platform,
        controllers: [Cities],
        ...options,
        prepare: (one) => {
          one.useGlobalInterceptors(new Following());
          options.prepare?.(one);
        },
      });
    }

    const tagsOf = (...targets: string[]) => targets.map(urlTag).toSorted();
    const change = async (method: string, path: string, headers: Record<string, string> = {}) => {
      bumped = [];
      const reply = await send(app.url, path, { method, headers });
      return [reply.status, ...bumped.toSorted()];
    };

    it('invalidates its URL, Location and Content-Location before it is answered', async () => {
      await start();
      let answered = false;
      let goOn: () => void = () => undefined;
      bump = () => new Promise((resolve) => (goOn = resolve));
      const reply = send(app.url, '/cities?q=1', { method: 'POST' }).finally(() => (answered = true));
      await expect.poll(() => bumped.toSorted()).toEqual(tagsOf('/cities', '/cities/7', '/cities/8'));
      // A response that did not wait would be here before one that was asked for later.
      await send(app.url, '/cities/1');
      expect(answered).toBe(false);
      goOn();
      expect((await reply).status).toBe(201);
    });

    it('invalidates nothing that is on another host', async () => {
      await start();
      expect(await change('POST', '/cities/elsewhere')).toEqual([201, ...tagsOf('/cities/elsewhere')]);
      expect(await change('POST', '/cities/elsewhere', { host: 'elsewhere.example' })).toEqual([
        201,
        ...tagsOf('/cities/elsewhere', '/cities/7'),
      ]);
    });

    it('invalidates where @Redirect leads', async () => {
      await start();
      expect(await change('PUT', '/cities/sees-other')).toEqual([
        303,
        ...tagsOf('/cities/sees-other', '/cities/7'),
      ]);
      expect(await change('PUT', '/cities/sees-another')).toEqual([
        302,
        ...tagsOf('/cities/sees-another', '/cities/9'),
      ]);
    });

    it('invalidates by the status of its answer: 2xx and 3xx, returned or thrown', async () => {
      await start();
      expect(await change('PATCH', '/cities/refused')).toEqual([409]);
      expect(await change('PATCH', '/cities/broken')).toEqual([500]);
      expect(await change('PATCH', '/cities/status')).toEqual([500]);
      expect(await change('PATCH', '/cities/moved')).toEqual([307, urlTag('/cities/moved')]);
      expect(await change('PATCH', '/cities/observed')).toEqual([200, urlTag('/cities/observed')]);
      expect(await change('DELETE', '/cities/1')).toEqual([200, urlTag('/cities/1')]);
    });

    it('is no unsafe one when it is a GET or a HEAD, or nothing is cached there', async () => {
      await start({}, [{ path: '/towns', cache: 'pages' }]);
      expect(await change('DELETE', '/cities/1')).toEqual([200]);
      await app.close();
      await start();
      expect(await change('GET', '/cities/1')).toEqual([200]);
      expect(await change('HEAD', '/cities/1')).toEqual([200]);
    });

    it('invalidates when it has been answered, where its handler sends the response itself', async () => {
      await start();
      expect(await change('DELETE', '/cities/next/1')).toEqual([200, urlTag('/cities/next/1')]);
      bumped = [];
      const reply = send(app.url, '/cities/own', { method: 'DELETE' });
      await expect.poll(() => bumped).toEqual([urlTag('/cities/own')]);
      sendLater();
      expect((await reply).text).toBe('own');
      await expect.poll(() => bumped).toEqual([urlTag('/cities/own'), urlTag('/cities/own')]);
    });

    it('invalidates when its client leaves while the handler goes on', async () => {
      await start();
      begun = false;
      const left = request(`${app.url}/cities/never`, { method: 'PATCH', agent: false });
      left.on('error', () => undefined);
      left.end();
      await expect.poll(() => begun).toBe(true);
      left.destroy();
      await expect.poll(() => bumped).toEqual([urlTag('/cities/never')]);
    });

    it('takes the path before and after it was rewritten', async () => {
      const rewritten = (url = '') => url.replace('/de/', '/');
      const rewriteUrl = ({ url }: IncomingMessage) => rewritten(url);
      const middleware = (one: { url: string }, _response: unknown, next: () => void) => {
        one.url = rewritten(one.url);
        next();
      };
      if (platform === 'fastify') await start({ adapter: new FastifyAdapter({ rewriteUrl }) });
      else await start({ prepare: (one) => one.use(middleware) });
      expect(await change('DELETE', '/de/cities/1')).toEqual([200, ...tagsOf('/cities/1', '/de/cities/1')]);
    });

    it('is answered as without a cache where that fails', async () => {
      await start();
      const error = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
      bump = () => Promise.reject(new RedisUnavailableError('default', 'it is down'));
      expect((await change('DELETE', '/cities/1'))[0]).toBe(200);
      expect(error).not.toHaveBeenCalled();
      bump = () => Promise.reject(new TypeError('no cache at all'));
      expect((await change('DELETE', '/cities/1'))[0]).toBe(200);
      expect(error.mock.calls.flat()).toEqual([expect.stringContaining('TypeError: no cache at all')]);
    });
  });
});

describe('caches whose stores know no tags', () => {
  it('are told of when the application starts', () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const paths = new CacheablePaths([
      { path: '/a', cache: 'pages' },
      { path: '/b', cache: 'others' },
    ]);
    warnOfUntagged(paths, () => true);
    expect(warn).not.toHaveBeenCalled();
    warnOfUntagged(paths, (cache) => cache === 'pages');
    expect(warn.mock.calls.flat()).toEqual([expect.stringContaining('the responses in "others"')]);
    vi.restoreAllMocks();
  });
});
