import { Controller, Get, Inject, Param, Req, Session } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { SESSION_MIDDLEWARE, SessionService } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { startSessionApp, type Browser, type SessionApp } from './session-app.js';
import type { AnySession } from './session-routes.js';

let redis: RedisServer;
const apps: SessionApp[] = [];
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

@Controller()
class Visits {
  constructor(@Inject(SessionService) readonly sessions: SessionService) {}

  @Get('set/:name')
  set(@Session() session: AnySession, @Param('name') name: string) {
    session[name] = true;
    return {};
  }

  @Get('show')
  show(@Session() session: AnySession) {
    const { cookie: _cookie, ...fields } = session;
    return fields;
  }

  @Get('nothing')
  nothing() {
    return {};
  }

  @Get('login')
  async login(@Req() request: object) {
    await this.sessions.login(request, { user: 'ann' });
    return {};
  }
}

interface Nested {
  readonly browser: Browser;
  readonly outer: SessionService;
  readonly inner: SessionService;
}

/** An application with sessions that stands behind those of another one, under /inner. */
async function start(name: string, prefix: string): Promise<Nested> {
  const options = { platform: 'express' as const, redis: redis.url, controllers: [Visits] };
  const userId = ({ user }: Readonly<Record<string, unknown>>) => user as string | undefined;
  const inner = await startSessionApp({ ...options, session: { name, prefix, userId } });
  apps.push(inner);
  const outer = await startSessionApp({
    ...options,
    session: { prefix: 'outer', userId },
    prepare: (app) => {
      app.use(app.get(SESSION_MIDDLEWARE));
      app.use('/inner', inner.app.getHttpAdapter().getInstance());
    },
  });
  apps.push(outer);
  return {
    browser: outer.browser(),
    outer: outer.app.get(SessionService),
    inner: inner.app.get(SessionService),
  };
}

it('applications in one another have each their own sessions in one request', async () => {
  const { browser } = await start('inner', 'inner');
  await browser.get('/set/outside');
  expect((await browser.get('/inner/nothing')).headers).not.toHaveProperty('vary');
  expect(await browser.json('/show')).toEqual({ outside: true });
  await browser.get('/inner/set/inside');
  expect(await browser.json('/inner/show')).toEqual({ inside: true });
  expect(await browser.json('/show')).toEqual({ outside: true });
});

it('a login in an inner application is none in the outer one', async () => {
  const { browser, outer, inner } = await start('inner', 'inner');
  const { headers } = await browser.get('/inner/login');
  expect(headers['set-cookie']?.map((line) => line.split('=', 1)[0])).toEqual(['inner']);
  expect([(await inner.list('ann')).length, (await outer.list('ann')).length]).toEqual([1, 0]);
});

it('where both have the same sessions, a login makes one', async () => {
  const { browser, outer } = await start('sid', 'outer');
  const { headers } = await browser.get('/inner/login');
  expect(headers['set-cookie']).toHaveLength(1);
  expect(await outer.list('ann')).toHaveLength(1);
  expect(await browser.json('/show')).toEqual({ user: 'ann' });
});
