import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, startSessionApp, type SessionApp, type SessionAppOptions } from './session-app.js';
import { basicRoutes } from './session-routes.js';

describe.each(platforms)('sessions on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => app.close());
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({ platform, redis: redis.url, controllers: [basicRoutes()], ...options });
    return app.browser();
  };

  it('keeps what a handler sets', async () => {
    const browser = await start();
    expect((await browser.get('/plain')).headers).not.toHaveProperty('set-cookie');
    const set = await browser.get('/set');
    expect([set.status, set.text]).toEqual([200, '{"set":true}']);
    expect(set.headers['set-cookie']).toEqual([
      expect.stringMatching(/^sid=s%3A[\w-]{32}\..*; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/),
    ]);
    expect(set.headers['cache-control']).toBe('private');
    expect(set.headers.vary).toBe('Cookie');
    expect(await browser.json('/show')).toEqual({ a: 1 });
  });
});
