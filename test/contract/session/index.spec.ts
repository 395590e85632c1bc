import { expect, test } from 'vitest';
import { SessionGoneError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { CREATE, DESTROY, FREEZE, REPLACE } from '../../../src/session/storage/redis-session-scripts.js';
import { commandsOf } from '../redis-commands.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { changeHeader } from './session-records.js';
import { draft, newPrefix, openStorage, recordOf, stored } from './session-storages.js';

const redis = new SharedRedis();

test('a session is noted before it is stored, in the same round trip', async () => {
  const { connection, hold } = heldConnection(redis.connection);
  const { storage } = openStorage(connection);
  const held = hold((_, script) => script === CREATE);
  const id = newSessionId();
  const created = storage.create(id, draft());
  const create = await held;
  expect(await storage.count()).toBe(1);
  expect(await storage.read(id)).toBeUndefined();
  await create.release();
  await created;
  expect(await storage.read(id)).toBeDefined();
});

test('all sessions of a user are ended that were there, in whatever process, but for one', async () => {
  const subject = openStorage(redis.connection);
  const { storage, events } = subject;
  const ids = await Promise.all([1, 2, 3].map(() => stored(subject, { user: 'ann' })));
  const bob = await stored(subject, { user: 'bob' });
  const ann = storage.userKeyOf('ann');
  expect(await storage.endAll(ann, handleOf(ids[0] as string))).toBe(2);
  expect((await storage.list(ann)).map(({ handle }) => handle)).toEqual([handleOf(ids[0] as string)]);
  expect(await storage.count(ann)).toBe(1);
  expect(await storage.count()).toBe(2);
  expect(await storage.read(bob)).toBeDefined();
  expect(events.filter(({ type }) => type === 'revoked')).toHaveLength(2);
});

test('a session of a user that is being created is ended with the others', async () => {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const login = openStorage(connection, { prefix });
  const { storage } = openStorage(redis.connection, { prefix });
  const ann = storage.userKeyOf('ann');
  const held = hold((_, script) => script === CREATE);
  const created = login.storage.create(newSessionId(), draft({ user: 'ann' }));
  const create = await held;
  await storage.endAll(ann);
  await create.release();
  expect(await created).toBeUndefined();
  expect(await storage.list(ann)).toEqual([]);
  expect(await storage.count(ann)).toBe(0);
  expect(await storage.count()).toBe(0);
});

test("a visitor's session that is becoming a user's is ended with the others", async () => {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const login = openStorage(connection, { prefix });
  const { storage } = openStorage(redis.connection, { prefix });
  const ann = storage.userKeyOf('ann');
  const id = await stored(login, { cart: 1 });
  const { baseline } = await recordOf(login, id);
  const attempt = await login.storage.beginLogin(ann);
  const held = hold((_, script) => script === REPLACE);
  const updated = login.storage.update(handleOf(id), draft({ cart: 1, user: 'ann' }), baseline, attempt);
  const update = await held;
  await storage.endAll(ann);
  await update.release();
  expect(await updated).toBe('gone');
  expect(await storage.list(ann)).toEqual([]);
});

test.each([
  ['before the new id is stored', CREATE],
  ['before the old id is frozen', FREEZE],
])('a session that is being rotated is ended with the others: %s', async (_, script) => {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const rotating = openStorage(connection, { prefix });
  const subject = openStorage(redis.connection, { prefix });
  const ann = subject.storage.userKeyOf('ann');
  const id = await stored(subject, { user: 'ann' });
  const to = newSessionId();
  const held = hold((_keys, called) => called === script);
  const rotated = rotating.storage.rotate(id, to, draft({ user: 'ann' }), 5_000);
  const call = await held;
  await subject.storage.endAll(ann);
  await call.release();
  expect(await rotated).toBeUndefined();
  for (const one of [id, to]) expect(await subject.storage.read(one)).toBeUndefined();
  expect(await subject.storage.count()).toBe(0);
});

test('a session whose visitor logs out while it is being rotated is ended under both ids', async () => {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const rotating = openStorage(connection, { prefix });
  const subject = openStorage(redis.connection, { prefix });
  const id = await stored(subject, { user: 'ann' });
  const to = newSessionId();
  const held = hold((_, script) => script === FREEZE);
  const rotated = rotating.storage.rotate(id, to, draft({ user: 'ann' }), 5_000);
  const freeze = await held;
  expect(await subject.storage.destroy(id, 'logout')).toBe(true);
  await freeze.release();
  expect(await rotated).toBeUndefined();
  expect(await subject.storage.read(to)).toBeUndefined();
  expect(await subject.storage.count()).toBe(0);
  expect(await subject.storage.count(subject.storage.userKeyOf('ann'))).toBe(0);
});

test('a session that was rotated after the index was read is ended under its new id', async () => {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const ending = openStorage(connection, { prefix });
  const subject = openStorage(redis.connection, { prefix });
  const ann = subject.storage.userKeyOf('ann');
  const id = await stored(subject, { user: 'ann' });
  const to = newSessionId();
  const held = hold((_, script) => script === DESTROY);
  const ended = ending.storage.endAll(ann);
  const destroy = await held;
  expect(await subject.storage.rotate(id, to, draft({ user: 'ann' }), 5_000)).toBeDefined();
  await destroy.release();
  expect(await ended).toBe(1);
  expect(await subject.storage.read(to)).toBeUndefined();
  expect(await subject.storage.list(ann)).toEqual([]);
  expect(ending.events).toEqual([{ type: 'revoked', handle: handleOf(to), reason: 'revoked' }]);
});

test('a login that began before all sessions were ended is refused, however it is stored', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  const visitor = await stored(subject);
  const { baseline } = await recordOf(subject, visitor);
  const attempt = await storage.beginLogin(ann);
  await storage.endAll(ann);
  const fields = draft({ user: 'ann' });
  const id = newSessionId();
  await expect(storage.create(id, fields, { login: attempt })).rejects.toThrow(SessionGoneError);
  const update = storage.update(handleOf(visitor), fields, baseline, attempt);
  await expect(update).rejects.toThrow(SessionGoneError);
  const rotate = storage.rotate(visitor, id, fields, 0, attempt);
  await expect(rotate).rejects.toThrow(SessionGoneError);
  expect(await storage.read(id)).toBeUndefined();
  expect((await storage.read(visitor))?.fields).toEqual({});
  expect(await storage.count(ann)).toBe(0);
  const next = await storage.beginLogin(ann);
  expect(await storage.create(id, fields, { login: next })).toBeDefined();
});

