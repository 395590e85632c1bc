import { Controller, Get, Inject, Req, type Type } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SessionService } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type SessionApp } from './session-app.js';
import { basicRoutes, type AnyRequest } from './session-routes.js';

/** A login whose password takes until `verified` to be verified. */
function signIn(begun: () => void, verified: Promise<void>): Type {
  @Controller()
  class SignIn {
    constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

    @Get('login')
    async login(@Req() request: AnyRequest) {
      request.session['own'] = 1;
      begun();
      await verified;
      await this.sessions.login(request, { user: 'ann' });
      return { ...request.session, cookie: undefined };
    }
  }
  return SignIn;
}

describe.each(platforms)('a login on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => app.close());

  it('keeps what another request stored after it had read the session, and the old id reads nothing', async () => {
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let verify!: () => void;
    const verified = new Promise<void>((resolve) => (verify = resolve));
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes(), signIn(begin, verified)],
      session: { userId: ({ user }) => user as string | undefined },
    });
    const browser = app.browser();
    await browser.get('/set');
    const former = browser.twin();
    const other = browser.twin();
    await app.app.get(SessionService).update(await handleOf(app), (fields) => void delete fields['a']);
    const login = browser.json('/login');
    await begun;
    await other.get('/set');
    verify();
    await login;
    expect(await browser.json('/show')).toEqual({ a: 1, own: 1, user: 'ann' });
    expect(await former.json('/show')).toEqual({});
  });
});

async function handleOf({ app }: SessionApp): Promise<string> {
  for await (const handle of app.get(SessionService)) return handle;
  throw new Error('There is no session.');
}
