import { expect, test } from 'vitest';
import type { RedisConnection } from '../../../src/connection/connection.js';
import { InvalidOptionsError, RedisUnavailableError } from '../../../src/errors.js';
import { handleOf, newSessionId } from '../../../src/session/record/session-ids.js';
import { CREATE, DESTROY } from '../../../src/session/storage/redis-session-scripts.js';
import type { SessionStorageOptions } from '../../../src/session/session-options.js';
import { SharedRedis } from '../redis-caches.js';
import { heldConnection } from './held-connection.js';
import { cookie, HOUR, oldProcessesOn, type OldProcess } from './old-process.js';
import { draft, newPrefix, openStorage, recordOf, type TestStorage } from './session-storages.js';

const redis = new SharedRedis();
const oldProcess = oldProcessesOn(redis);

/** A process that leaves sessions as they are, one that moves them, which can be held up, and a session of connect-redis. */
interface TwoDeployments {
  readonly old: OldProcess;
  readonly dual: TestStorage;
  readonly moving: TestStorage;
  readonly hold: ReturnType<typeof heldConnection>['hold'];
  readonly id: string;
  readonly handle: string;
}

async function twoDeployments(options: SessionStorageOptions = {}): Promise<TwoDeployments> {
  const old = oldProcess();
  const prefix = newPrefix();
  const { connection, hold } = heldConnection(redis.connection);
  const dual = openStorage(redis.connection, { prefix, migrate: { prefix: old.prefix, mode: 'dual' } });
  const moving = openStorage(connection, { ...options, prefix, migrate: { prefix: old.prefix } });
  const id = newSessionId();
  await old.set(id, { cookie: cookie(), user: 'ann', cart: 1 });
  return { old, dual, moving, hold, id, handle: handleOf(id) };
}

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

test('what a process has moved, one of dual reads, writes and lengthens there, and leaves to its user', async () => {
  const { dual, moving, id, handle } = await twoDeployments();
  await moving.storage.read(id);
  const { fields, baseline } = await recordOf(dual, id);
  expect(fields).toEqual({ user: 'ann', cart: 1 });
  expect(await dual.storage.update(handle, draft({ user: 'ann', cart: 2 }, HOUR), baseline)).toBe('stored');
  expect(await dual.storage.update(handle, draft({ user: 'ann', cart: 3 }, HOUR), baseline)).toBe('stored');
  expect(await dual.storage.touch(handle, baseline)).toBe(true);
  expect((await moving.storage.read(id))?.fields).toEqual({ user: 'ann', cart: 3 });
  const [listed] = await moving.storage.list(moving.storage.userKeyOf('ann'));
  expect(listed).toMatchObject({ handle, userKey: moving.storage.userKeyOf('ann') });
});

test('a session that is moved between the two looks of a process of dual is found', async () => {
  const { old, dual, moving, id } = await twoDeployments();
  const { connection } = heldConnection(redis.connection);
  const between: RedisConnection = {
    ...connection,
    async pipeline([ours, ...theirs]) {
      const first = await redis.connection.pipeline(ours === undefined ? [] : [ours]);
      await moving.storage.read(id);
      return [...first, ...(await redis.connection.pipeline(theirs))];
    },
  };
  const migrate = { prefix: old.prefix, mode: 'dual' } as const;
  const { storage } = openStorage(between, { prefix: dual.settings.prefix, migrate });
  expect((await storage.read(id))?.fields).toEqual({ user: 'ann', cart: 1 });
});

test('what a process of dual has read before it was moved, it writes where it was moved to, beside others', async () => {
  const { old, dual, moving, id, handle } = await twoDeployments();
  const { baseline } = await recordOf(dual, id);
  const moved = await recordOf(moving, id);
  await moving.storage.update(handle, draft({ user: 'ann', cart: 1, theirs: true }, HOUR), moved.baseline);
  expect(await dual.storage.update(handle, draft({ user: 'ann', cart: 2 }, HOUR), baseline)).toBe('merged');
  expect((await dual.storage.read(id))?.fields).toEqual({ user: 'ann', cart: 2, theirs: true });
  // Its second write takes away nothing of the others', either.
  expect(await dual.storage.update(handle, draft({ user: 'ann', cart: 3 }, HOUR), baseline)).toBe('merged');
  expect((await moving.storage.read(id))?.fields).toEqual({ user: 'ann', cart: 3, theirs: true });
  expect(await old.get(id)).toBeNull();
  expect(await moving.storage.count(moving.storage.userKeyOf('ann'))).toBe(1);
});

