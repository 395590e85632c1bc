import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkHistory, told } from '../support/history/checker.js';
import { memoryDatabase } from '../support/history/database.js';
import { ms } from '../support/history/moment.js';
import { naiveNode, publishingNode } from '../support/history/naive-nodes.js';
import { ownNode } from '../support/history/own-node.js';
import { chosenSeed } from '../support/history/random.js';
import { runHistory } from '../support/history/run-history.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

const seed = chosenSeed();
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
const BOUNDS = { delay: ms(1_100), patience: ms(8_000) };

it(`ours, seed ${seed}`, async () => {
  const names = ['a', 'b', 'c'];
  const nodes = await Promise.all(
    names.map((name) =>
      ownNode({ name, url: redis.url, keyPrefix: 'own', cache: { stale: { revalidate: 100 } } }),
    ),
  );
  const history = await runHistory({ nodes, database: memoryDatabase(), seed, time: 3_000 });
  console.log(history.records.length);
  expect(told(checkHistory(history, BOUNDS))).toBe('');
  for (const node of nodes) await node.close();
});

for (const make of [naiveNode, publishingNode]) {
  it(`${make.name}, seed ${seed}`, async () => {
    const names = ['a', 'b', 'c'];
    const nodes = await Promise.all(
      names.map((name) => make({ name, url: redis.url, keyPrefix: make.name })),
    );
    const history = await runHistory({ nodes, database: memoryDatabase(), seed, time: 3_000 });
    console.log(history.records.length);
    expect(told(checkHistory(history, { ...BOUNDS, delay: ms(1_100) }))).toBe('');
    for (const node of nodes) await node.close();
  });
}
