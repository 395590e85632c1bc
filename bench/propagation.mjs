import { setTimeout as sleep } from 'node:timers/promises';
import { readThrough } from './contenders/read-through.mjs';
import { quantile, quantileInterval } from './harness/bootstrap.mjs';
import { withCrew } from './harness/crew.mjs';
import { now } from './harness/monotonic.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleValue } from './harness/sample-values.mjs';
import { atMost, figure, ratioText, verdict } from './harness/target.mjs';

/** @typedef {import('./contenders/contender.mjs').CacheUnderTest} CacheUnderTest */
/** @typedef {import('./contenders/read-through.mjs').ReadThroughName} ReadThroughName */
/** @typedef {import('./harness/crew.mjs').Member} Member */
/** @typedef {import('./harness/crew-member.mjs').WatchResult} WatchResult */

const ROUNDS = Math.round(25 * Number(process.env['BENCH_ROUNDS'] ?? 20));
const WARM_UP = 20;
const TARGET = 5;

const TEXT = `Two processes remember an entry in front of one Redis. One of them invalidates it; given is how long after that, as
milliseconds from the call and from its acknowledgement, the memory of the other one holds it no more: \`peek\` gives \`undefined\`.
Less than 0 is before the acknowledgement. The median, the 99th percentile with its 95 % interval, and the longest of ${ROUNDS} times.

The other process looks as often as its event loop turns. What bentocache remembers cannot be seen from outside: there it is when
its bus brings the message. cache-manager tells nobody, and cacheable needs a message broker of its own for it.`;

/** @typedef {{ title: string, invalidate: (cache: CacheUnderTest, key: string) => unknown }} Way */
/** @type {Way[]} */
const WAYS = [
  { title: 'One key (`del`)', invalidate: (cache, key) => cache.remove?.(key) },
  { title: 'A tag (`invalidateTags`)', invalidate: (cache) => cache.invalidate?.('tag') },
  { title: 'Everything (`clear`)', invalidate: (cache) => cache.clear?.() },
];
/** @type {ReadThroughName[]} */
const NAMES = ['memory', 'tiers'];
const value = sampleValue(1, 1_024);

await withRedis((url) =>
  withCrew(1, async ([other]) => {
    const sections = [];
    const caches = new Map();
    for (const name of NAMES) {
      caches.set(name, await readThrough(name, url));
      await other.ask({ type: 'open', name, url });
    }
    for (const way of WAYS) {
      const rows = await measured(way, caches, other);
      const head = ['', 'from the call: median', 'p99', 'from its acknowledgement: median', 'p99', 'longest'];
      sections.push({ title: way.title, head: [...head, 'target for p99', ''], rows });
    }
    const versions = [`Redis ${await serverVersion(url)}`];
    report('propagation', { title: 'How fast an invalidation spreads', text: TEXT, versions, sections });
    for (const cache of caches.values()) await cache.close();
  }),
);

/**
 * @param {Way} way
 * @param {ReadonlyMap<ReadThroughName, CacheUnderTest>} caches
 * @param {Member} other
 */
async function measured(way, caches, other) {
  const delays = NAMES.map(() => ({
    called: /** @type {number[]} */ ([]),
    told: /** @type {number[]} */ ([]),
  }));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [index, name] of NAMES.entries()) {
      const cache = /** @type {CacheUnderTest} */ (caches.get(name));
      const { called, told } = await delay(way, name, cache, other);
      if (round < 0) continue;
      delays[index]?.called.push(called);
      delays[index]?.told.push(told);
    }
  }
  return NAMES.map((name, index) => {
    const { called = [], told = [] } = delays[index] ?? {};
    const p99 = quantileInterval(told, 0.99);
    return [
      caches.get(name)?.name ?? name,
      figure(quantile(called, 0.5)),
      figure(quantile(called, 0.99)),
      figure(quantile(told, 0.5)),
      ratioText(p99),
      figure(quantile(told, 1)),
      ...verdict(name === 'memory' ? atMost(TARGET) : undefined, p99),
    ];
  });
}

/**
 * @param {Way} way
 * @param {ReadThroughName} name
 * @param {CacheUnderTest} cache
 * @param {Member} other
 * @returns {Promise<{ called: number, told: number }>}
 */
async function delay(way, name, cache, other) {
  const key = 'spread';
  await cache.tag?.(key, value, ['tag']);
  await other.ask({ type: 'remember', name, key });
  /** @type {Promise<WatchResult>} */
  const watching = other.ask({ type: 'watch', name, key });
  // Until the other process looks.
  await sleep(3);
  const before = now();
  await way.invalidate(cache, key);
  const after = now();
  const { since, clean } = await watching;
  // It was late, or something else has made it forget.
  if (since > before || clean < before) return delay(way, name, cache, other);
  return { called: clean - before, told: clean - after };
}
