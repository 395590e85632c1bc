import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { KeySpace } from '../../src/key/key-space.js';
import { redisLocks } from '../../src/lock/redis-locks.js';
import type { Coherence, Fill, LoadEnd } from '../../src/store/coherence.js';
import type { StoreWrite } from '../../src/store/store.js';
import { connectTo, SharedRedis } from './redis-caches.js';
import { storeOn } from './redis-stores.js';

const redis = new SharedRedis();
const MINUTE = 60_000;
const put = (key: string, value: unknown, tags: string[] = []): StoreWrite => ({
  key,
  value,
  ttl: MINUTE,
  grace: MINUTE,
  tags,
});

/** The rights that the reference says are needed, as they stand there. */
async function rightsOfThePage(): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, '../../docs/reference/keys.md'), 'utf8');
  const command = /^ACL SETUSER app on >password (.*?)^```/ms.exec(page)?.[1] ?? '';
  return command.trim().split(/\s+/);
}

function fillAll(coherence: Coherence, fills: readonly Fill[]): Promise<LoadEnd[]> {
  return coherence.fill(fills);
}

/** Everything that a store and locks can be asked for. */
async function useAll(connection: ManagedConnection): Promise<void> {
  const space = KeySpace.of({ keyPrefix: 'cache', cache: 'c', version: undefined });
  const { store } = storeOn(connection, { space });
  const part = store.namespace('part');
  await store.write([put('a', 1), put('b', 2, ['tag'])], 'set');
  expect(await part.write([put('c', 3, ['tag', 'new'])], 'add')).toEqual([true]);
  expect((await store.read(['a', 'b'])).map((one) => one?.value)).toEqual([1, 2]);
  const eight = await store.read(Array.from({ length: 8 }, () => 'a'));
  expect(eight).toHaveLength(8);
  expect(await store.increment('b', 1, { initial: 0, ttl: null })).toBe(3);
  expect(await store.touch('a', 2 * MINUTE)).toBe(true);
  expect(await store.touch('b', null)).toBe(true);
  expect(await store.ttl('a')).toBeGreaterThan(MINUTE);
  expect(await store.coherence.expire('a')).toBe(true);
  const { coherence } = store;
  const [claim] = await coherence.acquire([{ key: 'loaded', tags: ['tag'], anew: false }]);
  if (claim?.state !== 'held') throw new Error('The lease was not acquired.');
  expect(await coherence.renew([claim.lease])).toEqual([true]);
  const loaded = { lease: claim.lease, write: put('loaded', 4, ['tag', 'late']) };
  expect(await fillAll(coherence, [loaded])).toEqual([{ stored: true, current: true }]);
  const [again] = await coherence.acquire([{ key: 'loaded', tags: [], anew: true }]);
  if (again?.state === 'held') await coherence.release([again.lease], 100);
  await coherence.invalidateTags(['tag']);
  const barrier = await coherence.bar({ keys: ['a'], tags: ['tag'] }, MINUTE);
  await barrier.renew();
  await barrier.lift();
  expect(await store.delete(['a', 'loaded', 'missing'])).toBe(1);
  for await (const key of store.keys('*')) expect(key).toBe('b');
  await part.clear();
  await store.clear();
  expect(await store.reclaim()).toBeGreaterThan(0);
  const locks = redisLocks({ connection, space, clock: systemClock });
  await (await locks.lock('lock')).release();
  await store.close();
}

async function connectAs(rights: readonly string[]): Promise<ManagedConnection> {
  await redis.server.cli('ACL', 'SETUSER', 'app', 'reset', 'on', '>password', '~test:probe', ...rights);
  return (await connectTo(redis.server.url.replace('//', '//app:password@'))).connection;
}

it('the rights that the reference lists are enough for every method', async () => {
  const rights = await rightsOfThePage();
  expect(rights.length).toBeGreaterThan(15);
  const connection = await connectAs(rights);
  try {
    await useAll(connection);
  } finally {
    await connection.close();
  }
});

it('and none of them is there for nothing', async () => {
  const rights = await rightsOfThePage();
  // Counters of stores with bare JSON, EVAL for a server that has forgotten a script; both have tests of their own.
  const elsewhere = ['~cache:*', '+incrby', '+eval', '+evalsha', '+get'];
  for (const right of rights.filter((one) => !elsewhere.includes(one))) {
    await redis.server.cli('FLUSHALL');
    const connection = await connectAs(rights.filter((one) => one !== right));
    await expect(useAll(connection), right).rejects.toThrow(/NOPERM|no permissions|can't run this command/);
    await connection.close();
  }
});
