import { expect, it } from 'vitest';
import type { StoreWrite } from '../../src/store/store.js';
import { isReclaiming } from '../../src/store/store.js';
import { FakeClock } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { SharedRedis } from './redis-caches.js';
import { commandsOf } from './redis-commands.js';
import { storeOn } from './redis-stores.js';

const redis = new SharedRedis();

const put = (key: string): StoreWrite => ({ key, value: key, ttl: 3_600_000, tags: ['tag'] });
const some = (count: number, name: string): StoreWrite[] =>
  Array.from({ length: count }, (_, at) => put(`${name}:${at}`));
const entriesBelow = async (prefix: string): Promise<number> =>
  ((await redis.server.cli('KEYS', `${prefix}*`)) as string[]).length;

it('takes away what was cleared, and nothing else', async () => {
  const { store, entry } = storeOn(redis.connection);
  const part = store.namespace('part');
  const inner = part.namespace('inner');
  const root = entry('').slice(0, entry('').indexOf('{'));
  await store.write(some(300, 'old'), 'set');
  await part.write([put('part')], 'set');
  await inner.write([put('inner'), put('more')], 'set');
  await store.clear();
  await redis.server.cli('SET', `${root}{foreign}`, 'a value of another program');
  await redis.server.cli('COPY', entry('old:7'), `${root}foreign`);
  await store.write([put('new'), put('old:7')], 'set');
  await inner.write([put('new')], 'set');
  expect(isReclaiming(store) && (await store.reclaim())).toBe(302);
  expect(await entriesBelow(root)).toBe(5);
  expect((await store.read(['new', 'old:7', 'old:8'])).map((one) => one?.value)).toEqual([
    'new',
    'old:7',
    undefined,
  ]);
  expect((await inner.read(['new']))[0]?.value).toBe('new');
  expect(await store.reclaim()).toBe(0);
});

it('of a part leaves the rest alone', async () => {
  const { store, space } = storeOn(redis.connection);
  const part = store.namespace('part');
  await store.write([put('key')], 'set');
  await part.write([put('key')], 'set');
  await part.namespace('inner').write([put('key')], 'set');
  await store.clear();
  expect(isReclaiming(part) && (await part.reclaim())).toBe(2);
  expect(await redis.server.cli('EXISTS', space.entryKey('key'))).toBe(1);
  expect(await store.reclaim()).toBe(1);
});

it('walks in steps of 128 with pauses, and stops when it is aborted', async () => {
  const clock = new FakeClock();
  const { store, entry } = storeOn(redis.connection, { clock });
  const root = entry('').slice(0, entry('').indexOf('{'));
  await store.write(some(1_000, 'old'), 'set');
  await store.clear();
  const abort = new AbortController();
  let removed: number | undefined;
  const counts = await commandsOf(redis.server, async () => {
    const reclaimed = store.reclaim(abort.signal).then((count) => (removed = count));
    await eventually(async () => expect(await entriesBelow(root)).toBeLessThan(1_000));
    // It rests: only time makes it go on.
    const left = await entriesBelow(root);
    await redis.connection.request({ key: root, args: ['PING'] });
    expect(await entriesBelow(root)).toBe(left);
    abort.abort();
    await eventually(async () => {
      clock.advance(1_000);
      expect(removed).toBeDefined();
    });
    await reclaimed;
  });
  expect(removed).toBeLessThanOrEqual(128);
  expect(removed).toBe(1_000 - (await entriesBelow(root)));
  expect(counts).toMatchObject({ evalsha: 1, mget: 1 });
});
