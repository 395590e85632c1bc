import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { bentocacheInMemory } from './contenders/bentocache.mjs';
import { cacheManagerInMemory } from './contenders/cache-manager.mjs';
import { cacheableInMemory } from './contenders/cacheable.mjs';
import { bareMap, lruCache } from './contenders/memory.mjs';
import { cachesOnRedis } from './contenders/on-redis.mjs';
import { oursInMemory, oursWithMemory } from './contenders/ours.mjs';
import { collectGarbage } from './harness/load.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleValue } from './harness/sample-values.mjs';

/** @typedef {import('./contenders/contender.mjs').CacheUnderTest} CacheUnderTest */

const TEXT = `What one entry takes, its key and the bookkeeping of its store included: the growth of Redis' \`used_memory\`, or of the
heap and the buffers of the process, by 10,000 entries of one size ± 20 %, divided by their number. The sizes vary because
allocators round up. The bare clients store JSON under the user's own key: the raw string.`;

const COUNT = 10_000;
const SIZES = [100, 1_024, 10_240];
const ALLOWANCE = 64;
/** Entries that are written before one is read. */
const LAG = 50;

const makers = [
  () => oursInMemory(COUNT),
  cacheManagerInMemory,
  () => bentocacheInMemory(COUNT),
  cacheableInMemory,
  () => lruCache(COUNT),
  bareMap,
];
/** @type {string[][]} */
const memoryRows = [];
for (const make of makers) memoryRows.push(await memoryRow(make));

const redisRows = await withRedis(async (url) => {
  const { ours, rivals, close } = await cachesOnRedis(url);
  const { usual: _same, ioredis: _alike, lean, ...others } = rivals;
  const raw = await bytesPerSize(lean, () => usedMemory(url));
  const own = await bytesPerSize(ours, () => usedMemory(url));
  const rows = [row('raw string (JSON)', raw), [...row(ours.name, own), verdict(own, raw)]];
  for (const cache of Object.values(others)) {
    rows.push(row(cache.name, await bytesPerSize(cache, () => usedMemory(url))));
  }
  const version = await serverVersion(url);
  await close();
  memoryRows.splice(
    1,
    0,
    await memoryRow(async () => remembering(await oursWithMemory(`${url}/9`, COUNT + 1))),
  );
  return { rows, version };
});

const sizes = ['100 B', '1 KB', '10 KB'];
report('memory-cost', {
  title: 'Bytes per entry',
  text: TEXT,
  versions: [`Redis ${redisRows.version}`],
  sections: [
    {
      title: 'In Redis',
      text: `Target: ours at most raw string + ${ALLOWANCE} B.`,
      head: ['', ...sizes, 'target'],
      rows: redisRows.rows,
    },
    { title: 'In the process', head: ['', ...sizes], rows: memoryRows },
  ],
});

/** @param {() => CacheUnderTest | Promise<CacheUnderTest>} make */
async function memoryRow(make) {
  const bytes = [];
  let name = '';
  for (const size of SIZES) {
    const cache = await make();
    name = cache.name;
    const before = await heldByProcess();
    await write(cache, size);
    bytes.push(((await heldByProcess()) - before) / COUNT);
    await cache.close();
  }
  return row(name, bytes);
}

/**
 * A cache that reads what it has written, so that the memory in front of Redis remembers it: some time later, when Redis
 * has told of the write.
 *
 * @param {CacheUnderTest} cache
 * @returns {CacheUnderTest}
 */
function remembering(cache) {
  /** @type {string[]} */
  const written = [];
  return {
    ...cache,
    async set(key, value) {
      await cache.set(key, value);
      written.push(key);
      if (written.length > LAG) await cache.get(/** @type {string} */ (written.shift()));
    },
  };
}

/**
 * @param {CacheUnderTest} cache
 * @param {() => Promise<number>} used
 */
async function bytesPerSize(cache, used) {
  const bytes = [];
  for (const size of SIZES) {
    const before = await used();
    await write(cache, size);
    bytes.push(((await used()) - before) / COUNT);
  }
  return bytes;
}

/**
 * @param {CacheUnderTest} cache
 * @param {number} size
 */
async function write(cache, size) {
  for (let index = 0; index < COUNT; index++) {
    const bytes = Math.round(size * (0.8 + (0.4 * index) / COUNT));
    await cache.set(`product:${size}:${String(index).padStart(5, '0')}`, sampleValue(index, bytes));
  }
}

/** Buffers are given back some time after the collection that has found them unused. */
async function heldByProcess() {
  for (let times = 0; times < 4; times++) {
    collectGarbage('major');
    await sleep(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @param {string} url */
async function usedMemory(url) {
  const client = createClient({ url });
  await client.connect();
  // The client itself takes memory, but as much each time.
  const info = await client.info('memory');
  await client.close();
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}

/**
 * @param {string} name
 * @param {readonly number[]} bytes
 */
function row(name, bytes) {
  return [name, ...bytes.map((one) => `${Math.round(one)} B`)];
}

/**
 * @param {readonly number[]} own
 * @param {readonly number[]} raw
 */
function verdict(own, raw) {
  const overheads = own.map((bytes, index) => Math.round(bytes - (raw[index] ?? NaN)));
  const reached = overheads.every((bytes) => bytes <= ALLOWANCE);
  return `${overheads.map((bytes) => `+${bytes} B`).join(', ')}: ${reached ? 'reached' : '**missed**'}`;
}
