// A node of a history in a process of its own. Tells what it has seen on its standard output, one record a line.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../eventually.js';
import { RespClient } from '../resp-client.js';
import { wrongAtRest } from './at-rest.js';
import { sharedDatabase } from './database.js';
import { JumpingClock } from './jumping-clock.js';
import { moment } from './moment.js';
import { ownNode } from './own-node.js';
import type { ProcessMessage, ProcessOrders } from './processes.js';
import { Random } from './random.js';
import { runHistory } from './run-history.js';

const orders = JSON.parse(process.argv[2] ?? '') as ProcessOrders;
const { name, url, directUrl, databasePort, keyPrefix, seed, cache } = orders;

function tell(message: ProcessMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const clock = new JumpingClock();
const random = new Random(seed, name, 'clock');
const database = await sharedDatabase(databasePort);
const node = await ownNode({ name, url, keyPrefix, clock, cache });
const behind = await ownNode({ name: `${name} behind`, url: directUrl, keyPrefix });
const signals = await RespClient.open(databasePort);
tell({ ready: true });
const until = await eventually(
  async () => {
    const reply = await signals.send(['GET', 'until']);
    if (reply === null) throw new Error('Nobody has said when to begin.');
    return Number(String(reply));
  },
  { timeout: 60_000 },
);

const history = await runHistory({
  nodes: [node],
  database,
  seed,
  time: Math.max(0, (until - moment()) / 1_000),
  hear: (record) => tell({ record }),
  async faults() {
    while (moment() < until) {
      await sleep(random.between(100, 600));
      clock.jumpBy(random.between(-3_600_000, 3_600_000));
    }
  },
});
tell({ wrong: await wrongAtRest(node, behind, history.records) });
await node.close();
await behind.close();
// A load whose callers have given up may still wait for the lease of a process that was killed.
await eventually(
  () => {
    if (clock.pending > 0) throw new Error(`${name}: ${clock.pending} timers are left`);
  },
  { timeout: 8_000 },
).catch((error: Error) => tell({ wrong: [error.message] }));
// From here on nothing keeps the process alive, unless something was left behind.
database.close();
signals.close();
