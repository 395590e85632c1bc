import { afterAll, beforeAll, expect, it, describe } from 'vitest';
import { checkHistory, told } from '../support/history/checker.js';
import { memoryDatabase } from '../support/history/database.js';
import { FAULTS, goWrong, type FaultName } from '../support/history/faults.js';
import { JumpingClock } from '../support/history/jumping-clock.js';
import { ms } from '../support/history/moment.js';
import { ownNode } from '../support/history/own-node.js';
import { chosenSeed, Random } from '../support/history/random.js';
import { runHistory } from '../support/history/run-history.js';
import { TcpProxy } from '../support/history/tcp-proxy.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

const seed = chosenSeed();
const SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 3);
let redis: RedisServer;
let proxy: TcpProxy;
beforeAll(async () => {
  redis = await startRedis({ config: { appendonly: 'yes', appendfsync: 'no' } });
  proxy = await TcpProxy.open(redis.port);
});
afterAll(async () => {
  await proxy.close();
  await redis.stop();
});
const BOUNDS = { delay: ms(1_100), patience: ms(8_000) };
let runs = 0;

async function run(faults: readonly FaultName[], pause = 300) {
  const keyPrefix = `h${++runs}`;
  const clocks = [new JumpingClock(), new JumpingClock(), new JumpingClock(), new JumpingClock()];
  const make = (name: string, index: number, cache: object) =>
    ownNode({ name, url: proxy.url, keyPrefix, clock: clocks[index]!, cache });
  const nodes = await Promise.all([
    make('plain', 0, {}),
    make('tier', 1, { memory: {} }),
    make('other', 2, { memory: {}, stale: { revalidate: 100, error: 500 } }),
    make('throwing', 3, { stale: { revalidate: 50 } }),
  ]);
  const site = { redis, proxy, clocks, remembering: ['tier', 'other'] };
  const history = await runHistory({
    nodes,
    database: memoryDatabase(),
    seed,
    time: SECONDS * 1_000,
    workers: 3,
    ...(faults.length === 0
      ? {}
      : {
          faults: (until, record) =>
            goWrong(site, { names: faults, random: new Random(seed, 'faults'), until, record, pause }),
        }),
  });
  const reads = history.records.filter((r) => r.type === 'read');
  const peeks = reads.filter((r) => r.operation === 'peek');
  console.log(
    faults.join(','),
    history.records.length,
    'reads',
    reads.length,
    'misses',
    reads.filter((r) => !r.value).length,
    'peeks',
    peeks.length,
    'hits',
    peeks.filter((r) => r.value).length,
    'loads',
    history.records.filter((r) => r.type === 'load').length,
    'writes',
    history.records.filter((r) => r.type === 'write').length,
    'acked',
    history.records.filter((r) => r.type === 'write' && r.acknowledged).length,
    'slowest',
    Math.max(...reads.map((r) => r.end - r.start)) / 1000,
  );
  const text = told(checkHistory(history, BOUNDS));
  for (const node of nodes) await node.close();
  expect(text).toBe('');
}

describe(`seed ${seed}`, () => {
  it('healthy', () => run([]), 60_000);
  it.each(Object.keys(FAULTS) as FaultName[])(
    '%s',
    (name) => run([name], name.includes('evict') ? 5 : 300),
    60_000,
  );
  it('all', () => run(Object.keys(FAULTS) as FaultName[], 500), 60_000);
});
