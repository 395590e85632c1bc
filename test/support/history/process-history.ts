import type { CacheOptions } from '../../../src/cache/cache-options.js';
import { startRedis, type RedisServer } from '../redis-server.js';
import { goWrong, type FaultName } from './faults.js';
import { moment, ms } from './moment.js';
import { begin, NodeProcess, troubleProcesses } from './processes.js';
import { Random } from './random.js';
import type { HistoryRecord } from './record.js';
import type { Outcome } from './own-history.js';
import type { TcpProxy } from './tcp-proxy.js';

/** The caches of the processes, in turn. */
const CACHES: readonly CacheOptions[] = [{ memory: {} }, { memory: {}, stale: { revalidate: 100 } }, {}];
const PROCESSES = 3;

/** What a history of several processes is made with. */
export interface ProcessHistoryOptions {
  readonly redis: RedisServer;
  readonly proxy: TcpProxy;
  /** One that no other history has. */
  readonly keyPrefix: string;
  readonly seed: number;
  /** How long it lasts from when all are there, in milliseconds. */
  readonly time: number;
  /** What goes wrong beside processes. Default: nothing. */
  readonly faults?: readonly FaultName[];
  /** Whether another process is started for one that was killed, and killed in its turn; else one is killed at most. */
  readonly respawn: boolean;
}

/** Lets nodes in processes of their own work for a while. They stand still, and are killed. */
export async function processHistory(options: ProcessHistoryOptions): Promise<Outcome> {
  const { redis, proxy, keyPrefix, seed, time, faults = [], respawn } = options;
  const data = await startRedis();
  const records: HistoryRecord[] = [];
  const record = (one: HistoryRecord): void => void records.push(one);
  const own = { url: proxy.url, directUrl: redis.url, databasePort: data.port, keyPrefix, seed };
  const nodes: NodeProcess[] = [];
  let started = 0;
  const start = async (): Promise<NodeProcess> => {
    const number = started++;
    const cache = CACHES[number % CACHES.length] as CacheOptions;
    const one = await NodeProcess.start({ ...own, name: `process ${number}`, cache }, record);
    nodes.push(one);
    await one.started();
    return one;
  };
  try {
    const alive = await Promise.all(Array.from({ length: PROCESSES }, start));
    const until = moment() + ms(time);
    await begin(data, until);
    const site = { redis, proxy, clocks: [], remembering: [] };
    const random = new Random(seed, 'faults');
    const going = { names: faults, random, until, record, pause: 400 };
    await Promise.all([
      troubleProcesses(alive, respawn ? start : undefined, {
        random: new Random(seed, 'processes'),
        until,
        record,
      }),
      faults.length > 0 ? goWrong(site, going) : undefined,
    ]);
    const wrong = (await Promise.all(alive.map((one) => one.ended()))).flat();
    return { history: { nodes, records }, wrong };
  } finally {
    for (const one of nodes) one.end();
    await data.stop();
  }
}