test('a login that takes longer than ten minutes is refused', async () => {
  const { storage } = openStorage(redis.connection);
  const attempt = await storage.beginLogin(storage.userKeyOf('ann'));
  const late = { ...attempt, at: attempt.at - 601_000 };
  const created = storage.create(newSessionId(), draft({ user: 'ann' }), { login: late });
  await expect(created).rejects.toThrow(SessionGoneError);
});

test('a login whose user had all his sessions ended more than an hour ago is not refused for it', async () => {
  const { storage, keys } = openStorage(redis.connection);
  const ann = storage.userKeyOf('ann');
  await storage.endAll(ann);
  const attempt = await storage.beginLogin(ann);
  expect(attempt.epoch).not.toBe('');
  await redis.server.cli('DEL', keys.epoch(ann));
  expect(await storage.create(newSessionId(), draft({ user: 'ann' }), { login: attempt })).toBeDefined();
});

test('a request that read the session before its user left it does not note it as his again', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const id = await stored(subject, { user: 'ann' });
  const { baseline } = await recordOf(subject, id);
  const stale = { ...baseline };
  await storage.update(handleOf(id), draft({ user: 'bob' }), baseline);
  await storage.touch(handleOf(id), stale);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
  await storage.endAll(storage.userKeyOf('ann'));
  expect(await storage.read(id)).toBeDefined();
});

test('what is lengthened in a full Redis is noted there', async () => {
  const subject = openStorage(redis.connection, { ttl: '1h' });
  const { storage, keys } = subject;
  const id = await stored(subject, { user: 'ann' });
  const handle = handleOf(id);
  const { baseline } = await recordOf(subject, id);
  await redis.server.cli('ZADD', keys.registryOf(handle), 1, handle);
  await redis.server.cli('ZADD', keys.user(storage.userKeyOf('ann')), 1, handle);
  await redis.server.cli('CONFIG', 'SET', 'maxmemory', '1');
  try {
    await storage.touch(handle, baseline);
    await expect(storage.create(newSessionId(), draft())).rejects.toThrow('OOM');
  } finally {
    await redis.server.cli('CONFIG', 'SET', 'maxmemory', '0');
  }
  expect(await storage.count()).toBe(1);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(1);
});

test('a touch that meets none leaves nothing that counts', async () => {
  const subject = openStorage(redis.connection);
  const { storage, keys } = subject;
  const id = await stored(subject, { user: 'ann' });
  const { baseline } = await recordOf(subject, id);
  await redis.server.cli('DEL', keys.session(handleOf(id)));
  expect(await storage.touch(handleOf(id), baseline)).toBe(false);
  expect(await storage.count()).toBe(0);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
});

test('a user has no more sessions than he may: those seen least lately go first, and never the new one', async () => {
  const subject = openStorage(redis.connection, { maxPerUser: 2 });
  const { storage, events, keys } = subject;
  const first = await stored(subject, { user: 'ann' });
  const second = await stored(subject, { user: 'ann' });
  await changeHeader(redis.server, keys.session(handleOf(second)), (header) => header.with(2, '5'));
  const third = await stored(subject, { user: 'ann' });
  const left = (await storage.list(storage.userKeyOf('ann'))).map(({ handle }) => handle);
  expect(left.toSorted()).toEqual([handleOf(first), handleOf(third)].toSorted());
  expect(events).toContainEqual({ type: 'revoked', handle: handleOf(second), reason: 'evicted' });
});

