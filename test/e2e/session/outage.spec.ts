import { Controller, Get, HttpException, Session } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisUnavailableError } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import {
  platforms,
  startSessionApp,
  type Browser,
  type SessionApp,
  type SessionAppOptions,
} from './session-app.js';
import { basicRoutes, done, type AnySession } from './session-routes.js';

@Controller()
class Attempts {
  @Get('read')
  read(@Session() session: AnySession) {
    return { id: session.id ?? null, a: session['a'] ?? null, keys: Object.keys(session) };
  }

  @Get('save')
  async save(@Session() session: AnySession) {
    await done((callback) => session.save(callback));
  }

  @Get('regenerate')
  async regenerate(@Session() session: AnySession) {
    await done((callback) => session.regenerate(callback));
  }

  @Get('destroy')
  async destroy(@Session() session: AnySession) {
    await done((callback) => session.destroy(callback));
  }

  @Get('delete')
  delete(@Session() session: AnySession) {
    delete session['a'];
  }
}

describe.each(platforms)('sessions without Redis, on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  let browser: Browser;
  let cookie: string | undefined;
  beforeEach(async () => {
    redis = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } });
  });
  afterEach(async () => {
    if (redis.running) redis.resume();
    await app.close();
    await redis.stop();
  });

  async function start(options: Partial<SessionAppOptions> = {}): Promise<void> {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes(), Attempts],
      deadline: 200,
      ...options,
    });
    browser = app.browser();
    await eventually(async () => expect((await browser.get('/set')).status).toBe(200));
    cookie = browser.cookies.get('sid');
    expect(cookie).toBeDefined();
  }

  it.each(['hung', 'dead'])(
    'a session that cannot be read is a 503 which filters see, and nobody is logged out: %s',
    async (state) => {
      await start();
      if (state === 'hung') redis.pause();
      else await redis.kill();
      for (const path of ['/plain', '/show', '/set']) {
        const reply = await browser.get(path);
        expect([reply.status, reply.headers['retry-after'], reply.headers['set-cookie']]).toEqual([
          503,
          '1',
          undefined,
        ]);
      }
      expect(app.caught).toHaveLength(3);
      expect(app.caught[0]).toBeInstanceOf(HttpException);
      expect((app.caught[0] as Error).cause).toBeInstanceOf(RedisUnavailableError);
      expect((await app.browser().get('/plain')).status).toBe(200);
      expect((await app.browser().get('/show')).text).toBe('{}');
      if (state === 'hung') redis.resume();
      else await redis.restart({ sameData: true });
      await eventually(async () => expect(await browser.json('/show')).toEqual({ a: 1 }));
      expect(browser.cookies.get('sid')).toBe(cookie);
    },
  );

  it('with onUnavailable: anonymous it is empty and read-only, and the cookie stays', async () => {
    await start({ session: { onUnavailable: 'anonymous' } });
    await redis.kill();
    expect((await browser.get('/plain')).status).toBe(200);
    const read = await browser.get('/read');
    expect(JSON.parse(read.text)).toEqual({ id: null, a: null, keys: ['cookie'] });
    for (const path of ['/set', '/save', '/regenerate', '/destroy', '/delete']) {
      const reply = await browser.get(path);
      expect([path, reply.status, reply.headers['set-cookie']]).toEqual([path, 503, undefined]);
    }
    await redis.restart({ sameData: true });
    await eventually(async () => expect(await browser.json('/show')).toEqual({ a: 1 }));
    expect(browser.cookies.get('sid')).toBe(cookie);
  });

  it('a Redis that is full gives a 503, and what was stored stays', async () => {
    await start();
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
    const reply = await app.browser().get('/set');
    expect([reply.status, reply.headers['set-cookie']]).toEqual([503, undefined]);
    expect(await browser.json('/show')).toEqual({ a: 1 });
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  });
});
