import type { CacheOptions } from '../../../src/cache/cache-options.js';
import { eventually } from '../eventually.js';
import type { RedisServer } from '../redis-server.js';
import { wrongAtRest } from './at-rest.js';
import { memoryDatabase } from './database.js';
import { goWrong, type FaultName } from './faults.js';
import { JumpingClock } from './jumping-clock.js';
import { ownNode } from './own-node.js';
import { Random } from './random.js';
import type { History } from './record.js';
import { runHistory } from './run-history.js';
import type { TcpProxy } from './tcp-proxy.js';

/** What nodes of a history differ in, by their names. */
export type NodeCaches = Readonly<Record<string, CacheOptions>>;

/** The nodes of a history in one process: with a memory and without one, with stale values and without them. */
const CACHES: NodeCaches = {
  plain: {},
  stale: { stale: { revalidate: 50, error: 500 } },
  tier: { memory: {} },
  'stale tier': { memory: {}, stale: { revalidate: 100 } },
};

/** What came of a history. */
export interface Outcome {
  readonly history: History;
  /** What does not hold when all is quiet. */
  readonly wrong: readonly string[];
}

/** What a history of ours is made with. */
export interface OwnHistoryOptions {
  readonly redis: RedisServer;
  readonly proxy: TcpProxy;
  /** One that no other history has. */
  readonly keyPrefix: string;
  readonly seed: number;
  /** How long it lasts, in milliseconds. */
  readonly time: number;
  readonly faults?: readonly FaultName[];
  /** The longest pause between two faults, in milliseconds. */
  readonly pause?: number;
  /** Default: one of each kind. */
  readonly caches?: NodeCaches;
  /** The name and the password of the nodes' user. */
  readonly user?: string;
}

/** Lets all kinds of nodes of ours work in this process for a while. */
export async function ownHistory(options: OwnHistoryOptions): Promise<Outcome> {
  const { redis, proxy, keyPrefix, seed, time, faults: names = [], pause = 200, caches = CACHES } = options;
  const url = options.user === undefined ? proxy.url : proxy.url.replace('//', `//${options.user}@`);
  const clocks = Object.keys(caches).map(() => new JumpingClock());
  const nodes = await Promise.all(
    Object.entries(caches).map(([name, cache], index) =>
      ownNode({ name, url, keyPrefix, cache, clock: clocks[index] as JumpingClock }),
    ),
  );
  const behind = await ownNode({ name: 'behind', url: redis.url, keyPrefix });
  const remembering = nodes.filter((node) => node.remembers).map(({ name }) => name);
  const history = await runHistory({
    nodes,
    database: memoryDatabase(),
    seed,
    time,
    workers: 3,
    async faults(until, record) {
      const random = new Random(seed, 'faults');
      const site = { redis, proxy, clocks, remembering };
      if (names.length > 0) await goWrong(site, { names, random, until, record, pause });
    },
  });
  const wrong: string[] = [];
  for (const node of nodes) wrong.push(...(await wrongAtRest(node, behind, history.records)));
  for (const node of [...nodes, behind]) await node.close();
  const left = (): void => {
    const timers = clocks.reduce((sum, { pending }) => sum + pending, 0);
    if (timers > 0) throw new Error(`${timers} timers are left`);
  };
  await eventually(left, { timeout: 8_000 }).catch((error: Error) => wrong.push(error.message));
  return { history, wrong };
}
