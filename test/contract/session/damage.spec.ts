import { expect, test } from 'vitest';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { SHARDS } from '../../../src/session/storage/session-keys.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { eventually } from '../../support/eventually.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { draft, newPrefix, openStorage, recordOf, stored, type TestStorage } from './session-storages.js';

const redis = new SharedRedis();

/** Writes something else over all keys of the registry, and over those of a user. */
async function damage({ storage, keys }: TestStorage, user: string): Promise<void> {
  const userKey = storage.userKeyOf(user);
  const shards = Array.from({ length: SHARDS }, (_, shard) => keys.registry(shard));
  for (const key of [...shards, keys.user(userKey)]) await redis.server.cli('SET', key, 'damaged');
  await redis.server.cli('DEL', keys.epoch(userKey));
  await redis.server.cli('RPUSH', keys.epoch(userKey), 'damaged');
}

function typeOf(key: string): Promise<unknown> {
  return redis.server.cli('TYPE', key);
}

test('what is asked for where something else was written over the indexes has no sessions, and throws nothing', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  await stored(subject, { user: 'ann' });
  await damage(subject, 'ann');
  expect(await storage.count()).toBe(0);
  expect(await storage.count(ann)).toBe(0);
  expect(await storage.list(ann)).toEqual([]);
  expect(await storage.beginLogin(ann)).toMatchObject({ epoch: '' });
  for await (const handle of storage.handles()) expect.unreachable(handle);
});

test('a login, a logout and a start of a session go on where the indexes were written over', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  const before = await stored(subject, { user: 'ann' });
  await damage(subject, 'ann');
  expect(await storage.destroy(before, 'logout')).toBe(true);
  const login = await storage.beginLogin(ann);
  expect(await storage.create(newSessionId(), draft({ user: 'ann' }), { login })).toBeDefined();
  await stored(subject);
  expect(await storage.count(ann)).toBe(1);
  expect(await storage.count()).toBe(2);
  await damage(subject, 'ann');
  expect(await storage.endAll(ann)).toBe(0);
  // From now on logins are refused that had begun before, as ever.
  const late = storage.create(newSessionId(), draft({ user: 'ann' }), { login });
  await expect(late).rejects.toThrow('overtaken');
});

test('a session is noted again in what was written over as soon as its life is lengthened, for its user too', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  const fields = { user: 'ann' };
  const ids = [await stored(subject, fields), await stored(subject, fields)] as const;
  const [touched, written] = [await recordOf(subject, ids[0]), await recordOf(subject, ids[1])];
  await damage(subject, 'ann');
  expect(await storage.touch(touched.handle, touched.baseline)).toBe(true);
  expect([await storage.count(), await storage.count(ann)]).toEqual([1, 1]);
  const { handle, baseline } = written;
  expect(await storage.update(handle, draft(fields, 3_600_000), baseline)).toBe('stored');
  expect([await storage.count(), await storage.count(ann)]).toEqual([2, 2]);
  expect(await storage.endAll(ann)).toBe(2);
});

test('what has expired is told of all shards but those that are refused', async () => {
  const prefix = newPrefix();
  const [damaged, refused] = [0, 1].map((shard) => `${prefix}:all:${shard}`) as [string, string];
  const { connection, hold } = heldConnection(redis.connection);
  const clock = new FakeClock();
  const { storage, keys, events } = openStorage(connection, { prefix, clock });
  const handles = Array.from({ length: 64 }, () => handleOf(newSessionId()));
  for (const handle of handles) await redis.server.cli('ZADD', keys.registryOf(handle), 1, handle);
  await redis.server.cli('SET', damaged, 'damaged');
  const held = hold(([key]) => key === refused);
  storage.start();
  clock.advance(60_000);
  (await held).fail(new Error('NOPERM No permissions to access a key'));
  const expected = handles.filter((one) => ![damaged, refused].includes(keys.registryOf(one)));
  await eventually(() => expect(events).toHaveLength(expected.length));
  await storage.close();
  expect(new Set(events.map(({ handle }) => handle))).toEqual(new Set(expected));
});

test('what stands in place of the lease for good keeps nobody from looking', async () => {
  const clock = new FakeClock();
  const { storage, keys, events } = openStorage(redis.connection, { clock });
  const handle = handleOf(newSessionId());
  await redis.server.cli('ZADD', keys.registryOf(handle), 1, handle);
  await redis.server.cli('SADD', keys.sweep, 'damaged');
  storage.start();
  clock.advance(60_000);
  await eventually(async () => expect(await typeOf(keys.sweep)).toBe('none'));
  await eventually(() => expect(clock.pending).toBe(1));
  clock.advance(60_000);
  await eventually(() => expect(events).toEqual([{ type: 'expired', handle }]));
  await storage.close();
});

test('clear() removes what was written over, and ends the sessions that nothing has noted any more', async () => {
  const subject = openStorage(redis.connection);
  const { storage, keys, events } = subject;
  const ann = storage.userKeyOf('ann');
  const ids = await Promise.all([1, 2, 3].map(() => stored(subject, { user: 'ann' })));
  await damage(subject, 'ann');
  await redis.server.cli('SET', keys.session(handleOf(newSessionId())), 'damaged');
  await storage.clear();
  for (const id of ids) expect(await storage.read(id)).toBeUndefined();
  expect(events.filter(({ type }) => type === 'revoked')).toHaveLength(3);
  for (const key of [keys.registry(0), keys.user(ann), keys.epoch(ann)])
    expect(await typeOf(key)).toBe('none');
});
