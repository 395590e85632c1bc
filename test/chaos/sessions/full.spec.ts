import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { at, Ends, fieldsOf, Gate, grownOld, keyOf, LIMIT, type LocalHost } from './site.js';

const PREFIX = 'site';

describe.each(platforms)('a full Redis under sessions on %s', (platform) => {
  const ends = new Ends();
  let redis: RedisServer;
  let host: LocalHost;
  let visitor: Browser;
  /** Leaves no room for one more byte. Nothing is evicted. */
  const fill = () => redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  const makeRoom = () => redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  beforeAll(async () => {
    redis = await ends.redis();
    host = await ends.local({ platform, redis: redis.url, session: { prefix: PREFIX } });
  }, LIMIT.timeout);
  afterEach(makeRoom);
  afterAll(() => ends.run());

  /** Scripts are not known there: to make them known must not need room, either. */
  async function visit(): Promise<void> {
    visitor = new Browser(host.url);
    expect((await visitor.get('/login/ada')).status).toBe(200);
    await redis.cli('SCRIPT', 'FLUSH');
  }

  it('is read; a save is a 503 that changes nothing, and is done once there is room', LIMIT, async () => {
    await visit();
    await fill();
    expect(await fieldsOf(visitor)).toEqual(['user']);
    for (const browser of [visitor, new Browser(host.url)]) {
      const { status, headers } = await browser.get('/set/late');
      const said = { status, cookie: headers['set-cookie'], retry: headers['retry-after'] };
      expect(said).toEqual({ status: 503, cookie: undefined, retry: '1' });
    }
    expect(await fieldsOf(visitor)).toEqual(['user']);
    await makeRoom();
    expect((await visitor.get('/set/late')).status).toBe(200);
    expect(await fieldsOf(visitor)).toEqual(['late', 'user']);
  });

  it.each(['/rotate', '/rotate?grace=1m', '/login/bob'])(
    'keeps who asks for %s what he is',
    LIMIT,
    async (path) => {
      await visit();
      const cookie = visitor.cookies.get('sid');
      await fill();
      const { status, headers } = await visitor.get(path);
      expect([status, headers['set-cookie']]).toEqual([503, undefined]);
      expect(visitor.cookies.get('sid')).toBe(cookie);
      expect((await visitor.get('/show')).text).toBe('{"user":"ada"}');
      await makeRoom();
      expect((await visitor.get(path)).status).toBe(200);
      expect(visitor.cookies.get('sid')).not.toBe(cookie);
    },
  );

  it('logs out for good', LIMIT, async () => {
    await visit();
    const gate = new Gate(host);
    const stolen = at(visitor, host.url);
    const late = stolen.get(`/set/late?hold=${gate.name}`);
    await gate.reached();
    await fill();
    expect((await visitor.get('/logout')).status).toBe(200);
    expect(await fieldsOf(stolen)).toEqual([]);
    await makeRoom();
    await gate.open();
    expect((await late).status).toBe(200);
    expect(await fieldsOf(stolen)).toEqual([]);
  });

  it('ends all sessions of a user', LIMIT, async () => {
    await visit();
    const others = [new Browser(host.url), new Browser(host.url)];
    for (const other of others) await other.get('/login/ada');
    await fill();
    expect(await host.server.service.destroyAll('ada')).toBeGreaterThanOrEqual(3);
    for (const browser of [visitor, ...others]) expect(await fieldsOf(browser)).toEqual([]);
    expect(await host.server.service.list('ada')).toEqual([]);
  });

  it('lengthens lives', LIMIT, async () => {
    await visit();
    await grownOld(redis, visitor, PREFIX);
    const left = Number(await redis.cli('PTTL', keyOf(visitor, PREFIX)));
    await fill();
    expect(await fieldsOf(visitor)).toEqual(['user']);
    expect(Number(await redis.cli('PTTL', keyOf(visitor, PREFIX)))).toBeGreaterThan(1.5 * left);
  });
});
