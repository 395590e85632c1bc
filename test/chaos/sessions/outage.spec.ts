import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RawReply } from '../../e2e/http/http-client.js';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import { at, Ends, fieldsOf, Gate, grownOld, LIMIT, PATIENCE, type LocalHost } from './site.js';

const PREFIX = 'site';
const POLICIES = ['fail', 'anonymous'] as const;

/** A 503 that keeps the cookie as it is, and shows nothing of the handler. */
function expectUnavailable({ status, headers, text }: RawReply): void {
  const said = { status, cookie: headers['set-cookie'], retry: headers['retry-after'] };
  expect(said).toEqual({ status: 503, cookie: undefined, retry: '1' });
  expect(JSON.parse(text)).toMatchObject({ statusCode: 503 });
}

describe.each(platforms)('a Redis that is away, under sessions on %s', (platform) => {
  const ends = new Ends();
  const OUTAGES = [
    { name: 'killed', down: () => redis.kill(), up: () => redis.start(), isLost: true },
    // What has arrived before it goes on is done then.
    { name: 'stopped', down: () => redis.pause(), up: () => redis.resume(), isLost: false },
  ];
  let redis: RedisServer;
  let hosts: Record<(typeof POLICIES)[number], LocalHost>;
  beforeAll(async () => {
    redis = await ends.redis({ config: { appendonly: 'yes', appendfsync: 'always' } });
    const start = (onUnavailable: (typeof POLICIES)[number]) =>
      ends.local({
        platform,
        redis: redis.url,
        session: { prefix: PREFIX, onUnavailable },
        deadline: 1_000,
      });
    hosts = { fail: await start('fail'), anonymous: await start('anonymous') };
  }, LIMIT.timeout);
  afterEach(async () => {
    if (redis.running) redis.resume();
    else await redis.start();
  });
  afterAll(() => ends.run());

  /** Somebody of whom something is stored. */
  async function visitorOf(host: LocalHost): Promise<Browser> {
    const visitor = new Browser(host.url);
    await eventually(async () => expect((await visitor.get('/set/first')).status).toBe(200), PATIENCE);
    return visitor;
  }

  /** What a session holds once Redis is there again, read with the cookie as it was. */
  async function healed(visitor: Browser, cookie: string | undefined): Promise<string[]> {
    expect(visitor.cookies.get('sid')).toBe(cookie);
    for (const host of Object.values(hosts)) await visitorOf(host);
    return fieldsOf(visitor);
  }

  describe.each(OUTAGES)('$name', ({ down, up, isLost }) => {
    it('before a request answers 503 under fail, and the session is there afterwards', LIMIT, async () => {
      const visitor = await visitorOf(hosts.fail);
      const cookie = visitor.cookies.get('sid');
      await down();
      for (const path of ['/show', '/set/a', '/logout', '/regenerate', '/rotate', '/login/ada']) {
        expectUnavailable(await visitor.get(path));
      }
      await up();
      expect(await healed(visitor, cookie)).toEqual(['first']);
    });

    it(
      'before a request gives nothing to read or write under anonymous, and the session is there afterwards',
      LIMIT,
      async () => {
        const visitor = await visitorOf(hosts.anonymous);
        const cookie = visitor.cookies.get('sid');
        await down();
        const { status, headers, text } = await visitor.get('/show');
        expect([status, headers['set-cookie'], JSON.parse(text)]).toEqual([200, undefined, {}]);
        for (const path of ['/set/a', '/logout', '/regenerate', '/rotate', '/login/ada']) {
          const reply = await visitor.get(path);
          expect([path, reply.status, reply.headers['set-cookie']]).toEqual([path, 503, undefined]);
        }
        await up();
        expect(await healed(visitor, cookie)).toEqual(['first']);
      },
    );

    describe.each(POLICIES)('under %s', (policy) => {
      it('serves visitors without a session, and stores none', LIMIT, async () => {
        const host = hosts[policy];
        await visitorOf(host);
        await down();
        const stranger = new Browser(host.url);
        expect(await fieldsOf(stranger)).toEqual([]);
        expectUnavailable(await stranger.get('/set/a'));
        await up();
        expect(await healed(stranger, undefined)).toEqual([]);
      });

      it('during a save is a 503, and the same save is done afterwards', LIMIT, async () => {
        const host = hosts[policy];
        const visitor = await visitorOf(host);
        const cookie = visitor.cookies.get('sid');
        const gate = new Gate(host);
        const saved = visitor.get(`/set/late?hold=${gate.name}`);
        await gate.reached();
        await down();
        await gate.open();
        expectUnavailable(await saved);
        await up();
        const fields = await healed(visitor, cookie);
        expect(isLost ? [['first']] : [['first'], ['first', 'late']]).toContainEqual(fields);
        expect((await visitor.get('/set/late')).status).toBe(200);
        expect(await fieldsOf(visitor)).toEqual(['first', 'late']);
      });

      it('during a logout is a 503, and a logout afterwards is final', LIMIT, async () => {
        const host = hosts[policy];
        const visitor = await visitorOf(host);
        const cookie = visitor.cookies.get('sid');
        const gate = new Gate(host);
        const left = visitor.get(`/logout?hold=${gate.name}`);
        await gate.reached();
        await down();
        await gate.open();
        const reply = await left;
        expect([reply.status, reply.headers['set-cookie']]).toEqual([503, undefined]);
        await up();
        const fields = await healed(visitor, cookie);
        expect(isLost ? [['first']] : [['first'], []]).toContainEqual(fields);
        const stolen = at(visitor, host.url);
        expect((await visitor.get('/logout')).status).toBe(200);
        expect(await fieldsOf(stolen)).toEqual([]);
      });

      it('while a life is to be lengthened fails no response', LIMIT, async () => {
        const host = hosts[policy];
        const visitor = await visitorOf(host);
        const cookie = visitor.cookies.get('sid');
        await grownOld(redis, visitor, PREFIX);
        const gate = new Gate(host);
        const shown = visitor.get(`/show?hold=${gate.name}`);
        await gate.reached();
        await down();
        await gate.open();
        const { status, headers, text } = await shown;
        expect([status, headers['set-cookie'], JSON.parse(text)]).toEqual([200, undefined, { first: 'set' }]);
        await up();
        expect(await healed(visitor, cookie)).toEqual(['first']);
      });
    });
  });
});
