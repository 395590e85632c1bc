import assert from 'node:assert/strict';
import { bentocacheOnRedis } from './contenders/bentocache.mjs';
import { cacheManagerOnKeyv } from './contenders/cache-manager.mjs';
import { cacheableWithMemory } from './contenders/cacheable.mjs';
import { oursOnRedis } from './contenders/ours.mjs';
import { BYSTANDER_HEAD, BYSTANDER_TEXT, backgroundRow, bystanderRow } from './harness/bystander.mjs';
import { withCrew } from './harness/crew.mjs';
import { multiply } from './harness/multiply.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { sampleValue } from './harness/sample-values.mjs';
import { FLAT_HEAD, SIZES, flatRow, sizeText } from './harness/sizes.mjs';

/** @typedef {import('./contenders/contender.mjs').CacheUnderTest} CacheUnderTest */
/** @typedef {import('./harness/crew.mjs').Member} Member */

/** A rival's clear takes the entries away, so each one needs new ones: there are few of them. */
const RIVAL_ROUNDS = Math.min(5, Number(process.env['BENCH_ROUNDS'] ?? 5));

const TEXT = `A whole cache is cleared that holds many entries of 100 B in Redis. Nothing else stands in the database of a rival; the caches of
ours all stand in one.`;

const CALL = `Target: flat. Ours takes away the generation that all entries must carry; they stay, invalid, until their ttl or eviction takes
them, or \`clear({ reclaim: true })\` does so in the background. The rivals walk through the database by SCAN and UNLINK what they
find; ${RIVAL_ROUNDS} times each.`;

const NOTES = `A \`clear\` is one small write whatever there is. Taking a million entries away, which is optional, cannot be free: Redis, the
process that walks and the client that waits share two cores here. It is done by 32 entries at a time with 5 ms of rest, and no call of
others waits for more than one such step.`;

const value = sampleValue(1, 100);
const LARGEST = SIZES.at(-1) ?? NaN;
/** @type {((url: string) => CacheUnderTest)[]} */
const RIVALS = [bentocacheOnRedis, cacheManagerOnKeyv, cacheableWithMemory];

/** @type {string[][]} */
const calls = [];
/** @type {string[][]} */
const waits = [];
let server = '';
await withRedis(async (url) => {
  server = await serverVersion(url);
  await withCrew(1, ([other]) => measureOurs(url, other));
});
for (const make of RIVALS) {
  await withRedis((url) => withCrew(1, ([other]) => measureRival(url, make(`${url}/0`), other)));
}
report('clear', {
  title: 'Clearing a cache',
  text: TEXT,
  notes: NOTES,
  versions: [`Redis ${server}`],
  sections: [
    { title: 'The call', text: CALL, head: FLAT_HEAD, rows: calls },
    {
      title: 'Other clients meanwhile',
      text: `${BYSTANDER_TEXT}

Here a cache of ${sizeText(LARGEST)} entries is cleared.`,
      head: BYSTANDER_HEAD,
      rows: waits,
    },
  ],
});

/**
 * @param {string} url
 * @param {Member} other
 */
async function measureOurs(url, other) {
  /** @type {Map<number, CacheUnderTest>} */
  const caches = new Map();
  for (const size of SIZES) {
    const cache = await oursOnRedis(`${url}/0`, `of-${size}`);
    caches.set(size, cache);
    await fill(`${url}/0`, cache, size);
  }
  const clear = (/** @type {number} */ size) => caches.get(size)?.clear?.() ?? Promise.resolve();
  // Of a cache that has just been cleared nothing would be left to clear.
  const write = async (/** @type {number} */ size) => caches.get(size)?.set('again', value);
  const name = caches.get(LARGEST)?.name ?? '';
  calls.push(await flatRow(name, clear, { before: write, judged: true }));
  for (const [size, cache] of caches) assert.equal(await cache.get(`entry-${size}-${size}`), undefined);
  waits.push(
    await bystanderRow(name, other, `${url}/1`, {
      work: async () => {
        await write(LARGEST);
        await clear(LARGEST);
      },
      judged: true,
    }),
    await backgroundRow(`${name}, while it reclaims`, other, `${url}/1`, {
      start: async () => caches.get(LARGEST)?.clearAndReclaim?.(),
      judged: true,
    }),
  );
  for (const cache of caches.values()) await cache.close();
}

/**
 * @param {string} url
 * @param {CacheUnderTest} cache
 * @param {Member} other
 */
async function measureRival(url, cache, other) {
  const refill = (/** @type {number} */ size) => fill(`${url}/0`, cache, size);
  const clear = async () => cache.clear?.();
  calls.push(await flatRow(cache.name, clear, { before: refill, rounds: RIVAL_ROUNDS, calls: 1 }));
  waits.push(
    await bystanderRow(cache.name, other, `${url}/1`, {
      before: () => refill(LARGEST),
      work: clear,
      once: true,
      rounds: RIVAL_ROUNDS,
    }),
  );
  assert.equal(await cache.get(`entry-${LARGEST}-${LARGEST}`), undefined);
  await cache.close();
}

/**
 * @param {string} url
 * @param {CacheUnderTest} cache
 * @param {number} size
 */
async function fill(url, cache, size) {
  await cache.set(`entry-${size}-`, value);
  await multiply(url, `entry-${size}-`, size);
  for (const number of [1, size / 2, size]) {
    assert.deepEqual(await cache.get(`entry-${size}-${number}`), value, `${cache.name} lost an entry`);
  }
}