test('of logins at once, as many stay as may be', async () => {
  const subject = openStorage(redis.connection, { maxPerUser: 1 });
  const { storage } = subject;
  await Promise.all(Array.from({ length: 8 }, () => stored(subject, { user: 'ann' })));
  expect(await storage.list(storage.userKeyOf('ann'))).toHaveLength(1);
});

test('what is asked for of 20,000 sessions walks no keys', { timeout: 120_000 }, async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  for (let at = 0; at < 100; at++) {
    await Promise.all(
      Array.from({ length: 200 }, (_, one) => stored(subject, { user: `u${at % 10}-${one % 4}` })),
    );
  }
  const ann = storage.userKeyOf('u0-0');
  const counts = await commandsOf(redis.server, async () => {
    expect(await storage.count()).toBe(20_000);
    expect(await storage.count(ann)).toBe(500);
    expect(await storage.list(ann)).toHaveLength(500);
    expect(await storage.endAll(ann)).toBe(500);
  });
  expect(Object.keys(counts)).not.toContain('scan');
  expect(Object.keys(counts)).not.toContain('keys');
  expect(counts['zcount']).toBe(17);
  expect(await storage.count()).toBe(19_500);
});

test('where Redis may evict indexes, sessions are found without them', async () => {
  const subject = openStorage(redis.connection, { allowEviction: true });
  const { storage, keys } = subject;
  const ann = storage.userKeyOf('ann');
  const ids = [await stored(subject, { user: 'ann' }), await stored(subject, { user: 'ann' })];
  await stored(subject, { user: 'bob' });
  await redis.server.cli('DEL', keys.user(ann));
  expect(await storage.list(ann)).toHaveLength(2);
  expect(await storage.endAll(ann)).toBe(2);
  for (const id of ids) expect(await storage.read(id)).toBeUndefined();
  expect(await storage.count()).toBe(1);
});

test('all handles are walked, and clear() ends what is of this prefix, noted or not, and nothing else', async () => {
  const prefix = `${newPrefix()}*[a]`;
  const subject = openStorage(redis.connection, { prefix });
  const other = openStorage(redis.connection, { prefix: `${prefix}x` });
  const { storage, keys } = subject;
  const ids = await Promise.all(Array.from({ length: 40 }, () => stored(subject, { user: 'ann' })));
  const kept = await stored(other, { user: 'ann' });
  const [lost] = ids as [string];
  await redis.server.cli('ZREM', keys.registryOf(handleOf(lost)), handleOf(lost));
  const handles = new Set<string>();
  for await (const handle of storage.handles()) handles.add(handle);
  expect(handles.size).toBe(39);
  await storage.clear();
  expect(await storage.count()).toBe(0);
  for (const id of ids) expect(await storage.read(id)).toBeUndefined();
  expect(await storage.list(storage.userKeyOf('ann'))).toEqual([]);
  expect(await other.storage.read(kept)).toBeDefined();
  expect(await other.storage.count()).toBe(1);
});

test('a write that another request has stored while the id changed is kept', async () => {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const rotating = openStorage(connection, { prefix });
  const subject = openStorage(redis.connection, { prefix });
  const id = await stored(subject, { cart: 1, a: 1 });
  const mine = (await recordOf(rotating, id)).baseline;
  const theirs = (await recordOf(subject, id)).baseline;
  // One write between what the request has read and the rotation, and one in the middle of it.
  await subject.storage.update(handleOf(id), draft({ cart: 1, a: 1, early: 1 }), theirs);
  const held = hold((_, script) => script === FREEZE);
  const to = newSessionId();
  const rotated = rotating.storage.rotate(id, to, draft({ cart: 1, mine: 1 }), 5_000, undefined, mine);
  const freeze = await held;
  await subject.storage.update(handleOf(id), draft({ cart: 2, a: 1, early: 1 }), theirs);
  await freeze.release();
  expect(await rotated).toBeDefined();
  expect((await subject.storage.read(to))?.fields).toEqual({ cart: 2, early: 1, mine: 1 });
});

test('a login keeps its session while one that only reads lengthens it', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const id = await stored(subject);
  const reader = (await recordOf(subject, id)).baseline;
  const writer = { ...reader };
  await storage.update(handleOf(id), draft({ user: 'ann' }), writer);
  const counts = await commandsOf(redis.server, () => storage.touch(handleOf(id), reader));
  expect(counts['evalsha'] ?? counts['eval']).toBeGreaterThan(0);
  expect(await storage.list(storage.userKeyOf('ann'))).toHaveLength(1);
});
