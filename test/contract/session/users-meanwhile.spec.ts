import { expect, test } from 'vitest';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { DESTROY, FREEZE } from '../../../src/session/storage/redis-session-scripts.js';
import { eventually } from '../../support/eventually.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { draft, newPrefix, openStorage, recordOf, stored } from './session-storages.js';

const redis = new SharedRedis();

/** Two processes with the same sessions, the calls of the first of which can be held back. */
function twoProcesses() {
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  return {
    hold,
    slow: openStorage(connection, { prefix }),
    subject: openStorage(redis.connection, { prefix }),
  };
}

test.each([
  ['at once', 0],
  ['soon', 1],
])('a session whose old id ends %s is ended with the others under its new id', async (_, grace) => {
  const { hold, slow, subject } = twoProcesses();
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  const [id, to] = [await stored(subject, { user: 'ann' }), newSessionId()];
  const held = hold((_keys, script) => script === DESTROY);
  const ended = slow.storage.endAll(ann);
  const destroy = await held;
  expect(await storage.rotate(id, to, draft({ user: 'ann' }), grace)).toBeDefined();
  await eventually(async () => expect(await storage.read(id)).toBeUndefined());
  await destroy.release();
  expect(await ended).toBe(1);
  expect(await storage.read(to)).toBeUndefined();
});

test('the one that is excepted is not ended for the old id that it had', async () => {
  const { hold, slow, subject } = twoProcesses();
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  const [id, to] = [await stored(subject, { user: 'ann' }), newSessionId()];
  const held = hold((_keys, script) => script === DESTROY);
  const ended = slow.storage.endAll(ann, handleOf(to));
  const destroy = await held;
  expect(await storage.rotate(id, to, draft({ user: 'ann' }), 5_000)).toBeDefined();
  await destroy.release();
  await ended;
  expect(await storage.read(to)).toBeDefined();
});

test('a logout by the old id is none of the session that it was rotated to', async () => {
  const subject = openStorage(redis.connection);
  const { storage } = subject;
  for (const grace of [0, 5_000]) {
    const [id, to] = [await stored(subject, { user: 'ann' }), newSessionId()];
    await storage.rotate(id, to, draft({ user: 'ann' }), grace);
    expect(await storage.destroy(id, 'logout')).toBe(false);
    expect(await storage.read(to)).toBeDefined();
    expect(await storage.destroyHandle(handleOf(id), 'revoked')).toBe(true);
    expect(await storage.read(to)).toBeUndefined();
  }
});

test.each([0, 5_000])(
  'a logout ends what was rotated since it was read, however often (grace %i)',
  async (grace) => {
    const subject = openStorage(redis.connection);
    const { storage } = subject;
    const ids = [await stored(subject, { user: 'ann' }), newSessionId(), newSessionId()] as const;
    const { baseline } = await recordOf(subject, ids[0]);
    await storage.rotate(ids[0], ids[1], draft({ user: 'ann' }), grace);
    await storage.rotate(ids[1], ids[2], draft({ user: 'ann' }), grace);
    expect(await storage.destroy(ids[0], 'logout', baseline)).toBe(true);
    for (const id of ids) expect(await storage.read(id)).toBeUndefined();
    expect(await storage.count(storage.userKeyOf('ann'))).toBe(0);
    expect(subject.events.at(-1)).toEqual({ type: 'destroyed', handle: handleOf(ids[2]), reason: 'logout' });
  },
);

test('a rotation that fails leaves no session that nobody has the id of', async () => {
  const { hold, slow, subject } = twoProcesses();
  const { storage } = subject;
  const ann = storage.userKeyOf('ann');
  const [id, to] = [await stored(subject), newSessionId()];
  const held = hold((_keys, script) => script === FREEZE);
  const rotated = slow.storage.rotate(id, to, draft({ user: 'ann' }), 0);
  const failure = new Error('OOM');
  (await held).fail(failure);
  await expect(rotated).rejects.toBe(failure);
  expect(await storage.read(to)).toBeUndefined();
  expect(await storage.count(ann)).toBe(0);
  expect((await storage.read(id))?.fields).toEqual({});
});

test('a session that begins while all are cleared is ended, or stays in the index of its user', async () => {
  const { hold, slow, subject } = twoProcesses();
  const { storage, keys } = subject;
  const ann = storage.userKeyOf('ann');
  const key = keys.user(ann);
  await redis.server.cli('ZADD', key, String(Date.now() + 60_000), 'left-behind');
  const held = hold((touched, script) => script === undefined && touched.includes(key));
  const cleared = slow.storage.clear();
  const call = await held;
  const early = await stored(subject, { user: 'ann' });
  await call.release();
  const late = await stored(subject, { user: 'ann' });
  await cleared;
  const alive = await Promise.all([early, late].map(async (id) => (await storage.read(id))?.handle));
  const listed = (await storage.list(ann)).map(({ handle }) => handle);
  expect(listed.toSorted()).toEqual(alive.filter((one) => one !== undefined).toSorted());
  expect(await storage.count(ann)).toBe(listed.length);
});

test('a session that gets a longer life beside a login stays in the index of its user for that long', async () => {
  const { storage, keys } = openStorage(redis.connection, { ttl: 600_000 });
  const id = await stored({ storage });
  const [other, login] = [await storage.read(id), await storage.read(id)];
  if (other === undefined || login === undefined) throw new Error('It was stored.');
  await storage.update(handleOf(id), draft({ user: 'ann' }), login.baseline);
  expect(await storage.update(handleOf(id), draft({}, 3_600_000), other.baseline)).toBe('merged');
  const index = keys.user(storage.userKeyOf('ann'));
  const score = Number(await redis.server.cli('ZSCORE', index, handleOf(id)));
  expect(score).toBeGreaterThan(other.baseline.deadline - 10_000);
  expect(Number(await redis.server.cli('PTTL', index))).toBeGreaterThan(3_600_000);
});
