import { bentocacheInMemory, bentocacheWithMemory } from './contenders/bentocache.mjs';
import { cacheManagerInMemory } from './contenders/cache-manager.mjs';
import { cacheableInMemory, cacheableWithMemory } from './contenders/cacheable.mjs';
import { fill } from './contenders/contender.mjs';
import { bareMap, lruCache } from './contenders/memory.mjs';
import { oursInMemory, oursWithMemory } from './contenders/ours.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { callsOf, serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleEntries, sampleValue } from './harness/sample-values.mjs';
import { atLeast, atMost } from './harness/target.mjs';

/** @typedef {import('./contenders/contender.mjs').CacheUnderTest} CacheUnderTest */

const TEXT = `\`get\` of one hot key among 1,000 in the memory of the process, a 1 KB object, one caller after the other.

Ours gives out a deeply frozen object. cache-manager and bentocache parse JSON for each hit; cacheable, lru-cache and Map give
out the stored object itself, so that a caller who changes it changes what everybody gets.`;

const TIER = `Ours keeps what it has read from Redis, and looks at each hit whether the channel on which Redis tells of changes can be relied
on at this moment. bentocache is told by its bus; cacheable by nobody.`;

const TAGS = 'Of an entry with tags in the memory in front of Redis, while nobody invalidates any.';

const MANY = 100;
const PEEK = `\`peek\` gives at once what the memory in front of Redis holds; here it is called ${MANY} times per measured operation, and the
figures are per call. lru-cache and Map are called in the same way, without \`await\`.`;

const LOAD =
  '`getOrSet` (`wrap`) of a key that is there, in the memory in front of Redis. cache-manager has its memory alone.';

const NOTES = `Every hit reads the clock once, for entries expire and trust in the channel does: 40 to 60 ns, which alone is more than all that
lru-cache does without a ttl. The rest of a \`peek\` is two lookups by text, that of the user's key and that of the Redis key.`;

const COUNT = 1_000;
const HOT = 'product:500:details';
const TAGGED = [
  { name: '1 tag', key: 'product:one-tag', tags: ['products'] },
  { name: '3 tags', key: 'product:three-tags', tags: ['products', 'garden', 'sale'] },
];

const entries = sampleEntries({ count: COUNT, bytes: 1_024 });

await withRedis(async (url) => {
  const memory = await oursInMemory(COUNT);
  const tier = await oursWithMemory(`${url}/0`, 2 * COUNT);
  const manager = cacheManagerInMemory();
  const bento = bentocacheInMemory(COUNT);
  const tiers = bentocacheWithMemory(`${url}/1`, 2 * COUNT);
  const cacheable = cacheableInMemory();
  const cacheableTiers = cacheableWithMemory(`${url}/2`);
  const bare = [lruCache(COUNT), bareMap()];
  const caches = [memory, tier, manager, bento, tiers, cacheable, cacheableTiers, ...bare];
  for (const cache of caches) await fill(cache, entries);
  for (const { key, tags } of TAGGED) {
    await tier.tag?.(key, sampleValue(1, 1_024), tags);
    await tier.get(key);
  }

  const rivals = [
    { cache: manager, target: atLeast(1.2) },
    { cache: bento, target: atLeast(8) },
    { cache: cacheable },
    ...bare.map((cache) => ({ cache })),
  ];
  const tierRivals = [
    { cache: manager, target: atLeast(1.2) },
    { cache: tiers, target: atLeast(8) },
    { cache: cacheableTiers },
    ...bare.map((cache) => ({ cache })),
  ];
  const sections = [await gets('A store in memory', memory, rivals)];
  const before = await callsOf(url, 'mget');
  sections.push(
    await gets('The memory in front of Redis', tier, tierRivals, TIER),
    await tagged(tier),
    await peeks(tier, bare),
    await loads(tier, [manager, tiers, cacheableTiers]),
  );
  const asked = (await callsOf(url, 'mget')) - before;
  // A trusted channel is lost where the event loop stands still for a second: on a busy machine some hits may be of Redis.
  if (asked > 100) throw new Error(`${asked} lookups were answered by Redis and not by the memory.`);
  const versions = [memory.name, tier.name, `Redis ${await serverVersion(url)}`];
  report('memory-hit', { title: 'A hit in memory', text: TEXT, notes: NOTES, versions, sections });
  for (const cache of caches) await cache.close();
});

/**
 * @param {string} title
 * @param {CacheUnderTest} ours
 * @param {readonly { cache: CacheUnderTest, target?: import('./harness/target.mjs').Target }[]} rivals
 * @param {string} [text]
 */
function gets(title, ours, rivals, text) {
  return comparisonSection(title, {
    callers: 1,
    measure: 'speed',
    ours: () => ours.get(HOT),
    rivals: rivals.map(({ cache, target }) => ({
      name: cache.name,
      operation: () => cache.get(HOT),
      target,
    })),
    ...(text !== undefined && { text }),
  });
}

/**
 * An entry with tags takes the place of ours, one without that of the rival.
 *
 * @param {CacheUnderTest} tier
 * @returns {Promise<import('./harness/report.mjs').Section>}
 */
async function tagged(tier) {
  const rows = [];
  for (const { name, key } of TAGGED) {
    const section = await comparisonSection('', {
      callers: 1,
      measure: 'cpu',
      ours: () => tier.get(key),
      rivals: [{ name, operation: () => tier.get(HOT), target: atMost(1.1) }],
    });
    rows.push(...section.rows);
  }
  const head = ['', 'tagged, CPU µs', 'untagged, CPU µs', 'CPU time, tagged ÷ untagged', 'target', ''];
  return { title: 'Tags', text: TAGS, head, rows };
}

/**
 * @param {CacheUnderTest} tier
 * @param {readonly CacheUnderTest[]} bare
 */
function peeks(tier, bare) {
  const peeking =
    (/** @type {CacheUnderTest} */ { peek }) =>
    () => {
      for (let count = 0; count < MANY; count++) peek?.(HOT);
    };
  return comparisonSection('peek', {
    text: PEEK,
    callers: 1,
    measure: 'speed',
    per: MANY,
    ours: peeking(tier),
    rivals: bare.map((cache, index) => ({
      name: cache.name.replace(' + await', ''),
      operation: peeking(cache),
      target: index === 0 ? atLeast(0.5) : undefined,
    })),
  });
}

/**
 * @param {CacheUnderTest} tier
 * @param {readonly CacheUnderTest[]} rivals
 */
function loads(tier, rivals) {
  const loader = async () => sampleValue(1, 1_024);
  return comparisonSection('getOrSet', {
    text: LOAD,
    callers: 1,
    measure: 'speed',
    ours: () => tier.load?.(HOT, loader),
    rivals: rivals.map((cache) => ({ name: cache.name, operation: () => cache.load?.(HOT, loader) })),
  });
}
