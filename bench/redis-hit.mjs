import { fill } from './contenders/contender.mjs';
import { cachesOnRedis } from './contenders/on-redis.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleEntries } from './harness/sample-values.mjs';
import { atLeast, atMost } from './harness/target.mjs';

const TEXT = `\`get\` of 1,000 keys in Redis, 1 KB objects, all of them hits, with 1, 16, 64 and 256 callers at a time. A caller asks again
as soon as it is answered. With one caller the figure is CPU time of the process, since wall time is that of the round trip.`;

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
  report('redis-hit', { title: 'A hit in Redis', text: TEXT, versions, sections });
  await close();
});

/**
 * @param {import('./contenders/contender.mjs').CacheUnderTest} cache
 * @returns {import('./harness/load.mjs').Operation}
 */
function reading(cache) {
  return (index) => cache.get(/** @type {string} */ (keys[index % keys.length]));
}
