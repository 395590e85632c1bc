import { bentocacheInMemory } from './contenders/bentocache.mjs';
import { cacheManagerInMemory } from './contenders/cache-manager.mjs';
import { fill } from './contenders/contender.mjs';
import { bareMap, cacheableInMemory, lruCache } from './contenders/memory.mjs';
import { oursInMemory } from './contenders/ours.mjs';
import { comparisonSection } from './harness/comparison-section.mjs';
import { report } from './harness/report.mjs';
import { sampleEntries } from './harness/sample-values.mjs';
import { atLeast } from './harness/target.mjs';

const TEXT = `\`get\` of one hot key among 1,000 in the memory of the process, a 1 KB object, one caller after the other.

Ours gives out a deeply frozen object. cache-manager and bentocache parse JSON for each hit; cacheable, lru-cache and Map give
out the stored object itself, so that a caller who changes it changes what everybody gets.`;

const COUNT = 1_000;
const HOT = 'product:500:details';

const entries = sampleEntries({ count: COUNT, bytes: 1_024 });
const ours = await oursInMemory(COUNT);
const rivals = [
  { cache: cacheManagerInMemory(), target: atLeast(1.2) },
  { cache: bentocacheInMemory(COUNT), target: atLeast(8) },
  { cache: cacheableInMemory() },
  { cache: lruCache(COUNT) },
  { cache: bareMap() },
];
const caches = [ours, ...rivals.map(({ cache }) => cache)];
for (const cache of caches) await fill(cache, entries);

const section = await comparisonSection('One caller', {
  callers: 1,
  measure: 'speed',
  ours: () => ours.get(HOT),
  rivals: rivals.map(({ cache, target }) => ({
    name: cache.name,
    operation: () => cache.get(HOT),
    target,
  })),
});
report('memory-hit', { title: 'A hit in memory', text: TEXT, versions: [ours.name], sections: [section] });
for (const cache of caches) await cache.close();
