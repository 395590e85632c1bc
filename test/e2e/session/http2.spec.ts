import { Controller, Get, Res, Session } from '@nestjs/common';
import { connect, type ClientHttp2Session } from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { http2Adapters } from '../http/http2-adapters.js';
import { askHttp2, type Http2Reply } from '../http/http2-client.js';
import { platforms, startSessionApp, type SessionApp, type SessionAppOptions } from './session-app.js';
import { basicRoutes, type AnyResponse, type AnySession } from './session-routes.js';

const TEXT = 'handler '.repeat(1_000);

@Controller()
class Texts {
  @Get('text')
  text(@Session() session: AnySession) {
    session['n'] = Number(session['n'] ?? 0) + 1;
    return TEXT;
  }

  @Get('chunks')
  chunks(@Session() session: AnySession, @Res() response: AnyResponse) {
    session['n'] = Number(session['n'] ?? 0) + 1;
    const raw = response.raw ?? response;
    (response as { hijack?: () => void }).hijack?.();
    raw.setHeader('content-type', 'text/plain');
    raw.setHeader('x-handler', 'yes');
    for (let start = 0; start < TEXT.length; start += 800) raw.write(TEXT.slice(start, start + 800));
    raw.end();
  }
}

describe.each(platforms)('sessions over HTTP/2 on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  let connection: ClientHttp2Session;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    redis.resume();
    connection.destroy();
    await app.close();
  });
  afterAll(() => redis.stop());

  async function start(options: Pick<SessionAppOptions, 'deadline'> = {}): Promise<void> {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes(), Texts],
      adapter: http2Adapters[platform](),
      ...options,
    });
    connection = connect(app.url);
  }

  function ask(path: string, cookie?: string): Promise<Http2Reply> {
    return askHttp2(connection, path, cookie === undefined ? {} : { cookie });
  }

  /** Begins a session, and gives the cookie that a browser sends. */
  async function begin(): Promise<string> {
    const { status, headers } = await ask('/set');
    expect([status, headers['set-cookie']?.length]).toEqual([200, 1]);
    return String(headers['set-cookie']).split(';', 1)[0] ?? '';
  }

  it('are stored before the head goes out, whatever the handler answers with', async () => {
    await start();
    const cookie = await begin();
    for (const path of ['/text', '/chunks']) {
      const { status, text } = await ask(path, cookie);
      expect([path, status, text]).toEqual([path, 200, TEXT]);
    }
    expect(JSON.parse((await ask('/show', cookie)).text)).toEqual({ a: 1, n: 2 });
  });

  it('requests on one connection at the same time each have their own', async () => {
    await start();
    const cookies = await Promise.all(Array.from({ length: 8 }, begin));
    expect(new Set(cookies).size).toBe(8);
    await Promise.all(cookies.map((cookie, at) => (at % 2 === 0 ? ask('/text', cookie) : undefined)));
    const shown = await Promise.all(cookies.map((cookie) => ask('/show', cookie)));
    const fields = shown.map(({ text }) => JSON.parse(text) as object);
    expect(fields).toEqual(cookies.map((_, at) => (at % 2 === 0 ? { a: 1, n: 1 } : { a: 1 })));
  });

  it.each(['/set', '/text', '/chunks'])(
    'a save of %s that fails is a 503 in the place of the answer',
    async (path) => {
      await start({ deadline: 200 });
      redis.pause();
      const { status, headers, text } = await ask(path);
      expect([status, headers['set-cookie'], headers['retry-after']]).toEqual([503, undefined, '1']);
      expect(headers).not.toHaveProperty('x-handler');
      expect(text).not.toContain('handler');
      redis.resume();
      // The connection goes on.
      expect((await ask('/plain')).status).toBe(200);
    },
  );
});
