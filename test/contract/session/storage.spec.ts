import { expect, test } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { MERGE } from '../../../src/session/storage/redis-session-scripts.js';
import { commandsOf } from '../redis-commands.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { draft, newPrefix, openStorage, recordOf, stored, type TestStorage } from './session-storages.js';

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

test('a write that nobody else is beside takes one round trip, and one beside others’ two', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const id = await stored(subject, { a: 1 });
  const [one, other] = [await recordOf(subject, id), await recordOf(subject, id)];
  const write = (fields: object, { baseline }: typeof one) =>
    commandsOf(redis.server, () => storage.update(handleOf(id), draft({ ...fields }), baseline));
  // The server has to see each script once.
  await write({ a: 2 }, one);
  expect(await write({ a: 3 }, one)).toEqual({ evalsha: 1, hmget: 1, time: 1, hset: 1 });
  expect(await storage.update(handleOf(id), draft({ a: 1, b: 1 }), other.baseline)).toBe('merged');
  const late = await recordOf(subject, id);
  await write({ ...late.fields, c: 1 }, one);
  expect(await write({ ...late.fields, d: 1 }, late)).toMatchObject({ evalsha: 2 });
  // Who knows that there are others has to ask what time it is.
  expect(await write({ ...late.fields, e: 1 }, late)).toMatchObject({ evalsha: 2 });
});

test('sessions are replaced only while nobody else has written', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  const id = await stored(subject, { a: 1 });
  const [one, other] = [await recordOf(subject, id), await recordOf(subject, id)];
  expect(await storage.replace(handleOf(id), draft({ a: 2 }), one.baseline)).toBe('stored');
  const before = await recordOf(subject, id);
  expect(await storage.replace(handleOf(id), draft({ a: 1, b: 1 }), other.baseline)).toBe('changed');
  const { fields, baseline } = await recordOf(subject, id);
  expect(fields).toEqual({ a: 2 });
  expect(baseline.version).toBe(before.baseline.version);
  expect(await storage.replace(handleOf(id), draft({ a: 3 }), one.baseline)).toBe('stored');
  expect(await storage.destroy(id, 'logout')).toBe(true);
  expect(await storage.replace(handleOf(id), draft({ a: 4 }), one.baseline)).toBe('gone');
  expect(subject.events.at(-1)).toMatchObject({ type: 'dropped', reason: 'gone' });
});

test('a userId that throws is a mistake of the application, and what was stored stays', async () => {
  const bug = new Error('a bug');
  const userId = ({ a }: Readonly<Record<string, unknown>>): undefined => {
    if (a !== 1) throw bug;
  };
  const subject = openStorage(redis.connection, { userId });
  const id = await stored(subject, { a: 1 });
  const { baseline } = await recordOf(subject, id);
  const failure = await subject.storage
    .update(handleOf(id), draft({ a: 2 }), baseline)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidOptionsError);
  expect((failure as Error).cause).toBe(bug);
  expect((await recordOf(subject, id)).fields).toEqual({ a: 1 });
});

test('texts that somebody has made of the fields are what is stored', async () => {
  const subject = openStorage(redis.connection);
  const id = newSessionId();
  const fields = { a: 1 };
  const texts = new Map([['a', '2']]);
  const baseline = await subject.storage.create(id, { ...draft(fields), texts });
  if (baseline === undefined) throw new Error('It was not stored.');
  expect((await recordOf(subject, id)).fields).toEqual({ a: 2 });
  await subject.storage.update(handleOf(id), { ...draft(fields), texts: new Map([['a', '3']]) }, baseline);
  expect((await recordOf(subject, id)).fields).toEqual({ a: 3 });
});

test.each([
  ['is ended', 'gone', ({ storage }: TestStorage, id: string) => storage.destroy(id, 'logout')],
  [
    'is rotated',
    'frozen',
    ({ storage }: TestStorage, id: string) => storage.rotate(id, newSessionId(), draft({}), 5_000),
  ],
  [
    'is written again',
    'merged',
    async (subject: TestStorage, id: string) => {
      const { fields, baseline } = await recordOf(subject, id);
      await subject.storage.update(handleOf(id), draft({ ...fields, third: 1 }), baseline);
    },
  ],
] as const)('a session that %s between the two steps of a write is %s', async (_, outcome, meanwhile) => {
  const { connection, hold } = heldConnection(redis.connection);
  const prefix = newPrefix();
  const slow = openStorage(connection, { prefix });
  const subject = openStorage(redis.connection, { prefix });
  const id = await stored(subject, { kept: 1 });
  const [one, other] = [await recordOf(slow, id), await recordOf(subject, id)];
  await subject.storage.update(handleOf(id), draft({ kept: 1, theirs: 1 }), other.baseline);
  const held = hold((_keys, script) => script === MERGE);
  const written = slow.storage.update(handleOf(id), draft({ kept: 1, mine: 1 }), one.baseline);
  const merge = await held;
  await meanwhile(subject, id);
  await merge.release();
  expect(await written).toBe(outcome);
  if (outcome !== 'merged') return;
  expect((await recordOf(subject, id)).fields).toEqual({ kept: 1, theirs: 1, third: 1, mine: 1 });
});
