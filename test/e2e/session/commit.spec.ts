import {
  Controller,
  Get,
  HttpCode,
  HttpException,
  Injectable,
  NotFoundException,
  Redirect,
  Res,
  Session,
  Sse,
  StreamableFile,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type MessageEvent,
} from '@nestjs/common';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { of, type Observable } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type SessionApp, type SessionAppOptions } from './session-app.js';
import { rawOf, type AnyRequest, type AnyResponse, type AnySession } from './session-routes.js';

let redis: RedisServer;
/** What a handler calls once it has changed the session. */
let changed = (): void => {};

function change(session: AnySession): void {
  session['n'] = Number(session['n'] ?? 0) + 1;
  changed();
}

@Injectable()
class Denying implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    change(context.switchToHttp().getRequest<AnyRequest>().session);
    return false;
  }
}

@Controller()
class Routes {
  @Get('return')
  returned(@Session() session: AnySession, @Res({ passthrough: true }) response: AnyResponse) {
    response.header('X-Handler', '1');
    change(session);
    return { text: 'handler' };
  }

  @Get('count')
  count(@Session() { n }: AnySession) {
    return { n };
  }

  @Get('redirect')
  @Redirect('/elsewhere')
  redirect(@Session() session: AnySession) {
    change(session);
  }

  @Get('exception')
  exception(@Session() session: AnySession) {
    change(session);
    throw new NotFoundException('handler');
  }

  @Get('guard')
  @UseGuards(Denying)
  guarded() {
    return 'never';
  }

  @Get('stream')
  stream(@Session() session: AnySession) {
    change(session);
    return new StreamableFile(Readable.from([Buffer.from('handler '), Buffer.from('x'.repeat(100_000))]));
  }

  @Get('res')
  res(@Session() session: AnySession, @Res() response: AnyResponse) {
    change(session);
    response.header('X-Handler', '1');
    response.send({ text: 'handler' });
  }

  @Get('raw')
  raw(@Session() session: AnySession, @Res() response: AnyResponse) {
    change(session);
    (response as { hijack?: () => void }).hijack?.();
    const raw = rawOf(response);
    raw.writeHead(200, {
      'X-Handler': '1',
      'Content-Type': 'text/plain',
      'Cache-Control': 'public, max-age=9',
    });
    raw.write('handler ');
    raw.end('raw');
  }

  @Get('piped')
  async piped(@Session() session: AnySession, @Res() response: AnyResponse) {
    change(session);
    (response as { hijack?: () => void }).hijack?.();
    const raw = rawOf(response);
    await pipeline(Readable.from(['handler ', 'x'.repeat(100_000), 'y']), raw).catch(() => undefined);
  }

  @Get('flushed')
  flushed(@Session() session: AnySession, @Res() response: AnyResponse) {
    change(session);
    (response as { hijack?: () => void }).hijack?.();
    const raw = rawOf(response);
    raw.setHeader('X-Handler', '1');
    raw.flushHeaders();
    setTimeout(() => raw.end('handler'), 5);
  }

  @Get('late')
  late(@Session() session: AnySession, @Res() response: AnyResponse) {
    change(session);
    response.send({ text: 'handler' });
    throw new Error('too late');
  }

  @Get('empty')
  @HttpCode(204)
  empty(@Session() session: AnySession) {
    change(session);
  }

  @Get('text')
  text(@Session() session: AnySession) {
    change(session);
    return 'handler';
  }

  @Sse('sse')
  sse(@Session() session: AnySession): Observable<MessageEvent> {
    change(session);
    return of({ data: 'handler 1' }, { data: 'handler 2' });
  }
}

const WAYS: [way: string, path: string, status: number, method: string][] = [
  ['a value that is returned', '/return', 200, 'GET'],
  ['a text that is returned', '/text', 200, 'GET'],
  ['a redirect', '/redirect', 302, 'GET'],
  ['an exception', '/exception', 404, 'GET'],
  ['a guard that throws', '/guard', 403, 'GET'],
  ['a stream', '/stream', 200, 'GET'],
  ['@Res()', '/res', 200, 'GET'],
  ['a raw response', '/raw', 200, 'GET'],
  ['a pipeline into the raw response', '/piped', 200, 'GET'],
  ['a head that is flushed', '/flushed', 200, 'GET'],
  ['a handler that throws once it has answered', '/late', 200, 'GET'],
  ['a 204', '/empty', 204, 'GET'],
  ['HEAD', '/return', 200, 'HEAD'],
  ['@Sse', '/sse', 200, 'GET'],
];

describe.each(platforms)('responses whose session has changed, on %s', (platform) => {
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    changed = () => {};
    redis.resume();
    await app.close();
  });
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({ platform, redis: redis.url, controllers: [Routes], ...options });
    return app.browser();
  };

  it.each(WAYS)('%s: is saved before the head goes out', async (_way, path, status, method) => {
    const browser = await start();
    const first = await browser.get(path, {}, method);
    expect([first.status, first.headers['set-cookie']?.length]).toEqual([status, 1]);
    const second = await browser.get(path, {}, method);
    expect([second.status, second.headers['set-cookie']]).toEqual([status, undefined]);
    expect(await browser.json('/count')).toEqual({ n: 2 });
  });

  it.each(WAYS)('%s: is a 503 when Redis does not answer', async (_way, path, _status, method) => {
    const browser = await start({ deadline: 100 });
    changed = () => redis.pause();
    const reply = await browser.get(path, {}, method);
    expect(reply.status).toBe(503);
    expect(reply.headers['retry-after']).toBe('1');
    for (const name of ['set-cookie', 'x-handler', 'location'])
      expect(reply.headers).not.toHaveProperty(name);
    expect(reply.text).not.toContain('handler');
    const isRaw = platform === 'fastify' && ['/raw', '/piped', '/flushed', '/sse'].includes(path);
    if (!isRaw) expect(app.caught.at(-1)).toBeInstanceOf(HttpException);
    redis.resume();
  });
});