test('what a process of dual has read before it was moved, it lengthens where it was moved to', async () => {
  const { dual, moving, id, handle } = await twoDeployments();
  const { baseline } = await recordOf(dual, id);
  await recordOf(moving, id);
  const key = moving.keys.session(handle);
  await redis.server.cli('PEXPIRE', key, '60000');
  expect(await dual.storage.touch(handle, baseline)).toBe(true);
  expect(Number(await redis.server.cli('PTTL', key))).toBeGreaterThan(HOUR - 60_000);
});

test('what a process of dual writes while a session is moved is not lost', async () => {
  const { old, dual, moving, hold, id, handle } = await twoDeployments();
  const { baseline } = await recordOf(dual, id);
  const removal = hold((keys, script) => script !== undefined && keys[0] === old.prefix + id);
  const read = moving.storage.read(id);
  const held = await removal;
  expect(await dual.storage.update(handle, draft({ user: 'ann', cart: 2 }, HOUR), baseline)).toBe('stored');
  await held.release();
  expect((await read)?.fields).toEqual({ user: 'ann', cart: 2 });
  expect(await old.get(id)).toBeNull();
  expect((await dual.storage.read(id))?.fields).toEqual({ user: 'ann', cart: 2 });
});

test('who finds a session that another process is moving leaves the old one to that', async () => {
  const { old, dual, moving, hold, id, handle } = await twoDeployments();
  const { baseline } = await recordOf(dual, id);
  const removal = hold((keys, script) => script !== undefined && keys[0] === old.prefix + id);
  const read = moving.storage.read(id);
  const held = await removal;
  await dual.storage.update(handle, draft({ user: 'ann', cart: 2 }, HOUR), baseline);
  expect((await moving.storage.read(id))?.fields).toEqual({ user: 'ann', cart: 1 });
  await held.release();
  expect((await read)?.fields).toEqual({ user: 'ann', cart: 2 });
});

test.each(['before', 'while'])(
  'a logout by a process of dual %s it is moved ends it for all',
  async (when) => {
    const { old, dual, moving, hold, id } = await twoDeployments();
    if (when === 'before') await moving.storage.read(id);
    const creation = when === 'while' && hold((_, script) => script === CREATE);
    const read = moving.storage.read(id);
    const held = creation && (await creation);
    expect(await dual.storage.destroy(id, 'logout')).toBe(true);
    if (held) {
      await held.release();
      expect(await read).toBeUndefined();
    }
    for (const { storage } of [dual, moving]) expect(await storage.read(id)).toBeUndefined();
    expect(await old.get(id)).toBeNull();
    expect(dual.events.map(({ type }) => type)).toEqual(['destroyed']);
  },
);

test('a logout after it was moved is not undone by what a process of dual still writes', async () => {
  const { old, dual, moving, id, handle } = await twoDeployments();
  const { baseline } = await recordOf(dual, id);
  await moving.storage.read(id);
  await moving.storage.destroy(id, 'logout');
  expect(await dual.storage.update(handle, draft({ cart: 2 }, HOUR), baseline)).toBe('gone');
  expect(await dual.storage.touch(handle, baseline)).toBe(false);
  expect(await dual.storage.rotate(id, newSessionId(), draft({ cart: 2 }), 0, undefined, baseline)).toBe(
    undefined,
  );
  for (const { storage } of [dual, moving]) expect(await storage.read(id)).toBeUndefined();
  expect(await old.get(id)).toBeNull();
  expect(dual.events).toEqual([{ type: 'dropped', handle, reason: 'gone' }]);
});

