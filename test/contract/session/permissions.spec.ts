import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { newSessionId, handleOf } from '../../../src/session/record/session-ids.js';
import { connectTo, SharedRedis } from '../redis-caches.js';
import { draft, openStorage, recordOf, stored } from './session-storages.js';

const redis = new SharedRedis();

/** The rights that the reference says sessions need, as they stand there. */
async function rightsOfThePage(): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, '../../../docs/reference/keys.md'), 'utf8');
  const [, sessions = ''] = page.split('\n## Sessions\n');
  const command = /^ACL SETUSER app on >password (.*?)^```/ms.exec(sessions)?.[1] ?? '';
  return command.trim().split(/\s+/);
}

async function connectAs(rights: readonly string[]): Promise<ManagedConnection> {
  await redis.server.cli('ACL', 'SETUSER', 'app', 'reset', 'on', '>password', '~test:probe', ...rights);
  return (await connectTo(redis.server.url.replace('//', '//app:password@'))).connection;
}

/** Everything that a storage of sessions can be asked for. */
async function useAll(connection: ManagedConnection): Promise<void> {
  const opened = openStorage(connection, { prefix: 'session', maxPerUser: 3 });
  const { storage, keys } = opened;
  const id = await stored(opened, { user: 'ann', a: 1 });
  const [one, other] = [await recordOf(opened, id), await recordOf(opened, id)];
  const handle = handleOf(id);
  expect(await storage.update(handle, draft({ user: 'ann', a: 2 }), one.baseline)).toBe('stored');
  expect(await storage.update(handle, draft({ user: 'ann', a: 1, b: 1 }), other.baseline)).toBe('merged');
  const third = await recordOf(opened, id);
  expect(await storage.update(handle, draft({ user: 'bob' }, 60_000), third.baseline)).toBe('stored');
  expect(await storage.touch(handle, third.baseline)).toBe(true);
  const to = newSessionId();
  expect(await storage.rotate(id, to, draft({ user: 'ann' }), 1_000)).toBeDefined();
  for (let more = 0; more < 3; more++) await stored(opened, { user: 'ann' });
  const ann = storage.userKeyOf('ann');
  expect(await storage.list(ann)).toHaveLength(3);
  expect([await storage.count(), await storage.count(ann)]).toEqual([3, 3]);
  const attempt = await storage.beginLogin(ann);
  expect(await storage.endAll(ann)).toBe(3);
  await expect(storage.create(newSessionId(), draft({ user: 'ann' }), { login: attempt })).rejects.toThrow();
  const spoilt = await stored(opened);
  await redis.server.cli('HSET', keys.session(handleOf(spoilt)), 'd', 'no JSON');
  expect(await storage.read(spoilt)).toBeUndefined();
  expect(await storage.destroy(await stored(opened), 'logout')).toBe(true);
  await stored(opened);
  for await (const found of storage.handles()) expect(found).toHaveLength(43);
  await storage.clear();
  await storage.close();
}

it('the rights that the reference lists for sessions are enough', async () => {
  const rights = await rightsOfThePage();
  expect(rights.length).toBeGreaterThan(20);
  const connection = await connectAs(rights);
  try {
    await useAll(connection);
  } finally {
    await connection.close();
  }
});
