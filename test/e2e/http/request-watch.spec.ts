import {
  Controller,
  Get,
  Headers,
  HostParam,
  Ip,
  Req,
  Session,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import session from 'express-session';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finalize } from 'rxjs';
import { watchRequest } from '../../../src/http/watch/request-watch.js';
import { send } from './http-client.js';
import { startModuleApp, type ModuleApp } from './module-app.js';
import { platforms } from './response-app.js';

let reads: readonly string[] = [];
/** What differs between a request that was watched and one that was not. */
let left: unknown[] = [];

const shapeOf = (target: object) => JSON.stringify(Reflect.ownKeys(target).map(String).toSorted());

class Watcher implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const request = context.switchToHttp().getRequest<object & { raw?: object }>();
    const raw = request.raw ?? request;
    const before = [shapeOf(request), shapeOf(raw), Reflect.get(raw, 'headers')];
    const keyed = new Set(['x-keyed']);
    const watch = watchRequest(request, { keyed, audience: 'everybody', thorough: true, strict: false });
    return next.handle().pipe(
      finalize(() => {
        watch.stop();
        reads = watch.reads();
        left = [shapeOf(request), shapeOf(raw), Reflect.get(raw, 'headers')].filter(
          (one, index) => one !== before[index],
        );
      }),
    );
  }
}

interface AnyRequest {
  readonly headers: Record<string, string | undefined>;
  readonly cookies?: Record<string, string>;
  readonly hostname: string;
  readonly protocol: string;
  get?(name: string): string | undefined;
}

@Controller()
@UseInterceptors(new Watcher())
class ReadingController {
  @Get('nothing')
  nothing(@Headers('x-keyed') keyed: string, @Headers('if-none-match') _tag: string) {
    return { keyed };
  }

  @Get('language')
  language(@Headers('Accept-Language') language: string) {
    return { language };
  }

  @Get('headers')
  headers(@Headers() headers: object) {
    return { ...headers };
  }

  @Get('address')
  address(@Ip() ip: string) {
    return { ip };
  }

  @Get('host')
  host(@Req() request: AnyRequest) {
    return { host: request.hostname };
  }

  @Get('session')
  session(@Session() own: object | undefined) {
    return { own: own === undefined };
  }

  @Get('cookie')
  cookie(@Req() request: AnyRequest) {
    return { cookie: request.get?.('Cookie') ?? request.headers['cookie'] };
  }

  @Get('theme')
  theme(@Req() request: AnyRequest) {
    return { theme: request.cookies?.['theme'] };
  }

  @Get('failing')
  failing(@Headers('x-other') _other: string): never {
    throw new Error('no');
  }
}

@Controller({ host: ':name.0.0.1' })
@UseInterceptors(new Watcher())
class HostController {
  @Get('bound')
  bound(@HostParam('name') name: string) {
    return { name };
  }
}

describe.each(platforms)('a handler on %s', (platform) => {
  let app: ModuleApp;

  beforeAll(async () => {
    app = await startModuleApp({
      platform,
      controllers: [ReadingController, HostController],
      prepare: (nest) => {
        if (platform === 'express') {
          nest.use(session({ secret: 's', resave: false, saveUninitialized: false }));
          nest.use((request: { cookies?: object }, _response: unknown, next: () => void) => {
            request.cookies = { theme: 'dark' };
            next();
          });
          return;
        }
        const fastify = nest.getHttpAdapter().getInstance() as unknown as FastifyInstance;
        fastify.decorateRequest('cookies');
        fastify.addHook('onRequest', async (request) => {
          Object.assign(request, { cookies: { theme: 'dark' } });
        });
      },
    });
  });
  afterAll(() => app.close());

  it.each([
    ['nothing', [], { keyed: 'k' }],
    ['language', ['the header accept-language'], { language: 'de' }],
    ['headers', ['all request headers'], undefined],
    ['address', ["the client's address"], { ip: '127.0.0.1' }],
    ['host', ['the host'], { host: '127.0.0.1' }],
    ['session', ['the session'], undefined],
    ['cookie', ['the header cookie'], { cookie: 'theme=dark' }],
    ['theme', ['the cookie "theme"'], { theme: 'dark' }],
    ['bound', ['the host'], { name: '127' }],
    ['failing', ['the header x-other'], { statusCode: 500, message: 'Internal server error' }],
  ])('that reads %s is seen to, and its request is left as it was', async (path, expected, body) => {
    const headers = { 'X-Keyed': 'k', 'Accept-Language': 'de', Cookie: 'theme=dark' };
    const { text } = await send(app.url, `/${path}`, { headers });
    if (body !== undefined) expect(JSON.parse(text)).toEqual(body);
    expect([reads, left]).toEqual([expected, []]);
  });
});