test('a process of dual rotates a session that was moved, since it has read it or before', async () => {
  const { dual, moving, id } = await twoDeployments();
  const { baseline } = await recordOf(dual, id);
  await moving.storage.read(id);
  const [second, third] = [newSessionId(), newSessionId()];
  const next = draft({ user: 'ann', cart: 2 }, HOUR);
  expect(await dual.storage.rotate(id, second, next, 0, undefined, baseline)).toBeDefined();
  const there = await recordOf(dual, second);
  expect(await dual.storage.rotate(second, third, next, 0, undefined, there.baseline)).toBeDefined();
  for (const { storage } of [dual, moving]) {
    expect(await storage.read(id)).toBeUndefined();
    expect(await storage.read(second)).toBeUndefined();
    expect((await storage.read(third))?.fields).toEqual({ user: 'ann', cart: 2 });
  }
  expect(dual.events.map(({ type }) => type)).toEqual(['rotated', 'rotated']);
});

test.each([['before it is stored'], ['after it is stored']])(
  'an old id that a process of dual rotates while it is moved, %s, reads nothing any more',
  async (when) => {
    const { old, dual, moving, hold, id } = await twoDeployments();
    const { baseline } = await recordOf(dual, id);
    const reached =
      when === 'before it is stored'
        ? hold((_, script) => script === CREATE)
        : hold((keys, script) => script !== undefined && keys[0] === old.prefix + id);
    const read = moving.storage.read(id);
    const held = await reached;
    const to = newSessionId();
    const next = draft({ user: 'ann', cart: 2 }, HOUR);
    expect(await dual.storage.rotate(id, to, next, 0, undefined, baseline)).toBeDefined();
    await held.release();
    expect(await read).toBeUndefined();
    for (const { storage } of [dual, moving]) {
      expect(await storage.read(id)).toBeUndefined();
      expect((await storage.read(to))?.fields).toEqual({ user: 'ann', cart: 2 });
    }
    expect(await moving.storage.count()).toBe(1);
  },
);

test('a process of dual that loses Redis behind a rotation has rotated', async () => {
  const { old, dual, id } = await twoDeployments();
  const { connection, hold } = heldConnection(redis.connection);
  const migrate = { prefix: old.prefix, mode: 'dual' } as const;
  const { storage } = openStorage(connection, { prefix: dual.settings.prefix, migrate });
  const { baseline } = await recordOf({ storage }, id);
  const held = hold((_, script) => script === DESTROY);
  const to = newSessionId();
  const rotated = storage.rotate(id, to, draft({ user: 'ann', cart: 2 }, HOUR), 0, undefined, baseline);
  (await held).fail(new RedisUnavailableError('default', 'away'));
  expect(await rotated).toBeDefined();
  expect((await dual.storage.read(to))?.fields).toEqual({ user: 'ann', cart: 2 });
});

test('a session that a process of dual has no key for is none to it, and stays what it is', async () => {
  const { dual, moving, id, handle } = await twoDeployments({
    encryption: { keys: [{ id: 'k1', key: Buffer.alloc(32, 1) }] },
  });
  const { baseline } = await recordOf(dual, id);
  await moving.storage.read(id);
  expect(await dual.storage.read(id)).toBeUndefined();
  expect(await dual.storage.update(handle, draft({ cart: 2 }, HOUR), baseline)).toBe('gone');
  expect((await moving.storage.read(id))?.fields).toEqual({ user: 'ann', cart: 1 });
  expect(dual.events).toEqual([{ type: 'dropped', handle, reason: 'gone' }]);
});

test('with dual, sessions of both kinds are counted, walked and cleared', async () => {
  const { dual, moving, id } = await twoDeployments();
  const stays = newSessionId();
  await dual.storage.create(stays, draft({ cart: 3 }, HOUR));
  await moving.storage.read(id);
  expect(await dual.storage.count()).toBe(2);
  const handles: string[] = [];
  for await (const handle of dual.storage.handles()) handles.push(handle);
  expect(handles.sort()).toEqual([id, stays].map(handleOf).sort());
  await dual.storage.clear();
  for (const one of [id, stays]) expect(await dual.storage.read(one)).toBeUndefined();
  expect(await dual.storage.count()).toBe(0);
});
