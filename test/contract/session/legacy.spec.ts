import { expect, test } from 'vitest';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { CREATE } from '../../../src/session/storage/redis-session-scripts.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { cookie, HOUR, oldProcessesOn } from './old-process.js';
import { draft, newPrefix, openStorage, recordOf } from './session-storages.js';

const redis = new SharedRedis();
const oldProcess = oldProcessesOn(redis);

test('a session of connect-redis is moved when it is asked for, and lives as long as it would have', async () => {
  const old = oldProcess();
  const { storage, keys } = openStorage(redis.connection, { migrate: { prefix: old.prefix } });
  const id = newSessionId();
  await old.set(id, { cookie: cookie(), user: 'ann', cart: [1, { a: 2 }] });
  const before = Number(await redis.server.cli('PTTL', old.prefix + id));
  const record = await storage.read(id);
  expect(record?.fields).toEqual({ user: 'ann', cart: [1, { a: 2 }] });
  expect(record?.baseline.maxAge).toBe(HOUR);
  const after = Number(await redis.server.cli('PTTL', keys.session(handleOf(id))));
  expect(after).toBeLessThanOrEqual(before);
  expect(after).toBeGreaterThan(before - 60_000);
  expect(await old.get(id)).toBeNull();
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(1);
  expect(
    await storage.update(
      handleOf(id),
      draft({ user: 'ann' }, HOUR),
      (await recordOf({ storage }, id)).baseline,
    ),
  ).toBe('stored');
  expect((await storage.read(id))?.fields).toEqual({ user: 'ann' });
});

test.each([
  ['one that ends with the browser', null, '14d', null],
  ['one of the idle time that the options have', HOUR - 3, '1h', undefined],
  ['one of its own', HOUR, '14d', HOUR],
])('the idle time is kept: %s', async (_, age, ttl, expected) => {
  const old = oldProcess();
  const { storage } = openStorage(redis.connection, { ttl, migrate: { prefix: old.prefix } });
  const id = newSessionId();
  await old.set(id, { cookie: cookie(age) });
  expect((await storage.read(id))?.baseline.maxAge).toBe(expected);
});

test('of requests that move a session at once, each reads it, and one session is left', async () => {
  const old = oldProcess();
  const { storage } = openStorage(redis.connection, { migrate: { prefix: old.prefix } });
  const id = newSessionId();
  await old.set(id, { cookie: cookie(), cart: 1 });
  const records = await Promise.all(Array.from({ length: 8 }, () => storage.read(id)));
  for (const record of records) expect(record?.fields).toEqual({ cart: 1 });
  expect(new Set(records.map((record) => record?.baseline.version)).size).toBe(1);
  expect(await storage.count()).toBe(1);
  expect(await redis.server.cli('EXISTS', old.prefix + id)).toBe(0);
});

test('sessions that are moved under the requests of two processes lose nothing of what those write', async () => {
  const old = oldProcess();
  const options = { prefix: newPrefix(), migrate: { prefix: old.prefix } };
  const processes = [openStorage(redis.connection, options), openStorage(redis.connection, options)];
  const ids = Array.from({ length: 20 }, () => newSessionId());
  await Promise.all(ids.map((id) => old.set(id, { cookie: cookie(), before: id })));
  const write = async (id: string, at: number): Promise<void> => {
    const subject = processes[at % 2] as (typeof processes)[0];
    const { fields, baseline } = await recordOf(subject, id);
    const outcome = await subject.storage.update(
      handleOf(id),
      draft({ ...fields, [`field${at}`]: at }, HOUR),
      baseline,
    );
    expect(outcome).toMatch(/stored|merged/);
  };
  await Promise.all(ids.flatMap((id) => [0, 1, 2, 3].map((at) => write(id, at))));
  for (const id of ids) {
    const { fields } = await recordOf(processes[0] as (typeof processes)[0], id);
    expect(fields).toEqual({ before: id, field0: 0, field1: 1, field2: 2, field3: 3 });
  }
  expect(await redis.server.cli('KEYS', `${old.prefix}*`)).toEqual([]);
});

test('a session that is ended while it is being moved stays ended', async () => {
  const old = oldProcess();
  const options = { prefix: newPrefix(), migrate: { prefix: old.prefix } };
  const { connection, hold } = heldConnection(redis.connection);
  const moving = openStorage(connection, options);
  const { storage, events } = openStorage(redis.connection, options);
  const id = newSessionId();
  await old.set(id, { cookie: cookie(), user: 'ann' });
  const held = hold((_, script) => script === CREATE);
  const read = moving.storage.read(id);
  const create = await held;
  expect(await storage.destroy(id, 'logout')).toBe(true);
  await create.release();
  expect(await read).toBeUndefined();
  expect(await storage.read(id)).toBeUndefined();
  expect(await storage.count()).toBe(0);
  expect(events).toEqual([{ type: 'destroyed', handle: handleOf(id), reason: 'logout' }]);
});

test('what connect-redis keeps of a session that was moved before cannot come back', async () => {
  const old = oldProcess();
  const options = { prefix: newPrefix(), migrate: { prefix: old.prefix } };
  const { storage } = openStorage(redis.connection, options);
  const id = newSessionId();
  await storage.create(id, draft({ cart: 'new' }));
  await old.set(id, { cookie: cookie(), cart: 'old' });
  expect((await storage.read(id))?.fields).toEqual({ cart: 'new' });
  // It may be on its way by another process, for some seconds.
  expect(await old.get(id)).not.toBeNull();
  const { connection } = heldConnection(redis.connection);
  const later = openStorage({ ...connection, now: () => redis.connection.now() + 10_000 }, options);
  expect((await later.storage.read(id))?.fields).toEqual({ cart: 'new' });
  expect(await old.get(id)).toBeNull();
});

test('what is no session of connect-redis is none', async () => {
  const old = oldProcess();
  const { storage } = openStorage(redis.connection, { migrate: { prefix: old.prefix } });
  await redis.server.cli('SET', `${old.prefix}a`, 'no JSON');
  await redis.server.cli('LPUSH', `${old.prefix}b`, '{}');
  expect(await storage.read('a')).toBeUndefined();
  expect(await storage.read('b')).toBeUndefined();
});
