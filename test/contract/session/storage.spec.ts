import { expect, test } from 'vitest';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { SharedRedis } from '../redis-caches.js';
import { draft, openStorage, recordOf, stored } from './session-storages.js';

const redis = new SharedRedis();

test('what is stored is read, counted, listed and told', async () => {
  const subject = openStorage(redis.connection);
  const { storage, events } = subject;
  const id = await stored(subject, { user: 'ann', cart: [1] });
  const record = await storage.read(id);
  expect(record?.fields).toEqual({ user: 'ann', cart: [1] });
  expect(await storage.count()).toBe(1);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(1);
  const [listed] = await storage.list(storage.userKeyOf('ann'));
  expect(listed?.handle).toBe(handleOf(id));
  expect(events).toEqual([{ type: 'created', handle: handleOf(id) }]);
});

test('one that was ended is neither counted nor listed, and is told', async () => {
  const subject = openStorage(redis.connection);
  const { storage, events } = subject;
  const id = await stored(subject, { user: 'ann' });
  expect(await storage.destroy(id, 'logout')).toBe(true);
  expect(await storage.destroy(id, 'logout')).toBe(false);
  expect(await storage.count()).toBe(0);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
  expect(await storage.list(storage.userKeyOf('ann'))).toEqual([]);
  expect(await storage.read(id)).toBeUndefined();
  expect(await storage.create(id, draft())).toBeUndefined();
  expect(await storage.count()).toBe(0);
  expect(events.map(({ type }) => type)).toEqual(['created', 'destroyed']);
});

test('a write that meets no live session is told, and brings nothing back', async () => {
  const subject = openStorage(redis.connection);
  const { storage, events } = subject;
  const id = await stored(subject, { user: 'ann' });
  const read = await recordOf(subject, id);
  await storage.destroyHandle(handleOf(id), 'revoked');
  const baseline = { ...read.baseline, deadline: 0 };
  expect(await storage.update(handleOf(id), draft({ user: 'bob' }), baseline)).toBe('gone');
  expect(await storage.touch(handleOf(id), baseline)).toBe(false);
  expect(await storage.count()).toBe(0);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
  expect(await storage.count(storage.userKeyOf('bob'))).toBe(0);
  expect(events.slice(1)).toEqual([
    { type: 'revoked', handle: handleOf(id), reason: 'revoked' },
    { type: 'dropped', handle: handleOf(id), reason: 'gone' },
  ]);
});

test('a session moves to the index of the user that it gets', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const id = await stored(subject, { user: 'ann' });
  const { baseline } = await recordOf(subject, id);
  await storage.update(handleOf(id), draft({ user: 'bob' }), baseline);
  expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
  expect((await storage.list(storage.userKeyOf('bob'))).map(({ handle }) => handle)).toEqual([handleOf(id)]);
  await storage.update(handleOf(id), draft({}), baseline);
  expect(await storage.count(storage.userKeyOf('bob'))).toBe(0);
  expect(await storage.count()).toBe(1);
});

test('a rotated session has a new id; the old one reads what is not its user for a while', async () => {
  const subject = openStorage(redis.connection);
  const { storage, events } = subject;
  const id = await stored(subject, { user: 'ann', theme: 'dark' });
  const { baseline, createdAt } = await recordOf(subject, id);
  const to = newSessionId();
  const made = await storage.rotate(id, to, draft({ user: 'ann', theme: 'dark', step: 2 }), 5_000);
  expect(made?.version).not.toBe(baseline.version);
  expect(await storage.read(id)).toMatchObject({
    frozen: true,
    fields: { theme: 'dark' },
    userKey: undefined,
  });
  expect(await storage.read(to)).toMatchObject({
    frozen: false,
    createdAt,
    fields: { user: 'ann', step: 2 },
  });
  expect(await storage.update(handleOf(id), draft({ a: 1 }), baseline)).toBe('frozen');
  expect(await storage.count()).toBe(1);
  expect((await storage.list(storage.userKeyOf('ann'))).map(({ handle }) => handle)).toEqual([handleOf(to)]);
  expect(events[1]).toEqual({ type: 'rotated', handle: handleOf(id), to: handleOf(to) });
});
