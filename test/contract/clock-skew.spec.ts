import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { resolveConnectionOptions } from '../../src/connection/resolve-connection-options.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { standaloneConnection } from '../../src/connection/standalone.js';
import { FakeClock, openCaches, RecordingReporter } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { SharedRedis } from './redis-caches.js';
import { storeOn } from './redis-stores.js';

const DAY = 86_400_000;
const redis = new SharedRedis();

it('in memory, a jump of the wall clock neither ends nor prolongs an entry', async () => {
  const clock = new FakeClock();
  const cache = await openCaches({ store: 'memory', clock }).cache();
  await cache.set('key', 'value', '10s');
  clock.jumpTo(clock.now() + DAY);
  expect(await cache.get('key')).toBe('value');
  expect(await cache.remainingTtl('key')).toBe(10_000);
  clock.jumpTo(clock.now() - 2 * DAY);
  expect(await cache.remainingTtl('key')).toBe(10_000);
  clock.advance(10_000);
  expect(await cache.get('key')).toBeUndefined();
});

it('on Redis, processes whose clocks differ by a day agree on what has expired', async () => {
  const on = (skew: number) =>
    openCaches({
      store: 'redis',
      clock: new FakeClock(Date.now() + skew),
      keyPrefix: 'skew',
      connections: new Map([['default', redis.connection]]),
    }).cache();
  const [behind, ahead] = [await on(-DAY), await on(DAY)];
  await behind.set('old', 1, '10s');
  await ahead.set('new', 2, '10s');
  expect(await ahead.get('old')).toBe(1);
  expect(await behind.get('new')).toBe(2);
  for (const cache of [behind, ahead]) {
    for (const key of ['old', 'new']) {
      const left = await cache.remainingTtl(key);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(10_000);
    }
  }
  await ahead.clear();
  expect(await behind.get('old')).toBeUndefined();
});

/** A connection of a machine whose wall clock is wrong. */
async function connectionAt(skew: number): Promise<ManagedConnection> {
  const raw = { url: redis.server.url, deadline: 5_000, connect: 'required' } as const;
  const resolved = resolveConnectionOptions('default', raw, 'connection');
  if (resolved.kind !== 'standalone') throw new Error('A URL leads to one server.');
  const clock = { ...systemClock, now: () => systemClock.now() + skew };
  const context = { reporter: new RecordingReporter(), probeKey: 'test:probe', clock };
  const connection = standaloneConnection(resolved, context);
  await connection.start();
  await eventually(() => expect(Math.abs(connection.now() - systemClock.now())).toBeLessThan(5_000));
  return connection;
}

it('on Redis, machines whose clocks differ by a day agree on what is stale', async () => {
  const connections = [await connectionAt(-DAY), await connectionAt(DAY)] as const;
  const [behind, ahead] = connections;
  try {
    const { store, again, entry } = storeOn(behind);
    const other = again({ connection: ahead });
    const written = { value: 1, ttl: 10_000, grace: DAY };
    await store.write([{ key: 'old', ...written }], 'set');
    await other.write([{ key: 'new', ...written }], 'set');
    for (const one of [store, other]) {
      const entries = await one.read(['old', 'new']);
      for (const found of entries) {
        expect(found?.value).toBe(1);
        expect(found).not.toHaveProperty('staleFor');
        expect(Math.abs((found?.createdAt as number) - systemClock.now())).toBeLessThan(10_000);
      }
      expect(await one.write([{ key: 'old', value: 2, ttl: 10_000 }], 'add')).toEqual([false]);
      expect(await one.touch('new', 20_000)).toBe(true);
      expect(await one.ttl('new')).toBeGreaterThan(10_000);
    }
    // Its grace is what it was, whoever has touched it.
    const left = Number(await redis.server.cli('PTTL', entry('new')));
    expect(Math.abs(left - DAY - 20_000)).toBeLessThan(10_000);
  } finally {
    await Promise.all(connections.map((one) => one.close()));
  }
});
