import assert from 'node:assert/strict';
import { bentocacheOnRedis } from './contenders/bentocache.mjs';
import { cacheableWithTags } from './contenders/cacheable.mjs';
import { oursOnRedis } from './contenders/ours.mjs';
import { BYSTANDER_HEAD, BYSTANDER_TEXT, bystanderRow } from './harness/bystander.mjs';
import { withCrew } from './harness/crew.mjs';
import { withMonitor } from './harness/monitor.mjs';
import { multiply } from './harness/multiply.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleValue } from './harness/sample-values.mjs';
import { FLAT_HEAD, SIZES, flatRow, sizeText } from './harness/sizes.mjs';

/** @typedef {import('./contenders/contender.mjs').CacheUnderTest} CacheUnderTest */

const TEXT = `A tag that many entries in Redis carry is invalidated, one call after the other. Entries hold 100 B.`;

const CALL = 'Target: flat. It is a new version of the tag with everybody, and no entry is touched.';

const READ = `What an invalidation saves, readers pay: they look at the versions of an entry's tags. Ours does so with one MGET for all of them,
and with none where \`getOrSet\` names them beforehand, or where a memory tier knows them.`;

const value = sampleValue(1, 100);
const LARGEST = SIZES.at(-1) ?? NaN;
/** @type {((url: string) => CacheUnderTest | Promise<CacheUnderTest>)[]} */
const MAKERS = [(url) => oursOnRedis(url), bentocacheOnRedis, cacheableWithTags];

/** @type {string[][]} */
const calls = [];
/** @type {string[][]} */
const waits = [];
/** @type {string[][]} */
const reads = [];
let server = '';
for (const [index, make] of MAKERS.entries()) {
  await withRedis(async (url) => {
    server = await serverVersion(url);
    const cache = await make(`${url}/0`);
    const judged = index === 0;
    reads.push([cache.name, ...(await readRow(url, cache))]);
    await fill(url, cache);
    calls.push(await flatRow(cache.name, (size) => invalidate(cache, size), { judged }));
    await withCrew(1, async ([other]) => {
      const work = () => invalidate(cache, LARGEST);
      waits.push(await bystanderRow(cache.name, other, `${url}/1`, { work, judged }));
    });
    for (const size of SIZES) assert.equal(await cache.get(`entry-${size}-1`), undefined);
    await cache.close();
  });
}
report('tags', {
  title: 'Invalidating a tag',
  text: TEXT,
  versions: [`Redis ${server}`],
  sections: [
    { title: 'The call', text: CALL, head: FLAT_HEAD, rows: calls },
    {
      title: 'Other clients meanwhile',
      text: `${BYSTANDER_TEXT}

Here a tag of ${sizeText(LARGEST)} entries is invalidated.`,
      head: BYSTANDER_HEAD,
      rows: waits,
    },
    { title: 'Commands of a hit', text: READ, head: ['', 'no tags', '1 tag', '3 tags'], rows: reads },
  ],
});

/**
 * Puts entries under one tag per size, and makes sure that they are there.
 *
 * @param {string} url
 * @param {CacheUnderTest} cache
 */
async function fill(url, cache) {
  for (const size of SIZES) {
    await cache.tag?.(`entry-${size}-`, value, [`tag-${size}`]);
    await multiply(`${url}/0`, `entry-${size}-`, size);
  }
  for (const size of SIZES) {
    for (const number of [1, size / 2, size]) {
      assert.deepEqual(await cache.get(`entry-${size}-${number}`), value, `${cache.name} lost an entry`);
    }
  }
}

/**
 * @param {CacheUnderTest} cache
 * @param {number} size
 */
async function invalidate(cache, size) {
  await cache.invalidate?.(`tag-${size}`);
}

/**
 * The commands that reading an entry takes, by its number of tags.
 *
 * @param {string} url
 * @param {CacheUnderTest} cache
 * @returns {Promise<string[]>}
 */
function readRow(url, cache) {
  return withMonitor(url, async (commandsOf) => {
    const row = [];
    for (const tags of [[], ['a'], ['a', 'b', 'c']]) {
      const key = `with-${tags.length}-tags`;
      await (tags.length === 0 ? cache.set(key, value) : cache.tag?.(key, value, tags));
      for (let count = 0; count < 3; count++) await cache.get(key);
      const sent = await commandsOf(0, async () => assert.deepEqual(await cache.get(key), value));
      row.push(sent.join(' '));
    }
    return row;
  });
}
