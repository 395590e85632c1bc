import {
  All,
  Controller,
  Get,
  Headers,
  Ip,
  Logger,
  Next,
  Param,
  Post,
  Redirect,
  Render,
  Res,
  Sse,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { of } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ResponseCacheInterceptor } from '../../../../src/http/response-cache.interceptor.js';
import { send } from '../http-client.js';
import { Cached, platforms, startApp, type ResponseApp } from '../response-app.js';

let runs = 0;
const counted = () => ({ run: (runs += 1) });

class BaseController {
  @Get('inherited/:id')
  @Cached()
  inherited(@Param('id') id: string) {
    return { ...counted(), id };
  }
}

@Controller()
class RefusedController extends BaseController {
  @Sse('sse')
  @Cached()
  sse() {
    return of({ data: counted() });
  }

  @Get('render')
  @Render('page')
  @Cached()
  render() {
    return counted();
  }

  @Get('redirect')
  @Redirect('/elsewhere')
  @Cached()
  redirect() {
    counted();
  }

  @Get('response')
  @Cached()
  response(@Res() response: { send(body: unknown): void }) {
    response.send(counted());
  }

  @Get('next')
  @Cached()
  next(@Res() response: { send(body: unknown): void }, @Next() _next: unknown) {
    response.send(counted());
  }

  @Get('address')
  @Cached()
  address(@Ip() ip: string) {
    return { ...counted(), ip };
  }

  @Get('language')
  @Cached()
  language(@Headers('accept-language') language: string) {
    return { ...counted(), language };
  }

  @Get('all-headers')
  @Cached()
  headers(@Headers() _headers: object) {
    return counted();
  }

  @Post('post')
  @Cached()
  post() {
    return counted();
  }

  @All('all')
  @Cached()
  all() {
    return counted();
  }

  @Get('harmless')
  @Cached()
  harmless(@Headers('Authorization') authorization: string | undefined) {
    return { ...counted(), authorization: authorization ?? null };
  }
}

describe('rule 4: what takes the response out of the hands of Nest is never cached', () => {
  describe.each(platforms)('%s', (platform) => {
    let app: ResponseApp | undefined;
    afterEach(async () => {
      await app?.close();
      vi.restoreAllMocks();
    });

    it.each([
      ['sse', 'sse', '@Sse() streams events'],
      ['render', 'render', '@Render() responses are not captured'],
      ['redirect', 'redirect', '@Redirect() responses are not captured'],
      ['response', 'response', 'it sends the response itself; use @Res({ passthrough: true })'],
      ['next', 'next', 'it sends the response itself; use @Res({ passthrough: true })'],
      ['address', 'address', "it reads the client's address"],
      [
        'language',
        'language',
        'it reads the header accept-language, which is not part of the key: put it into response.vary',
      ],
      ['all-headers', 'headers', 'it reads request headers, which are not part of the key'],
    ])('%s is never cached, which is said once', async (path, method, reason) => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      app = await startApp({ platform, controllers: [RefusedController] });
      runs = 0;
      for (const expected of [1, 2]) {
        await send(app.url, `/${path}`);
        await app.storage.drain();
        expect(runs).toBe(expected);
      }
      const said = warn.mock.calls.flat().filter((line) => String(line).includes('are never cached'));
      expect(said).toEqual([`Responses of RefusedController.${method} are never cached: ${reason}.`]);
    });

    it('@Cacheable on a route of another method than GET does nothing, which is said once', async () => {
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      app = await startApp({ platform, controllers: [RefusedController] });
      runs = 0;
      await send(app.url, '/post', { method: 'POST' });
      await send(app.url, '/post', { method: 'POST' });
      expect(runs).toBe(2);
      expect(warn.mock.calls.flat().filter((line) => String(line).includes('never cached'))).toEqual([
        'Responses of RefusedController.post are never cached: only those to GET are, and it answers POST.',
      ]);
    });

    it('nothing is said of other methods where no @Cacheable stands', async () => {
      @Controller('bound')
      @UseInterceptors(ResponseCacheInterceptor)
      class BoundController {
        @Post()
        post() {
          return counted();
        }
      }
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
      app = await startApp({ platform, controllers: [BoundController] });
      expect((await send(app.url, '/bound', { method: 'POST' })).status).toBe(201);
      expect(warn.mock.calls.flat().filter((line) => String(line).includes('never cached'))).toEqual([]);
    });

    it('a route of every method is cached for GET', async () => {
      app = await startApp({ platform, controllers: [RefusedController] });
      const first = await send(app.url, '/all');
      await app.storage.drain();
      expect((await send(app.url, '/all')).text).toBe(first.text);
      expect((await send(app.url, '/all', { method: 'PUT' })).text).not.toBe(first.text);
    });

    it('a handler that reads nothing but credentials is cached for those who have none', async () => {
      app = await startApp({ platform, controllers: [RefusedController] });
      const first = await send(app.url, '/harmless');
      await app.storage.drain();
      expect((await send(app.url, '/harmless')).text).toBe(first.text);
    });

    it('an inherited handler is cached, and its parameters tell responses apart', async () => {
      app = await startApp({ platform, controllers: [RefusedController] });
      const first = await send(app.url, '/inherited/1');
      await app.storage.drain();
      expect((await send(app.url, '/inherited/1')).text).toBe(first.text);
      expect((await send(app.url, '/inherited/2')).text).toContain('"id":"2"');
    });

    it('guards run on a hit', async () => {
      let open = true;
      class Gate implements CanActivate {
        canActivate(_context: ExecutionContext) {
          return open;
        }
      }
      @Controller()
      class GuardedController {
        @Get('guarded')
        @UseGuards(new Gate())
        @Cached()
        guarded() {
          return counted();
        }
      }
      app = await startApp({ platform, controllers: [GuardedController] });
      await send(app.url, '/guarded');
      await app.storage.drain();
      open = false;
      expect((await send(app.url, '/guarded')).status).toBe(403);
    });
  });
});
