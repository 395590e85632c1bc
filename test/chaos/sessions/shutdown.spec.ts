import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Browser, platforms } from '../../e2e/session/session-app.js';
import type { RedisServer } from '../../support/redis-server.js';
import { at, Ends, fieldsOf, Gate, LIMIT, type ChildHost, type LocalHost } from './site.js';

describe.each(platforms)('a process that closes, with sessions on %s', (platform) => {
  const ends = new Ends();
  let redis: RedisServer;
  let witness: LocalHost;
  let child: ChildHost;
  beforeEach(async () => {
    redis = await ends.redis();
    const session = { prefix: 'site' };
    witness = await ends.local({ platform, redis: redis.url, session });
    child = await ends.child(platform, redis, [session]);
  }, LIMIT.timeout);
  afterEach(() => ends.run());

  async function heldWrites(gate: Gate) {
    const visitor = new Browser(child.urls[0] as string);
    await visitor.get('/set/first');
    const writes = ['a', 'b', 'c'].map((field) => visitor.twin().get(`/set/${field}?hold=${gate.name}`));
    const stranger = new Browser(child.urls[0] as string);
    writes.push(stranger.get(`/set/d?hold=${gate.name}`));
    await gate.reached(writes.length);
    return { visitor, stranger, writes };
  }

  async function expectSaved({ visitor, stranger, writes }: Awaited<ReturnType<typeof heldWrites>>) {
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await child.ended()).toEqual({ code: 0, errors: '' });
    expect(await fieldsOf(at(visitor, witness.url))).toEqual(['a', 'b', 'c', 'first']);
    expect(await fieldsOf(at(stranger, witness.url))).toEqual(['d']);
  }

  it(
    'answers the requests that its handlers have, and saves their sessions; nothing is left open',
    LIMIT,
    async () => {
      const gate = new Gate(child);
      const held = await heldWrites(gate);
      await child.close();
      await gate.open();
      await expectSaved(held);
    },
  );

  it('answers the requests whose saves are under way', LIMIT, async () => {
    const gate = new Gate(child);
    const held = await heldWrites(gate);
    redis.pause();
    await gate.open();
    await child.close();
    redis.resume();
    await expectSaved(held);
  });
});
