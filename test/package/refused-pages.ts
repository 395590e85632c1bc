import {
  Controller,
  Get,
  Headers,
  Ip,
  Module,
  Next,
  Post,
  Redirect,
  Render,
  Req,
  Res,
  Sse,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { Cacheable, ResponseCacheContext, ResponseCacheCtx } from 'nestjs-redis-cache';
import { of, type Observable } from 'rxjs';
import type { Attacked, Handler, Visited } from '../e2e/http/attacks/attacked-app.js';

/** Routes of which nothing is ever cached, one for each reason. */
@Controller('routes')
export class RefusedController {
  @Sse('events')
  @Cacheable()
  events(): Observable<object> {
    return of({ data: {} });
  }

  @Get('rendered')
  @Render('page')
  @Cacheable()
  async rendered(): Promise<void> {}

  @Get('redirect')
  @Redirect('/')
  @Cacheable()
  async redirect(): Promise<void> {}

  @Get('own')
  @Cacheable()
  async own(@Res() response: { send(body: unknown): void }, @Next() _next: unknown): Promise<void> {
    response.send('own');
  }

  @Get('address')
  @Cacheable()
  async address(@Ip() _ip: string): Promise<void> {}

  @Get('language')
  @Cacheable()
  async language(@Headers('accept-language') _language: string): Promise<void> {}

  @Get('headers')
  @Cacheable()
  async headers(@Headers() _headers: object): Promise<void> {}

  @Post('change')
  @Cacheable()
  async change(): Promise<void> {}
}

/** A decorator above `@Cacheable` that keeps its metadata and calls something else. */
const Replaced: MethodDecorator = (_target, _name, descriptor) => {
  const decorated = descriptor.value as object;
  const other = (): object => ({});
  for (const key of Reflect.getMetadataKeys(decorated)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, decorated), other);
  }
  Object.assign(descriptor, { value: other });
};

/** Two handlers that have a say in what becomes of their responses, and one that has none. */
@Controller('judged')
export class JudgedController {
  @Get('silent')
  @Cacheable()
  async silent(@ResponseCacheCtx() response: ResponseCacheContext): Promise<object> {
    response.noStore();
    return {};
  }

  @Get('unless')
  @Cacheable({ unless: () => true })
  async unless(): Promise<object> {
    return {};
  }

  @Get('replaced')
  @Replaced
  @Cacheable({ tags: () => ['a'] })
  async replaced(): Promise<object> {
    return {};
  }
}

/** Handlers that read what is not part of the key. */
@Controller('tainted')
export class PagesController {
  @Get('find')
  @Cacheable()
  async find(@Req() { cookies }: Visited): Promise<object> {
    return { theme: cookies?.['theme'] };
  }

  @Get('list')
  @Cacheable()
  async list(@Req() { headers }: Visited): Promise<object> {
    return { language: headers['accept-language'] };
  }
}

/** Stands around everything, which no interceptor must. */
class Around implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/** Puts an interceptor in front of all others. */
@Module({})
export class PushyModule {
  constructor(private readonly config: ApplicationConfig) {}

  configure(): void {
    this.config.getGlobalInterceptors().unshift(new Around());
  }
}

const setting =
  (name: string, value: string): Handler =>
  (_request, response) => {
    response.header(name, value);
    return {};
  };

const byHeaders = { response: { respectHeaders: true } };
const NONCE = "script-src 'nonce-bm9uY2U='";

/** Routes whose responses are not stored, one for each reason. */
export const REFUSED: readonly Attacked[] = [
  { path: 'cookie', handle: setting('Set-Cookie', 'a=1') },
  { path: 'challenge', handle: setting('WWW-Authenticate', 'Basic') },
  { path: 'no-store', handle: setting('Cache-Control', 'no-store') },
  { path: 'private', handle: setting('Cache-Control', 'private') },
  { path: 'no-cache', handle: setting('Cache-Control', 'no-cache') },
  { path: 'stale', handle: setting('Cache-Control', 'max-age=0') },
  { path: 'vary', handle: setting('Vary', '*') },
  { path: 'encoded', handle: setting('Content-Encoding', 'x-own') },
  { path: 'origin', handle: setting('Access-Control-Allow-Origin', 'https://one.example') },
  { path: 'nonce', handle: setting('Content-Security-Policy', NONCE) },
  { path: 'nonce-in-body', handle: () => '<script nonce="bm9uY2U=">' },
  { path: 'stream', handle: () => new StreamableFile(Buffer.from('file')) },
  { path: 'large', handle: () => 'x'.repeat(1024 * 1024 + 1) },
  { path: 'theme', handle: ({ cookies }) => ({ theme: cookies?.['theme'] }) },
  { path: 'silent', handle: () => ({}), options: byHeaders },
  { path: 'credentials', handle: setting('Cache-Control', 'max-age=60'), options: byHeaders },
  {
    path: 'status',
    handle: (_request, response) => {
      response.status(404);
      return {};
    },
  },
  {
    path: 'undefined-status',
    options: byHeaders,
    handle: (_request, response) => {
      response.status(299);
      response.header('Cache-Control', 'must-understand, max-age=60');
      return {};
    },
  },
  {
    path: 'user',
    handle: (request) => {
      request.user = { id: 1 };
      return {};
    },
  },
];

/** What middleware does: the same for both platforms. */
export const MIDDLEWARE: Readonly<Record<string, readonly [name: string, value: string]>> = {
  '/nonce-in-body': ['Content-Security-Policy', NONCE],
  '/said-private': ['Cache-Control', 'private'],
};
