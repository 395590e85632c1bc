// The history test of the suite, for longer and with rivals. HISTORY_SECONDS: how long everything is to go wrong for ours
// (default 60), HISTORY_SEED: what the random decisions are made of.
import { bentocache, cacheable, ours } from './contenders/coherence-nodes.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';

// What is imported from here on is TypeScript.
await import('../test/support/typescript.mjs');
const { compareCaches } = await import('../test/support/history/compare-caches.js');
const { naiveNode, publishingNode } = await import('../test/support/history/naive-nodes.js');
const { longHistories } = await import('../test/support/history/long-histories.js');
const { chosenSeed } = await import('../test/support/history/random.js');

/** Milliseconds per contender and column. */
const TIME = Number(process.env['COHERENCE_TIME'] ?? 15_000);
const SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 60);
const SEED = chosenSeed();

const TEXT = `Three nodes, each with connections and a memory of its own, read, load, write and delete 12 keys at random; a database
with a version per key stands behind them. A read is stale when it starts after the acknowledgement of an invalidation and gives
what was loaded or set before it; where another node has invalidated, a memory is allowed 50 ms more. Every entry lives for three
seconds. The last three columns are the same while the server closes all connections every 700 ms.

Seed ${SEED}. It decides who does what in which order, but not when answers come: the figures differ from run to run.`;

const NOTES = `Naive: GET, else load and SET, and DEL after a change. The naive memory in front of it drops an entry when a message comes
that is published after the change. What is stale there was loaded before an invalidation and stored after it, and lives until its
ttl; in memories also what changed while nobody was told. Ours accepts a value only under the lease that was given out before its
loader ran, and remembers only what was read while the channel told of all changes.`;

/** @type {import('./contenders/coherence-nodes.mjs').NodeMaker[]} */
const makers = [
  ours(false),
  ours(true),
  { title: 'naive (redis)', open: (name, url) => naiveNode({ name, url, keyPrefix: 'naive' }) },
  {
    title: 'naive with memory (redis)',
    open: (name, url) => publishingNode({ name, url, keyPrefix: 'publishing' }),
  },
  bentocache,
  cacheable,
];

const rows = [];
let version = '';
for (const { title, open } of makers) {
  const cells = [title];
  for (const killing of [false, true]) {
    // A server for each: nothing of one is left to the next.
    const found = await withRedis(async (url) => {
      version = await serverVersion(url);
      return compareCaches({ open: (name) => open(name, url), url, seed: SEED, time: TIME, killing });
    });
    cells.push(String(found.reads), found.perMillion.toFixed(0), found.longest.toFixed(0));
  }
  rows.push(cells);
}
const long = await longHistories({ seconds: SECONDS, seed: SEED });
report('coherence', {
  title: 'Stale reads',
  text: TEXT,
  notes: NOTES,
  versions: [`Redis ${version}`],
  sections: [
    {
      title: 'Stale reads per million',
      head: [
        '',
        'reads',
        'stale per million',
        'longest, ms',
        'reads, connections closed',
        'stale per million',
        'longest, ms',
      ],
      rows,
    },
    {
      title: 'Ours, while everything goes wrong',
      text: `Nodes of this process and of others, with and without memory and stale values, and all operations, for ${SECONDS} s.
Connections are killed and stall, bytes arrive after their sender has given up, Redis pauses, stops, is killed and comes back with its
data or without, keys are evicted, everything is flushed, processes stop and are killed, wall clocks jump. Violations of any promise:`,
      head: ['', 'histories', 'reads', 'faults', 'violations'],
      rows: long.rows,
    },
  ],
});
for (const line of long.violations) console.error(line);
process.exit(long.violations.length === 0 ? 0 : 1);
