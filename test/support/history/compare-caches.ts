import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { checkFreshness } from './check-freshness.js';
import { memoryDatabase } from './database.js';
import { moment, ms } from './moment.js';
import type { HistoryNode } from './node.js';
import { runHistory } from './run-history.js';

/** How long a memory may serve what another node has invalidated, before it counts. */
const DELAY = ms(50);
const BETWEEN_KILLS = 700;

/** What came of the history of a cache. */
export interface Staleness {
  readonly reads: number;
  readonly perMillion: number;
  /** For how long something was read that had been invalidated, in milliseconds. */
  readonly longest: number;
}

/** Counts the stale reads of three nodes of one kind. `killing` = their connections are closed again and again. */
export async function compareCaches({
  open,
  url,
  seed,
  time,
  killing,
}: {
  readonly open: (name: string) => Promise<HistoryNode>;
  readonly url: string;
  readonly seed: number;
  /** In milliseconds. */
  readonly time: number;
  readonly killing: boolean;
}): Promise<Staleness> {
  const nodes = await Promise.all(['a', 'b', 'c'].map(open));
  const faults = (until: number): Promise<void> =>
    killing ? killConnections(url, until) : Promise.resolve();
  const { records, ...history } = await runHistory({ nodes, database: memoryDatabase(), seed, time, faults });
  await Promise.all(nodes.map((node) => node.close().catch(() => undefined)));
  // What was not acknowledged is nobody's promise.
  const counted = records.filter((one) => one.type !== 'write' || one.acknowledged);
  const reads = counted.filter((one) => one.type === 'read' && one.failed === undefined).length;
  const stale = checkFreshness({ ...history, records: counted }, { delay: DELAY, patience: Infinity });
  const longest = stale.reduce((most, { lag = 0 }) => Math.max(most, lag), 0);
  return { reads, perMillion: (stale.length / reads) * 1e6, longest: longest / ms(1) };
}

async function killConnections(url: string, until: number): Promise<void> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  while (moment() < until) {
    await sleep(BETWEEN_KILLS);
    for (const type of ['normal', 'pubsub']) await client.sendCommand(['CLIENT', 'KILL', 'TYPE', type]);
  }
  client.destroy();
}
