import { Controller, Get, Param, Req, Session } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SessionService, type SessionDevice, type SessionOptions } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { platforms, SECRET, startSessionApp, type Browser, type SessionApp } from './session-app.js';
import type { AnySession } from './session-routes.js';

@Controller()
class Logins {
  constructor(readonly sessions: SessionService) {}

  @Get('login/:user')
  login(@Session() session: AnySession, @Param('user') user: string) {
    session['user'] = user;
  }

  @Get('rotate')
  rotate(@Req() request: object) {
    return this.sessions.rotate(request);
  }
}

const PROXIED = '203.0.113.7';
const OTHER = '203.0.113.8';

function hmacOf(address: string): string {
  return createHmac('sha256', SECRET).update(address).digest('base64url');
}

describe.each(platforms)('the device that a session began on, on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  let sessions: SessionService;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await app.close();
    await redis.cli('FLUSHALL');
  });
  afterAll(() => redis.stop());

  /** Behind a proxy that says whom a request is from. */
  async function start(session: Partial<SessionOptions> = {}): Promise<void> {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [Logins],
      session: { device: true, userId: ({ user }) => user as string | undefined, ...session },
      ...(platform === 'fastify' && { adapter: new FastifyAdapter({ trustProxy: true }) }),
      prepare: (nest) => platform === 'express' && nest.set('trust proxy', true),
    });
    sessions = app.app.get(SessionService);
  }

  /** Begins the session of a user from an address, on a browser. */
  async function login(user: string, address: string, agent: string): Promise<Browser> {
    const browser = app.browser();
    const headers = { 'x-forwarded-for': address, 'user-agent': agent };
    expect((await browser.get(`/login/${user}`, headers)).status).toBe(200);
    return browser;
  }

  async function devicesOf(user: string): Promise<(SessionDevice | undefined)[]> {
    return (await sessions.list(user)).map(({ device }) => device);
  }

  /** All that Redis has: names, fields and members. */
  async function everything(): Promise<string> {
    const keys = (await redis.cli('KEYS', '*')) as string[];
    const held = await Promise.all(
      keys.map(async (key) => {
        const type = String(await redis.cli('TYPE', key));
        if (type === 'hash') return redis.cli('HGETALL', key);
        return type === 'zset' ? redis.cli('ZRANGE', key, '0', '-1') : redis.cli('GET', key);
      }),
    );
    return JSON.stringify([keys, held]);
  }

  it('is told of each session of a user: the user agent, and the same for the same address', async () => {
    await start();
    await login('ann', PROXIED, 'Browser/1');
    await login('ann', PROXIED, 'a'.repeat(300));
    await login('ann', OTHER, 'Browser/3');
    const devices = await devicesOf('ann');
    expect(devices).toHaveLength(3);
    expect(devices).toEqual(
      expect.arrayContaining([
        { userAgent: 'Browser/1', address: hmacOf(PROXIED) },
        { userAgent: 'a'.repeat(256), address: hmacOf(PROXIED) },
        { userAgent: 'Browser/3', address: hmacOf(OTHER) },
      ]),
    );
  });

  it('of its address Redis has nothing that could be looked up', async () => {
    await start();
    await login('ann', PROXIED, 'Browser/1');
    const all = await everything();
    expect(all).toContain('Browser/1');
    expect(all).toContain(hmacOf(PROXIED));
    const encodings = ['hex', 'base64', 'base64url'] as const;
    const hashes = encodings.map((encoding) => createHash('sha256').update(PROXIED).digest(encoding));
    for (const clear of [PROXIED, ...hashes]) expect(all).not.toContain(clear);
  });

  it('is sealed with the rest', async () => {
    await start({ encryption: { keys: [{ id: 'k1', key: randomBytes(32) }] } });
    await login('ann', PROXIED, 'Browser/1');
    const all = await everything();
    for (const clear of ['Browser/1', hmacOf(PROXIED)]) expect(all).not.toContain(clear);
    expect(await devicesOf('ann')).toEqual([{ userAgent: 'Browser/1', address: hmacOf(PROXIED) }]);
  });

  it('is the one of the beginning: for other devices, other fields, and another id', async () => {
    await start();
    const browser = await login('ann', PROXIED, 'Browser/1');
    const elsewhere = { 'x-forwarded-for': OTHER, 'user-agent': 'Browser/2' };
    expect((await browser.get('/login/bob', elsewhere)).status).toBe(200);
    const before = browser.cookies.get('sid');
    expect((await browser.get('/rotate', elsewhere)).status).toBe(200);
    expect(browser.cookies.get('sid')).not.toBe(before);
    expect(await devicesOf('bob')).toEqual([{ userAgent: 'Browser/1', address: hmacOf(PROXIED) }]);
  });

  it('is not kept unless it is asked for', async () => {
    await start({ device: false });
    await login('ann', PROXIED, 'Browser/1');
    expect(await everything()).not.toContain('Browser/1');
    expect(await devicesOf('ann')).toEqual([undefined]);
  });
});
