import { fill } from './contenders/contender.mjs';
import { cachesOnRedis } from './contenders/on-redis.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleEntries } from './harness/sample-values.mjs';
import { atLeast, atMost } from './harness/target.mjs';

const TEXT = `\`get\` of 1,000 keys in Redis, 1 KB objects, all of them hits, with 1, 16, 64 and 256 callers at a time. A caller asks again
as soon as it is answered. With one caller the figure is CPU time of the process, since wall time is that of the round trip.`;

const NOTES = `Of the 4.1 µs of CPU time of a hit with 64 callers, 2.6 are \`JSON.parse\` and the decoding of UTF-8, which everybody pays for
(profile of a quiet minute; node-redis without timer: 4.4). What is left for client, store and cache is 1.5 µs, where the bare
client takes 1.8: no cache can be 1.5 × as fast as a client without a timer per command. redis-yet is one: a thin layer over
client 4, which has no such timer. ioredis has none either, and batches a turn's commands into one write; what it takes more is its
own cost per command.

With one caller a hit is one MGET of the generation and the entry in place of a GET. Against the bare client that, the deadline
and the breaker cost about 1 µs, opening the entry and telling of the hit another one.

With 256 callers both fetch 256 KB per turn, and the share of the parser grows further.`;

/** @type {Record<string, Record<number, import('./harness/target.mjs').Target>>} */
const TARGETS = {
  lean: { 1: atMost(1.1), 64: atLeast(1.1), 256: atLeast(1.3) },
  usual: { 64: atLeast(1.5), 256: atLeast(2.5) },
  ioredis: { 64: atLeast(1.5) },
  keyv: { 64: atLeast(1.5) },
  yet: { 64: atLeast(1.5) },
  bento: { 64: atLeast(1.5) },
};

const entries = sampleEntries({ count: 1_000, bytes: 1_024 });
const keys = [...entries.keys()];

await withRedis(async (url) => {
  const { ours, rivals, all, close } = await cachesOnRedis(url);
  for (const cache of all) await fill(cache, entries);
  const sections = [];
  for (const callers of [1, 16, 64, 256]) {
    const section = await comparisonSection(callers === 1 ? 'One caller' : `${callers} callers`, {
      callers,
      measure: callers === 1 ? 'cpu' : 'speed',
      ours: reading(ours),
      rivals: Object.entries(rivals).map(([id, cache]) => ({
        name: cache.name,
        operation: reading(cache),
        target: TARGETS[id]?.[callers],
      })),
    });
    sections.push(section);
  }
  const versions = [ours.name, `Redis ${await serverVersion(url)}`];
  report('redis-hit', { title: 'A hit in Redis', text: TEXT, notes: NOTES, versions, sections });
  await close();
});

/**
 * @param {import('./contenders/contender.mjs').CacheUnderTest} cache
 * @returns {import('./harness/load.mjs').Operation}
 */
function reading(cache) {
  return (index) => cache.get(/** @type {string} */ (keys[index % keys.length]));
}
