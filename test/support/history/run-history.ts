import type { Database } from './database.js';
import { moment, ms } from './moment.js';
import type { HistoryNode } from './node.js';
import { Random } from './random.js';
import type { History, HistoryRecord } from './record.js';
import { Worker } from './workload.js';

/**
 * What a server is started with that keeps what it has acknowledged: what stands in its file outlives the process, flushed to
 * the disk or not.
 */
export const DURABLE = { config: { appendonly: 'yes', appendfsync: 'no' } } as const;

/** What a history in this process is made of. */
export interface RunOptions {
  readonly nodes: readonly HistoryNode[];
  readonly database: Database;
  readonly seed: number;
  /** For how long, in milliseconds. */
  readonly time: number;
  /** Callers of each node. Default 4. */
  readonly workers?: number;
  /** Told of each record at once. */
  readonly hear?: (record: HistoryRecord) => void;
  /** What goes wrong meanwhile; it is told when it has to end, and ends by itself then. */
  readonly faults?: (until: number, record: (record: HistoryRecord) => void) => Promise<void>;
}

/**
 * Lets nodes of this process read and write at random for a while. The seed decides who does what in which order; when the
 * answers come, and so how the callers interleave, is up to the machine: the same seed gives another history each time.
 */
export async function runHistory(options: RunOptions): Promise<History> {
  const { nodes, database, seed, time, workers = 4, hear, faults } = options;
  const records: HistoryRecord[] = [];
  const record = (one: HistoryRecord): void => {
    records.push(one);
    hear?.(one);
  };
  const until = moment() + ms(time);
  const work = nodes.flatMap((node) =>
    Array.from({ length: workers }, (_, index) =>
      new Worker(node, database, new Random(seed, node.name, index), record).work(until),
    ),
  );
  await Promise.all([...work, faults?.(until, record)]);
  return { nodes: nodes.map(({ name, remembers }) => ({ name, remembers })), records };
}
