// Starts two copies of the demo on one Redis, changes a city through the first, and asks the second all the while. Ends
// with 1 when the second has shown an old value for longer than it may.
import { setTimeout as sleep } from 'node:timers/promises';
import { readSettings } from './settings.js';
import { startCopy } from './two-processes/copy.js';
import { describeFindings, findingsOf, GUARANTEED, type Findings } from './two-processes/findings.js';
import { Watch } from './two-processes/watch.js';

const CITY = '/cities/2950159';
const PAGES = [
  { path: CITY, evicted: 'by its key' },
  { path: '/countries/de', evicted: 'by a tag' },
];
const CHANGES = 20;
/** How long the second is asked between two changes. */
const PAUSE = 100;
/** How long the second may take until it answers from memory. */
const PATIENCE = 10_000;

if (readSettings(process.env).redisUrl === undefined) {
  console.error('This needs a Redis: REDIS_URL=redis://127.0.0.1:6379 npm run start:two');
  process.exit(1);
}
const [first, second] = await Promise.all([startCopy(), startCopy()]);
try {
  process.exitCode = (await compare()) ? 0 : 1;
} finally {
  await Promise.all([first.end(), second.end()]);
}

async function compare(): Promise<boolean> {
  const response = await fetch(first.url + CITY);
  const { name, population } = (await response.json()) as { name: string; population: number };
  console.log(`\nTwo processes on one Redis, ${first.url} and ${second.url}.`);
  console.log(
    `The first changes ${name} ${CHANGES} times for each line; the second is asked all the while.\n`,
  );
  const found: Findings[] = [];
  for (const { path, evicted } of PAGES) {
    const watch = await Watch.begin(second.url + path);
    const acknowledged = await changeUnder(watch, population);
    await watch.end();
    await correct(population);
    found.push(findingsOf(`${path}, evicted ${evicted}`, watch.answers, acknowledged));
    if (acknowledged.length < CHANGES) break;
  }
  console.log(`${describeFindings(found)}\n`);
  return judge(found);
}

/**
 * Makes the changes, each once the second has the one before in its memory, and gives when they were acknowledged. Fewer when
 * the second took too long.
 */
async function changeUnder(watch: Watch, population: number): Promise<number[]> {
  const acknowledged: number[] = [];
  while (await isRemembered(watch, acknowledged.length)) {
    await sleep(PAUSE);
    if (acknowledged.length === CHANGES) {
      // What has been replaced must not come back later either.
      await sleep(GUARANTEED);
      break;
    }
    await correct(population + acknowledged.length + 1);
    acknowledged.push(performance.now());
  }
  return acknowledged;
}

async function isRemembered(watch: Watch, change: number): Promise<boolean> {
  const end = performance.now() + PATIENCE;
  while (!watch.remembers(change)) {
    if (performance.now() > end) return false;
    await sleep(1);
  }
  return true;
}

async function correct(population: number): Promise<void> {
  const { ok, status } = await fetch(`${first.url}${CITY}/population`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ population }),
  });
  if (!ok) throw new Error(`The first answered a change with ${status}.`);
}

function judge(found: readonly Findings[]): boolean {
  const late = found.some(({ oldUntil }) => oldUntil > GUARANTEED);
  const complete = found.length === PAGES.length && found.every(({ changes }) => changes === CHANGES);
  if (late) console.log(`The second went on showing an old value for more than ${GUARANTEED} ms.`);
  else if (!complete) console.log('The second did not keep in memory what it had read. Does Redis answer?');
  else console.log(`No old value was shown for longer than the ${GUARANTEED} ms that are guaranteed.`);
  return complete && !late;
}
