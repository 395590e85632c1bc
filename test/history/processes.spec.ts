import { expect, it, onTestFinished } from 'vitest';
import { checkHistory, told } from '../support/history/checker.js';
import { moment, ms } from '../support/history/moment.js';
import { begin, NodeProcess, troubleProcesses } from '../support/history/processes.js';
import { chosenSeed, Random } from '../support/history/random.js';
import type { HistoryRecord, NodeTraits } from '../support/history/record.js';
import { startRedis } from '../support/redis-server.js';

const seed = chosenSeed();
const BOUNDS = { delay: ms(1_100), patience: ms(8_000) };

it(`processes, seed ${seed}`, async () => {
  const redis = await startRedis();
  const data = await startRedis();
  onTestFinished(async () => {
    await redis.stop();
    await data.stop();
  });
  const records: HistoryRecord[] = [];
  const nodes: NodeTraits[] = [];
  const record = (one: HistoryRecord): void => void records.push(one);
  let count = 0;
  const start = async (): Promise<NodeProcess> => {
    const cache = [{ memory: {} }, { memory: {}, stale: { revalidate: 100 } }, {}][count % 3];
    const one = new NodeProcess(
      {
        name: `p${++count}`,
        url: redis.url,
        directUrl: redis.url,
        databasePort: data.port,
        keyPrefix: 'h',
        seed,
        cache: cache ?? {},
      },
      record,
    );
    nodes.push(one);
    await one.started();
    return one;
  };
  const processes = await Promise.all([start(), start(), start()]);
  const until = moment() + ms(4_000);
  await begin(data, until);
  await troubleProcesses(processes, start, { random: new Random(seed, 'processes'), until, record });
  const wrong = (await Promise.all(processes.map((one) => one.ended()))).flat();
  console.log(
    records.length,
    nodes
      .map((n) => n.name + ' ' + records.filter((r) => r.type !== 'fault' && r.node === n.name).length)
      .join(', '),
    records
      .filter((r) => r.type === 'fault')
      .map((r) => r.name)
      .join(),
  );
  expect(told(checkHistory({ nodes, records }, BOUNDS))).toBe('');
  expect(wrong).toEqual([]);
}, 60_000);
