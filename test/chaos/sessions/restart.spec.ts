import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../../src/session/storage/session-event.js';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import { eventually } from '../../support/eventually.js';
import type { RedisServer } from '../../support/redis-server.js';
import {
  at,
  Ends,
  fieldsOf,
  Gate,
  handleIn,
  LIMIT,
  PATIENCE,
  type ChildHost,
  type LocalHost,
} from './site.js';

describe.each(platforms)('a Redis that is restarted under sessions on %s', (platform) => {
  const ends = new Ends();
  const events: SessionEvent[] = [];
  let redis: RedisServer;
  let local: LocalHost;
  let child: ChildHost;
  let urls: readonly string[];
  beforeAll(async () => {
    redis = await ends.redis({ config: { appendonly: 'yes', appendfsync: 'always' } });
    const session = { prefix: 'site' };
    local = await ends.local({ platform, redis: redis.url, session });
    child = await ends.child(platform, redis, [session]);
    urls = [local.url, child.urls[0] as string];
    local.server.service.events.subscribe((event) => events.push(event));
  }, LIMIT.timeout);
  afterAll(() => ends.run());

  /** Waits until both processes read sessions again. */
  async function bothServe(visitor: Browser): Promise<void> {
    for (const url of urls) {
      await eventually(async () => expect((await at(visitor, url).get('/show')).status).toBe(200), PATIENCE);
    }
  }

  it('with its data loses no update and no session, and revives none', LIMIT, async () => {
    const visitors = urls.map((url) => new Browser(url));
    for (const visitor of visitors) await visitor.get('/set/first');
    const [visitor, leaving] = visitors as [Browser, Browser];
    const left = at(leaving, local.url);
    const gate = new Gate(local, child);
    const fields = Array.from({ length: 32 }, (_, index) => `field${index}`);
    const writes = fields.map((field, index) =>
      at(visitor, urls[index % 2] as string).get(`/set/${field}?hold=${gate.name}`),
    );
    writes.push(left.twin().get(`/set/late?hold=${gate.name}`));
    await gate.reached(writes.length);
    expect((await leaving.get('/logout')).status).toBe(200);
    await redis.kill();
    await redis.start();
    await bothServe(visitor);
    await gate.open();
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual(writes.map(() => 200));
    expect(await fieldsOf(visitor)).toEqual(['first', ...fields].toSorted());
    expect(await fieldsOf(left)).toEqual([]);
  });

  it('without its data gives everybody a new session, and nobody an error', LIMIT, async () => {
    const visitor = new Browser(local.url);
    await visitor.get('/set/first');
    const former = at(visitor, child.urls[0] as string);
    const gate = new Gate(local);
    const late = visitor.get(`/set/late?hold=${gate.name}`);
    await gate.reached();
    await redis.restart();
    await bothServe(visitor);
    await gate.open();
    const reply = await late;
    expect([reply.status, reply.headers['set-cookie']]).toEqual([200, undefined]);
    expect(events).toContainEqual({ type: 'dropped', handle: handleIn(visitor), reason: 'gone' });
    const shown = await visitor.get('/show');
    expect([shown.text, shown.headers['set-cookie']]).toEqual(['{}', undefined]);
    expect((await visitor.get('/set/second')).status).toBe(200);
    expect(handleIn(visitor)).not.toBe(handleIn(former));
    expect(await fieldsOf(at(visitor, child.urls[0] as string))).toEqual(['second']);
    expect(await fieldsOf(former)).toEqual([]);
  });
});
