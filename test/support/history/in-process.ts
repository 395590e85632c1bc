import { afterAll, beforeAll } from 'vitest';
import type { CacheOptions } from '../../../src/cache/cache-options.js';
import { eventually } from '../eventually.js';
import { startRedis, type RedisServer } from '../redis-server.js';
import { wrongAtRest } from './at-rest.js';
import { memoryDatabase } from './database.js';
import { goWrong, type FaultName } from './faults.js';
import { JumpingClock } from './jumping-clock.js';
import { ownNode } from './own-node.js';
import { Random } from './random.js';
import type { History } from './record.js';
import { runHistory } from './run-history.js';
import { TcpProxy } from './tcp-proxy.js';

/** The nodes of a history in one process: with a memory and without one, with stale values and without them. */
const CACHES: Readonly<Record<string, CacheOptions>> = {
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

/** A server that keeps what it has acknowledged, and a way to it on which things go wrong, for the tests of a file. */
export class Playground {
  #redis: RedisServer | undefined;
  #proxy: TcpProxy | undefined;
  #histories = 0;

  constructor() {
    beforeAll(async () => {
      // What is written to the file before it is acknowledged outlives the process, flushed to the disk or not.
      this.#redis = await startRedis({ config: { appendonly: 'yes', appendfsync: 'no' } });
      this.#proxy = await TcpProxy.open(this.#redis.port);
    });
    afterAll(async () => {
      await this.#proxy?.close();
      await this.#redis?.stop();
    });
  }

  get redis(): RedisServer {
    if (this.#redis === undefined) throw new Error('The server is not started yet.');
    return this.#redis;
  }

  /** A prefix of keys that no other history has. */
  keyPrefix(): string {
    return `history${++this.#histories}`;
  }

  /** Lets all kinds of nodes work for a while, some milliseconds. */
  async run(options: {
    readonly seed: number;
    readonly time: number;
    readonly faults?: readonly FaultName[];
    /** The longest pause between two faults. */
    readonly pause?: number;
  }): Promise<Outcome> {
    const { seed, time, faults = [], pause = 200 } = options;
    const { redis } = this;
    const proxy = this.#proxy as TcpProxy;
    const keyPrefix = this.keyPrefix();
    const clocks = Object.keys(CACHES).map(() => new JumpingClock());
    const nodes = await Promise.all(
      Object.entries(CACHES).map(([name, cache], index) =>
        ownNode({ name, url: proxy.url, keyPrefix, cache, clock: clocks[index] as JumpingClock }),
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
        if (faults.length > 0) await goWrong(site, { names: faults, random, until, record, pause });
      },
    });
    const wrong: string[] = [];
    for (const node of nodes) wrong.push(...(await wrongAtRest(node, behind, history.records)));
    for (const node of [...nodes, behind]) await node.close();
    const left = (): void => {
      const timers = clocks.reduce((sum, { pending }) => sum + pending, 0);
      if (timers > 0) throw new Error(`${timers} timers are left`);
    };
    await eventually(left).catch((error: Error) => wrong.push(error.message));
    return { history, wrong };
  }

  /** The leases and barriers that are in Redis. */
  async leasesAndBarriers(): Promise<string[]> {
    const [, keys] = (await this.redis.cli('SCAN', 0, 'COUNT', 1_000_000)) as [string, string[]];
    return keys.filter((key) => /:[lb]:/.test(key));
  }
}
