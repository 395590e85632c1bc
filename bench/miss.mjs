import { READ_THROUGH, readThrough } from './contenders/read-through.mjs';
import { median } from './harness/bootstrap.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { withMonitor } from './harness/monitor.mjs';
import { now } from './harness/monotonic.mjs';
import { roundTrip, serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleValue } from './harness/sample-values.mjs';
import { withSlowLink } from './harness/slow-link.mjs';
import { atMost, verdict } from './harness/target.mjs';

/** @typedef {import('./contenders/contender.mjs').CacheUnderTest} CacheUnderTest */
/** @typedef {import('./contenders/read-through.mjs').ReadThroughName} ReadThroughName */

const TEXT = `\`getOrSet\` (\`wrap\`) of keys that are not there, with a loader that gives a 1 KB object at once.`;

const MISSES = 20;
const SENT = `How many round trips a caller waits for, told from how long a miss takes on a link on which every answer comes late, and which
commands are sent per miss, as \`MONITOR\` sees them (not those within scripts): the most common of ${MISSES} misses. Target: at most 3
round trips.

Ours asks for a lease (\`set\`), so that one process loads, looks for a write barrier (\`exists\`), and behind the fill whether a tag or
the whole cache was invalidated meanwhile (the last \`mget\`). The rivals do nothing of this: the loader runs in every process, and
what was invalidated while it ran is stored.`;

const WARM_UP = 5;
/** By how much an answer is late, in milliseconds. */
const DELAY = 25;
const MOST_TRIPS = 3;
const TAGS = ['products', 'garden'];
/** @type {{ name: ReadThroughName, tags?: string[] }[]} */
const CASES = [
  { name: 'ours' },
  { name: 'ours', tags: TAGS },
  { name: 'memory' },
  { name: 'memory', tags: TAGS },
  { name: 'bento' },
  { name: 'bento', tags: TAGS },
  { name: 'tiers' },
  { name: 'keyv' },
  { name: 'yet' },
  { name: 'cacheable' },
];
const NAMES = /** @type {ReadThroughName[]} */ (Object.keys(READ_THROUGH));
const value = sampleValue(1, 1_024);
const loader = async () => value;
let misses = 0;

await withRedis(async (url) => {
  const caches = await opened(url);
  const commands = await withMonitor(url, async (commandsOf) => {
    const all = [];
    for (const { name, tags } of CASES) {
      const lists = [];
      for (let count = -WARM_UP; count < MISSES; count++) {
        const list = await commandsOf(NAMES.indexOf(name), () => miss(caches, name, tags));
        if (count >= 0) lists.push(list.join(' '));
      }
      all.push(mostCommon(lists));
    }
    return all;
  });
  const trips = await roundTrips(url);
  const rows = CASES.map(({ name, tags }, index) => {
    const list = commands[index]?.split(' ') ?? [];
    const found = trips[index] ?? NaN;
    const called = `${caches.get(name)?.name}${tags === undefined ? '' : `, ${tags.length} tags`}`;
    const mine = name === 'ours' || name === 'memory' ? atMost(MOST_TRIPS) : undefined;
    const [target, reached] = verdict(mine, { estimate: found, low: found, high: found });
    return [called, String(found), target, reached, String(list.length), list.join(' ')];
  });
  const head = ['', 'round trips', 'target', '', 'commands', 'which'];
  /** @type {import('./harness/report.mjs').Section[]} */
  const sections = [{ title: 'What is sent', text: SENT, head, rows }];
  for (const callers of [1, 64]) sections.push(await speed(caches, callers));
  const versions = [`Redis ${await serverVersion(url)}`];
  report('miss', { title: 'A miss', text: TEXT, versions, sections });
  for (const cache of caches.values()) await cache.close();
});

/** @param {string} url */
async function opened(url) {
  /** @type {Map<ReadThroughName, CacheUnderTest>} */
  const caches = new Map();
  for (const name of NAMES) caches.set(name, await readThrough(name, url));
  return caches;
}

/**
 * @param {ReadonlyMap<ReadThroughName, CacheUnderTest>} caches
 * @param {ReadThroughName} name
 * @param {string[]} [tags]
 */
async function miss(caches, name, tags) {
  await caches.get(name)?.load?.(`cold:${(misses += 1)}`, loader, tags);
}

/**
 * The round trips of a miss in each case.
 *
 * @param {string} url
 */
function roundTrips(url) {
  return withSlowLink(url, DELAY, async (slow) => {
    const one = await roundTrip(slow, MISSES);
    const caches = await opened(slow);
    const all = [];
    for (const { name, tags } of CASES) {
      const times = [];
      for (let count = -WARM_UP; count < MISSES; count++) {
        const before = now();
        await miss(caches, name, tags);
        if (count >= 0) times.push(now() - before);
      }
      all.push(Math.round(median(times) / one));
    }
    for (const cache of caches.values()) await cache.close();
    return all;
  });
}

/**
 * @param {ReadonlyMap<ReadThroughName, CacheUnderTest>} caches
 * @param {number} callers
 */
function speed(caches, callers) {
  return comparisonSection(callers === 1 ? 'One caller' : `${callers} callers`, {
    callers,
    measure: callers === 1 ? 'cpu' : 'speed',
    ours: () => miss(caches, 'ours'),
    rivals: NAMES.slice(1).map((name) => ({
      name: caches.get(name)?.name ?? name,
      operation: () => miss(caches, name),
    })),
  });
}

/** @param {readonly string[]} lists */
function mostCommon(lists) {
  const counts = new Map();
  for (const one of lists) counts.set(one, (counts.get(one) ?? 0) + 1);
  return String([...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0]);
}
