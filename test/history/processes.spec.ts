import { expect, it, onTestFinished } from 'vitest';
import { checkHistory, told } from '../support/history/checker.js';
import { moment, ms } from '../support/history/moment.js';
import { begin, NodeProcess, troubleProcesses } from '../support/history/processes.js';
import { chosenSeed, Random } from '../support/history/random.js';
import type { HistoryRecord } from '../support/history/record.js';
import { startRedis } from '../support/redis-server.js';

const seed = chosenSeed();

it(`processes that stand still and are killed see nothing that was invalidated (HISTORY_SEED=${seed})`, async () => {
  const [redis, data] = await Promise.all([startRedis(), startRedis()]);
  onTestFinished(async () => {
    await redis.stop();
    await data.stop();
  });
  const records: HistoryRecord[] = [];
  const record = (one: HistoryRecord): void => void records.push(one);
  const own = { url: redis.url, directUrl: redis.url, databasePort: data.port, keyPrefix: 'history', seed };
  const nodes = [{ memory: {} }, { memory: {}, stale: { revalidate: 100 } }, {}].map(
    (cache, index) => new NodeProcess({ ...own, name: `process ${index}`, cache }, record),
  );
  await Promise.all(nodes.map((one) => one.started()));
  const until = moment() + ms(3_500);
  await begin(data, until);
  const alive = [...nodes];
  await troubleProcesses(alive, undefined, { random: new Random(seed, 'processes'), until, record });
  const wrong = await Promise.all(alive.map((one) => one.ended()));
  const bounds = { delay: ms(1_100), patience: ms(10_000) };
  expect(told(checkHistory({ nodes, records }, bounds))).toBe('');
  expect(wrong.flat()).toEqual([]);
  const reads = records.filter((one) => one.type === 'read');
  expect(new Set(reads.map(({ node }) => node)).size).toBeGreaterThanOrEqual(alive.length);
}, 90_000);
