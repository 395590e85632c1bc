import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { CacheScope } from '../../../src/cache/cache-scope.js';
import { CacheCounters } from '../../../src/cache/cache-stats.js';
import { Flights } from '../../../src/cache/flights.js';
import { heardChanges } from '../../../src/cache/heard-changes.js';
import { NamedCache } from '../../../src/cache/named-cache.js';
import { NO_TIMEOUT } from '../../../src/cache/timeout-options.js';
import { systemClock, type Clock } from '../../../src/clock.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../../src/connection/standalone.js';
import { createReporter } from '../../../src/event/reporter.js';
import { KeySpace } from '../../../src/key/key-space.js';
import { redisLocks } from '../../../src/lock/redis-locks.js';
import { memoryTier, type MemoryTier } from '../../../src/store/memory-tier.js';
import { redisStore } from '../../../src/store/redis-store.js';
import { plainCodec } from '../../contract/contract-codec.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const ROUNDS = 50;
const OPERATIONS = 20_000;
const KEYS = 200;

/** A clock that knows how many timers wait. */
class CountingClock implements Clock {
  waiting = 0;
  readonly now = (): number => systemClock.now();
  readonly monotonic = (): number => systemClock.monotonic();
  readonly afterInput = (callback: () => void): void => systemClock.afterInput(callback);

  schedule(delay: number, callback: () => void, awake?: boolean): () => void {
    this.waiting += 1;
    let over = false;
    const end = (): void => {
      if (!over) this.waiting -= 1;
      over = true;
    };
    const cancel = systemClock.schedule(delay, () => (end(), callback()), awake);
    return () => (end(), cancel());
  }
}

interface Node {
  readonly cache: NamedCache;
  readonly flights: Flights;
  readonly tier: MemoryTier;
  readonly clock: CountingClock;
  readonly connection: ManagedConnection;
  close(): Promise<void>;
}

async function startNode(url: string): Promise<Node> {
  const clock = new CountingClock();
  const reporter = createReporter();
  const resolved = resolveConnectionOptions(
    'default',
    { url, deadline: 10_000, connect: 'required' },
    'connection',
  );
  if (resolved.kind !== 'standalone') throw new Error('A URL leads to one server.');
  const connection = standaloneConnection(resolved, { reporter, clock, probeKey: 'leak:probe' });
  await connection.start();
  const space = KeySpace.of({ keyPrefix: 'leak', cache: 'default', version: undefined });
  const flights = new Flights();
  const tier = memoryTier({
    space,
    clock,
    codec: plainCodec,
    channel: connection.changes,
    bounds: { max: 1_000, maxBytes: 10_000_000 },
    ttl: null,
    now: () => connection.now(),
    changed: heardChanges(flights),
  });
  const store = redisStore({
    cache: 'default',
    space,
    codec: plainCodec,
    clock,
    connection,
    tier,
    unreadable: () => undefined,
  });
  const context = {
    ttl: 60_000,
    jitter: 0.05,
    stale: { revalidate: 1_000, error: 1_000 },
    timeout: NO_TIMEOUT,
    grace: 1_000,
    onError: 'open',
    clock,
    reporter,
    codec: plainCodec,
    flights,
    locks: redisLocks({ connection, space, clock }),
    counters: new CacheCounters(),
  } as const;
  const close = async (): Promise<void> => {
    await store.close();
    await connection.close();
  };
  return {
    cache: new NamedCache(new CacheScope('default', store, context)),
    flights,
    tier,
    clock,
    connection,
    close,
  };
}

/** One in two hundred operations changes something: the rest are hits of memory, as in an application. */
function operation({ cache }: Node, index: number): Promise<unknown> {
  const key = `key${index % KEYS}`;
  const tags = [`tag${index % 10}`];
  switch (index % 200) {
    case 10:
      return cache.set(key, { index }, { tags });
    case 40:
      return cache.del(key);
    case 70:
      return cache.invalidateTags(tags);
    case 100:
      return index % 2_000 === 100 ? cache.clear() : cache.expire(key);
    case 130:
      return cache.mutate({ keys: [key], tags }, () => undefined);
    case 150:
      return index % 4_000 === 150 ? cache.withLock(key, () => undefined) : cache.touch(key, '1m');
    case 170:
      return cache.getOrSetMany(
        [key, `${key}b`],
        async (missing) => new Map(missing.map((one) => [one, index])),
      );
    case 190:
      return cache
        .getOrSet(`failing${index}`, () => Promise.reject(new Error('told to')))
        .catch(() => undefined);
    default:
      return index % 2 === 0 ? cache.get(key) : cache.getOrSet(key, async () => ({ index }), { tags });
  }
}

/** Ends the connections on which Redis tells of changes. */
async function killChannels(server: RedisServer): Promise<number> {
  const clients = String(await server.cli('CLIENT', 'LIST')).split('\n');
  const ids = clients
    .filter((line) => / flags=\w*B/.test(line))
    .map((line) => /id=(\d+)/.exec(line)?.[1] as string);
  for (const id of ids) await server.cli('CLIENT', 'KILL', 'ID', id);
  return ids.length;
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

it('after a million operations and a hundred lost channels of two processes nothing is left', async () => {
  const server = await startRedis();
  const nodes = [await startNode(server.url), await startNode(server.url)];
  let losses = 0;
  let settled = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await eventually(() => {
      for (const { connection } of nodes) expect(connection.changes.trusted).toBe(true);
    });
    const running: Promise<unknown>[] = [];
    for (let index = 0; index < OPERATIONS; index++) {
      running.push(operation(nodes[index % 2] as Node, round * OPERATIONS + index));
      if (running.length === 500) await Promise.all(running.splice(0));
      if (index === OPERATIONS / 2) losses += await killChannels(server);
    }
    await Promise.all(running);
    if (round === 9) settled = heapUsed();
  }
  expect(losses).toBeGreaterThanOrEqual(100);
  await eventually(() => {
    for (const { flights, tier } of nodes) {
      expect(flights.size).toBe(0);
      expect(tier.sizes()).toMatchObject({ looks: 0, touched: 0, watched: 0 });
      expect(tier.sizes().entries).toBeLessThanOrEqual(2 * KEYS);
    }
  });
  expect(heapUsed() - settled).toBeLessThan(5_000_000);
  for (const { close } of nodes) await close();
  await eventually(() => expect(nodes.map(({ clock }) => clock.waiting)).toEqual([0, 0]));
  expect(
    String(await server.cli('CLIENT', 'LIST'))
      .trim()
      .split('\n'),
  ).toHaveLength(1);
  await server.stop();
}, 240_000);
