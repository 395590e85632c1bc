import { Controller, Get, Session } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { filter } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SessionService } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import {
  platforms,
  SECRET,
  startSessionApp,
  type SessionApp,
  type SessionAppOptions,
} from './session-app.js';
import { basicRoutes, done, type AnySession } from './session-routes.js';

@Controller()
class Attempts {
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
}

const signed = (id: string, secret = SECRET): string =>
  encodeURIComponent(
    `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`,
  );

describe.each(platforms)('cookies of sessions on %s', (platform) => {
  let redis: RedisServer;
  let app: SessionApp;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => app.close());
  const start = async (options: Partial<SessionAppOptions> = {}) => {
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes(), Attempts],
      ...options,
    });
    const browser = app.browser();
    await browser.get('/set');
    return browser;
  };

  it.each<[string, (value: string) => string]>([
    ['is forged', () => signed('x'.repeat(32), 'another secret of thirty-two bytes')],
    ['is not signed', (value) => decodeURIComponent(value).slice(2).split('.', 1)[0] ?? ''],
    ['lost its signature', (value) => value.split('.', 1)[0] ?? ''],
    ['is truncated', (value) => value.slice(0, -1)],
    ['has a changed id', (value) => value.replace(/s%3A./, 's%3A-')],
    ['has a short id', () => signed('short')],
    ['has an id of control characters and wildcards', () => signed('*\n?[a-z]\u0000'.repeat(4))],
    ['is huge', () => `s%3A${'x'.repeat(8_000)}.${'y'.repeat(43)}`],
    ['is no text', () => '%ff%fe'],
    ['is of an id that nobody has given out', () => signed('y'.repeat(32))],
  ])('one that %s opens nothing, and is not adopted', async (_name, change) => {
    const browser = await start();
    const other = app.browser();
    other.cookies.set('sid', change(browser.cookies.get('sid') ?? ''));
    expect(await other.json('/show')).toEqual({});
    const given = other.cookies.get('sid');
    await other.get('/set');
    expect(other.cookies.get('sid')).not.toBe(given);
    expect(await browser.json('/show')).toEqual({ a: 1 });
  });

  it('are signed as express-session signs them', async () => {
    const browser = await start();
    const value = decodeURIComponent(browser.cookies.get('sid') ?? '');
    const [, id = ''] = /^s:([\w-]{32})\./.exec(value) ?? [];
    expect(encodeURIComponent(value)).toBe(signed(id));
  });

  it('are verified by every secret, and signed by the first', async () => {
    const old = 'an old secret of thirty-two bytes and more';
    const session = { prefix: 'rotated-secrets', secret: [old] };
    const browser = await start({ session });
    await app.close();
    app = await startSessionApp({
      platform,
      redis: redis.url,
      controllers: [basicRoutes()],
      session: { ...session, secret: [SECRET, old] },
    });
    const later = app.browser();
    later.cookies.set('sid', browser.cookies.get('sid') ?? '');
    expect(await later.json('/show')).toEqual({ a: 1 });
  });

  it('of one session that come twice, or beside ones that are not valid, are one', async () => {
    const browser = await start();
    const value = browser.cookies.get('sid') ?? '';
    for (const cookie of [
      `sid=${value}; sid=${value}`,
      `sid=forged; sid=${value}`,
      `sid=${value}; sid=s%3Ax.y`,
    ]) {
      expect(await app.browser().json('/show', { cookie })).toEqual({ a: 1 });
    }
  });

  it('of two sessions open none, are told of, and are left alone', async () => {
    const lines: string[] = [];
    const browser = await start({
      logger: { log() {}, error() {}, warn: (line: string) => lines.push(line) },
    });
    const attacker = app.browser();
    await attacker.get('/set');
    const events: unknown[] = [];
    app.app
      .get(SessionService)
      .events.pipe(filter(({ type }) => type === 'ambiguous'))
      .subscribe((event) => events.push(event));
    const cookie = `sid=${attacker.cookies.get('sid')}; sid=${browser.cookies.get('sid')}`;
    expect((await app.browser().get('/show', { cookie })).text).toBe('{}');
    for (const path of ['/set', '/save', '/regenerate', '/destroy']) {
      const reply = await app.browser().get(path, { cookie });
      expect([path, reply.status, reply.headers['set-cookie']]).toEqual([path, 400, undefined]);
    }
    expect(events).toHaveLength(5);
    expect(JSON.stringify(events)).not.toContain(cookie.slice(8, 30));
    expect(lines.filter((line) => line.includes('several sessions'))).toHaveLength(1);
    for (const one of [browser, attacker]) expect(await one.json('/show')).toEqual({ a: 1 });
  });

  it('do not open what was ended', async () => {
    const browser = await start();
    const replay = browser.twin();
    await browser.get('/destroy');
    expect(await replay.json('/show')).toEqual({});
    await replay.get('/set');
    expect(replay.cookies.get('sid')).not.toBe(browser.cookies.get('sid'));
  });
});
