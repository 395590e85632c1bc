import { expect, test } from 'vitest';
import type { RedisConnection } from '../../../src/connection/connection.js';
import { RedisUnavailableError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { DESTROY } from '../../../src/session/storage/redis-session-scripts.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { eventually } from '../../support/eventually.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { draft, newPrefix, openStorage, recordOf, stored } from './session-storages.js';

const redis = new SharedRedis();

test('clear() rests while others are served, as often as it takes', async () => {
  const clock = new FakeClock();
  const subject = openStorage(redis.connection, { clock });
  const { storage, events } = subject;
  await Promise.all(Array.from({ length: 400 }, () => stored(subject, { user: 'ann' })));
  events.length = 0;
  let cleared = false;
  const clearing = storage.clear().finally(() => (cleared = true));
  await eventually(() => expect(clock.pending).toBe(1));
  expect(events.length).toBeGreaterThan(0);
  expect(events.length).toBeLessThan(200);
  expect(await storage.count()).toBe(400 - events.length);
  await eventually(() => {
    clock.advance(100);
    expect(cleared).toBe(true);
  });
  await clearing;
  expect(events).toHaveLength(400);
  expect(await storage.count()).toBe(0);
});

test('clear() goes on after a call that was late, and gives up where Redis is away', async () => {
  const clock = new FakeClock();
  const { connection, hold } = heldConnection(redis.connection);
  const { storage } = openStorage(connection, { clock });
  await Promise.all(Array.from({ length: 200 }, () => stored({ storage })));
  const late = new RedisUnavailableError('default', 'no answer');
  const fail = async (after: number): Promise<void> => {
    let calls = 0;
    const held = hold((_, script) => script === DESTROY && ++calls > after);
    (await held).fail(late);
  };
  let outcome: unknown;
  const clear = (): void => {
    outcome = undefined;
    storage.clear().then(
      () => (outcome = 'cleared'),
      (error: unknown) => (outcome = error),
    );
  };
  const failing = fail(0);
  clear();
  await failing;
  await eventually(() => expect(outcome).toBe(late));
  const failed = fail(120);
  clear();
  await eventually(() => {
    clock.advance(100);
    expect(outcome).toBe('cleared');
  });
  await failed;
  expect(await storage.count()).toBe(0);
});

test.each(['id', 'all', 'user', 'epoch', 'unreadable', 'sweep', `id:${'x'.repeat(37)}`])(
  'clear() of a prefix leaves those alone that go on with :%s',
  async (part) => {
    const prefix = newPrefix();
    const [outer, inner] = [prefix, `${prefix}:${part}`].map((one) =>
      openStorage(redis.connection, { prefix: one }),
    ) as [ReturnType<typeof openStorage>, ReturnType<typeof openStorage>];
    const ann = inner.storage.userKeyOf('ann');
    const [mine, theirs] = [await stored(outer, { user: 'ann' }), await stored(inner, { user: 'ann' })];
    const aside = inner.keys.unreadable(handleOf(theirs));
    await redis.server.cli('SET', aside, 'kept');
    await redis.server.cli('SET', inner.keys.sweep, 'kept');
    await outer.storage.clear();
    expect(await outer.storage.read(mine)).toBeUndefined();
    expect((await recordOf(inner, theirs)).fields).toEqual({ user: 'ann' });
    expect(await inner.storage.count(ann)).toBe(1);
    expect(await inner.storage.count()).toBe(1);
    for (const key of [aside, inner.keys.sweep]) expect(await redis.server.cli('GET', key)).toBe('kept');
  },
);

test('clear() ends a session whose id was changed behind its back', async () => {
  const prefix = newPrefix();
  const subject = openStorage(redis.connection, { prefix });
  const id = await stored(subject, { user: 'ann' });
  const to = newSessionId();
  await subject.storage.rotate(id, to, draft({ user: 'ann' }), 0);
  await redis.server.cli('DEL', subject.keys.registryOf(handleOf(to)));
  // The walk has been where the new one stands before it stood there.
  const connection: RedisConnection = {
    ...heldConnection(redis.connection).connection,
    async *scan() {
      yield [Buffer.from(subject.keys.session(handleOf(id)))];
    },
  };
  const clearing = openStorage(connection, { prefix });
  await clearing.storage.clear();
  expect(await subject.storage.read(to)).toBeUndefined();
});

test('where indexes are not trusted, sessions of a user under a longer prefix are not found', async () => {
  const prefix = newPrefix();
  const outer = openStorage(redis.connection, { prefix, allowEviction: true });
  const inner = openStorage(redis.connection, { prefix: `${prefix}:id`, allowEviction: true });
  const { storage } = outer;
  const ann = storage.userKeyOf('ann');
  const theirs = await stored(inner, { user: 'ann' });
  await stored(outer, { user: 'ann' });
  expect(await storage.list(ann)).toHaveLength(1);
  expect(await storage.endAll(ann)).toBe(1);
  expect(await inner.storage.read(theirs)).toBeDefined();
});

test('all sessions of a user are listed and ended, however many he has', async () => {
  const subject = openStorage(redis.connection);
  const { storage, keys } = subject;
  const ann = storage.userKeyOf('ann');
  await Promise.all(Array.from({ length: 1_500 }, () => stored(subject, { user: 'ann' })));
  expect(await storage.list(ann)).toHaveLength(1_500);
  expect(await storage.endAll(ann)).toBe(1_500);
  expect(await storage.count(ann)).toBe(0);
  expect(await redis.server.cli('EXISTS', keys.user(ann))).toBe(0);
});
