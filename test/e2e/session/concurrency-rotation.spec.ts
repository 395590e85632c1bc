import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  at,
  Ends,
  fieldsOf,
  Gate,
  grownOld,
  handleIn,
  LIMIT,
  type ChildHost,
  type LocalHost,
} from '../../chaos/sessions/site.js';
import type { SessionEvent } from '../../../src/session/storage/session-event.js';
import type { RedisServer } from '../../support/redis-server.js';
import { Browser, platforms } from './session-app.js';

const PREFIX = 'site';

/** What gives a visitor another id, and what his session holds then. */
const RENEWALS = [
  { path: '/rotate', keeps: ['first'], adds: [], reads: [] },
  { path: '/rotate?grace=1m', keeps: ['first'], adds: [], reads: ['first'] },
  { path: '/login/ada', keeps: ['first'], adds: ['user'], reads: [] },
  { path: '/regenerate', keeps: [], adds: ['renewed'], reads: [] },
];
const ROTATIONS = RENEWALS.filter(({ keeps }) => keeps.length > 0);

const held = (path: string, gate: Gate): string =>
  `${path}${path.includes('?') ? '&' : '?'}hold=${gate.name}`;

describe.each(platforms)('a session that gets another id on %s', (platform) => {
  const ends = new Ends();
  const events: SessionEvent[] = [];
  let redis: RedisServer;
  let telling: LocalHost;
  let failing: LocalHost;
  let child: ChildHost;
  beforeAll(async () => {
    redis = await ends.redis();
    const common = { platform, redis: redis.url };
    telling = await ends.local({ ...common, session: { prefix: PREFIX } });
    failing = await ends.local({ ...common, session: { prefix: PREFIX, onGone: 'error' } });
    child = await ends.child(platform, redis, [{ prefix: PREFIX }]);
    for (const { server } of [telling, failing])
      server.service.events.subscribe((event) => events.push(event));
  }, LIMIT.timeout);
  afterAll(() => ends.run());

  /** A visitor of the other process, whose next request lengthens his session. */
  async function visitor(): Promise<Browser> {
    const browser = new Browser(child.urls[0] as string);
    await browser.get('/set/first');
    await grownOld(redis, browser, PREFIX);
    return browser;
  }

  /** Holds a request that has read the session, gives the session another id elsewhere, and lets the request go on. */
  async function late(host: LocalHost, path: string, renewal: string) {
    const browser = await visitor();
    const old = at(browser, host.url);
    const gate = new Gate(host);
    const reply = old.twin().get(held(path, gate));
    await gate.reached();
    expect((await browser.get(renewal)).status).toBe(200);
    expect(browser.cookies.get('sid')).not.toBe(old.cookies.get('sid'));
    await gate.open();
    return { browser, old, reply: await reply };
  }

  describe.each(RENEWALS)('by $path', ({ path, keeps, adds, reads }) => {
    it('drops what a request writes that had read it before, and tells of that', LIMIT, async () => {
      const { browser, old, reply } = await late(telling, '/set/late', path);
      expect([reply.status, reply.headers['set-cookie']]).toEqual([200, undefined]);
      expect(events).toContainEqual(expect.objectContaining({ type: 'dropped', handle: handleIn(old) }));
      expect(await fieldsOf(browser)).toEqual([...keeps, ...adds].toSorted());
      expect(await fieldsOf(old)).toEqual(reads);
    });

    it('answers it 409 with onGone: error', LIMIT, async () => {
      const { browser, old, reply } = await late(failing, '/set/late', path);
      const { 'set-cookie': cookie, 'retry-after': retry } = reply.headers;
      expect([reply.status, cookie, retry]).toEqual([409, undefined, undefined]);
      expect(await fieldsOf(browser)).toEqual([...keeps, ...adds].toSorted());
      expect(await fieldsOf(old)).toEqual(reads);
    });

    it('is kept by its visitor though a request that lengthens lives is answered later', LIMIT, async () => {
      const { browser, reply } = await late(telling, '/show', path);
      expect([reply.status, reply.headers['set-cookie']]).toEqual([200, undefined]);
      expect(await fieldsOf(browser)).toEqual([...keeps, ...adds].toSorted());
    });

    it.each(['/logout', '/regenerate'])(
      'is ended by a request to %s that had read it before',
      async (end) => {
        const { browser, reply } = await late(telling, end, path);
        expect(reply.status).toBe(200);
        // What a regeneration begins is another session, which that request knows nothing of.
        expect(await fieldsOf(browser)).toEqual(path === '/regenerate' ? adds : []);
      },
    );

    it('sets no cookie for who comes with the old id', LIMIT, async () => {
      const browser = await visitor();
      const old = at(browser, telling.url);
      await browser.get(path);
      const reply = await old.get('/show');
      expect([reply.status, reply.headers['set-cookie']]).toEqual([200, undefined]);
      expect(Object.keys(JSON.parse(reply.text) as object)).toEqual(reads);
    });

    it('is not given to anybody after a logout meanwhile', LIMIT, async () => {
      const browser = await visitor();
      const old = at(browser, telling.url);
      const gate = new Gate(telling);
      const renewed = old.get(held(path, gate));
      await gate.reached();
      await browser.get('/logout');
      await gate.open();
      const { status } = await renewed;
      // Who regenerates wants a session of nobody, and gets one.
      if (path === '/regenerate') return expect([status, await fieldsOf(old)]).toEqual([200, adds]);
      expect(status).not.toBe(200);
      expect([await fieldsOf(old), await fieldsOf(browser)]).toEqual([[], []]);
    });
  });

  describe.each(ROTATIONS)('by $path', ({ path, adds }) => {
    it('keeps what others wrote after its request had read it', LIMIT, async () => {
      const browser = await visitor();
      const rotating = at(browser, telling.url);
      const gate = new Gate(telling);
      const reply = rotating.get(held(path, gate));
      await gate.reached();
      await browser.get('/set/between');
      await gate.open();
      expect((await reply).status).toBe(200);
      expect(await fieldsOf(rotating)).toEqual(['between', 'first', ...adds].toSorted());
    });

    it('keeps it, too, if the request goes on to change the session', LIMIT, async () => {
      const browser = await visitor();
      const rotating = at(browser, telling.url);
      const gate = new Gate(telling);
      const reply = rotating.get(`${held(path, gate)}&then=after`);
      await gate.reached();
      await browser.get('/set/between');
      await gate.open();
      expect((await reply).status).toBe(200);
      expect(await fieldsOf(rotating)).toEqual(['after', 'between', 'first', ...adds].toSorted());
    });

    it('loses nothing that was answered 200, whoever comes first', LIMIT, async () => {
      for (let round = 0; round < 5; round++) {
        const browser = await visitor();
        const rotating = at(browser, failing.url);
        const gate = new Gate(failing);
        const fields = Array.from({ length: 24 }, (_, index) => `field${index}`);
        const writes = fields.map((field) => rotating.twin().get(held(`/set/${field}`, gate)));
        const rotated = rotating.get(held(path, gate));
        await gate.reached(fields.length + 1);
        await gate.open();
        expect((await rotated).status).toBe(200);
        const statuses = (await Promise.all(writes)).map(({ status }) => status);
        const kept = await fieldsOf(rotating);
        for (const [index, field] of fields.entries()) {
          expect([field, statuses[index]]).toEqual([field, kept.includes(field) ? 200 : 409]);
        }
      }
    });
  });
});
