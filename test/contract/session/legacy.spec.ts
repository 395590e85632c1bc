import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { CREATE } from '../../../src/session/storage/redis-session-scripts.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { draft, newPrefix, openStorage, recordOf } from './session-storages.js';

const redis = new SharedRedis();
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  client = createClient({ url: redis.server.url });
  await client.connect();
});
afterAll(() => client.destroy());

/** The store of a process that was not migrated yet. */
interface OldProcess {
  readonly prefix: string;
  get(id: string): Promise<Record<string, unknown> | null>;
  set(id: string, session: object): Promise<void>;
}

function oldProcess(): OldProcess {
  const prefix = `${newPrefix()}-old:`;
  const store = new RedisStore({ client, prefix });
  return {
    prefix,
    get: (id) => store.get(id) as Promise<Record<string, unknown> | null>,
    set: async (id, session) => void (await store.set(id, session as never)),
  };
}

const HOUR = 3_600_000;
function cookie(age: number | null = HOUR): object {
  const expires = age === null ? null : new Date(Date.now() + age).toISOString();
  return { originalMaxAge: age, expires, httpOnly: true, path: '/' };
}

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
  const { storage } = openStorage(redis.connection, { migrate: { prefix: old.prefix } });
  const id = newSessionId();
  await storage.create(id, draft({ cart: 'new' }));
  await old.set(id, { cookie: cookie(), cart: 'old' });
  expect((await storage.read(id))?.fields).toEqual({ cart: 'new' });
  expect(await redis.server.cli('EXISTS', old.prefix + id)).toBe(0);
});

test('what is no session of connect-redis is none', async () => {
  const old = oldProcess();
  const { storage } = openStorage(redis.connection, { migrate: { prefix: old.prefix } });
  await redis.server.cli('SET', `${old.prefix}a`, 'no JSON');
  await redis.server.cli('LPUSH', `${old.prefix}b`, '{}');
  expect(await storage.read('a')).toBeUndefined();
  expect(await storage.read('b')).toBeUndefined();
});

test('with dual, old and new processes work on the same sessions at the same time', async () => {
  const old = oldProcess();
  const { storage, keys } = openStorage(redis.connection, { migrate: { prefix: old.prefix, mode: 'dual' } });
  const id = newSessionId();
  await storage.create(id, draft({ cart: 1 }, HOUR));
  const baseline = (await recordOf({ storage }, id)).baseline;
  expect(await old.get(id)).toMatchObject({ cart: 1, cookie: { originalMaxAge: HOUR, path: '/' } });
  expect(Number(await redis.server.cli('PTTL', old.prefix + id))).toBeGreaterThan(HOUR - 60_000);
  await old.set(id, { cookie: cookie(), cart: 1, theirs: true });
  expect(await storage.update(handleOf(id), draft({ cart: 2 }, HOUR), baseline)).toBe('merged');
  expect(await old.get(id)).toMatchObject({ cart: 2, theirs: true });
  expect(await storage.update(handleOf(id), draft({ cart: 3 }, HOUR), baseline)).toBe('merged');
  expect((await storage.read(id))?.fields).toEqual({ cart: 3, theirs: true });
  expect(await redis.server.cli('EXISTS', keys.session(handleOf(id)))).toBe(0);
  expect(await storage.count()).toBe(1);
  const to = newSessionId();
  expect(await storage.rotate(id, to, draft({ cart: 3, theirs: true, user: 'ann' }), 0)).toBeDefined();
  expect(await old.get(id)).toBeNull();
  expect(await old.get(to)).toMatchObject({ user: 'ann' });
  expect(await storage.destroy(to, 'logout')).toBe(true);
  expect(await old.get(to)).toBeNull();
});

test('with dual, a session that was ended is not written', async () => {
  const old = oldProcess();
  const { storage, events } = openStorage(redis.connection, {
    migrate: { prefix: old.prefix, mode: 'dual' },
  });
  const id = newSessionId();
  await storage.create(id, draft({ cart: 1 }));
  const baseline = (await recordOf({ storage }, id)).baseline;
  await storage.destroy(id, 'logout');
  expect(await storage.update(handleOf(id), draft({ cart: 2 }), baseline)).toBe('gone');
  expect(await storage.touch(handleOf(id), baseline)).toBe(false);
  expect(await old.get(id)).toBeNull();
  expect(events.map(({ type }) => type)).toEqual(['created', 'destroyed', 'dropped']);
});

test('with dual, no sessions are found by handles, which is said', async () => {
  const { storage } = openStorage(redis.connection, { migrate: { prefix: 'none:', mode: 'dual' } });
  await expect(storage.readHandle('x')).rejects.toThrow(InvalidOptionsError);
  await expect(storage.endAll('x')).rejects.toThrow("session.migrate: 'dual'");
});
