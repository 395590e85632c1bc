import { randomBytes } from 'node:crypto';
import { createClient } from 'redis';
import {
  CONNECT_REDIS,
  OUR_SESSIONS,
  connectRedis,
  drawId,
  newSession,
  ourSessionStore,
  userOf,
} from './contenders/session-stores.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';

/** @typedef {import('./contenders/session-stores.mjs').SessionsUnderTest} SessionsUnderTest */

const COUNT = Number(process.env['BENCH_SESSIONS'] ?? 10_000);
const SIZES = [100, 1_024, 10_240];

const TEXT = `What one session takes in Redis, by the growth of \`used_memory\` by ${COUNT.toLocaleString('en')} sessions of one size ± 20 %, divided by their number:
keys, the registry of all sessions and the index of users included. The sizes vary because allocators round up. Below each of ours stands what
the session's own key takes of that (\`MEMORY USAGE\`).`;

const SECTION = `connect-redis keeps the attributes of the cookie in each session; ours keeps two times, a version and what is needed to merge and to end sessions,
and sealed ones a nonce and a tag in base64.`;

const NOTES = `Its own key takes 60 to 120 bytes more than that of connect-redis: a hash with the name of the key in 43 characters where an id has 32, and
the header. The rest is what connect-redis has not: the registry, a sorted set with a handle for each session (240 B), by which sessions are counted and
walked without a SCAN and told when they expire; and the index of users (80 B for each of ten sessions, 230 B for the only one), by which they are
listed and ended.`;

/** @type {{ name: string, open: (url: string) => Promise<SessionsUnderTest>, users: number, ours: boolean }[]} */
const CONTENDERS = [
  { name: 'connect-redis', open: connectRedis, users: COUNT, ours: false },
  { name: 'ours, users unknown', open: ourSessionStore, users: COUNT, ours: true },
  { name: 'ours, 10 sessions per user', open: ofUsers, users: COUNT / 10, ours: true },
  { name: 'ours, each session of another user', open: ofUsers, users: COUNT, ours: true },
  { name: 'ours, each of another user, sealed', open: sealed, users: COUNT, ours: true },
];

/** @type {string[][]} */
const rows = [];
/** @type {number[] | undefined} */
let rival;
let version = '';
for (const { name, open, users, ours } of CONTENDERS) {
  /** @type {number[]} */
  const total = [];
  /** @type {number[]} */
  const own = [];
  for (const size of SIZES) {
    // A server for each: nothing of one is left to the next.
    await withRedis(async (url) => {
      version = await serverVersion(url);
      const bytes = await bytesOf(open, url, { size, users });
      total.push(bytes.total);
      own.push(bytes.own);
    });
  }
  rival ??= total;
  const more = total.map((bytes, index) => signed(bytes - (rival?.[index] ?? NaN)));
  rows.push([name, ...total.map(bytesText), ours ? more.join(', ') : '']);
  if (ours) rows.push(['– of which its own key', ...own.map(bytesText), '']);
}
report('session-memory', {
  title: 'Bytes per session',
  text: TEXT,
  notes: NOTES,
  versions: [CONNECT_REDIS, OUR_SESSIONS, `Redis ${version}`],
  sections: [
    { title: 'In Redis', text: SECTION, head: ['', '100 B', '1 KB', '10 KB', 'beside connect-redis'], rows },
  ],
});

/**
 * What a session takes, on average: all of it, and its own key.
 *
 * @param {(url: string) => Promise<SessionsUnderTest>} open
 * @param {string} url of an empty server
 * @param {{ size: number, users: number }} sessions
 */
async function bytesOf(open, url, { size, users }) {
  const admin = createClient({ url });
  await admin.connect();
  const store = await open(url);
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))?.[1]);
  // Scripts, and what a client takes by itself, are there from now on.
  await store.set(drawId(), newSession('somebody', size));
  const before = await used();
  for (let index = 0; index < COUNT; index++) {
    const bytes = Math.round(size * (0.8 + (0.4 * index) / COUNT));
    await store.set(drawId(), newSession(`user-${index % users}`, bytes));
  }
  const total = ((await used()) - before) / COUNT;
  const own = await ownKey(
    () => admin.scanIterator({ TYPE: 'hash', COUNT: 1_000 }),
    (key) => admin.memoryUsage(key, { SAMPLES: 0 }),
  );
  await store.close();
  await admin.close();
  return { total, own };
}

/**
 * What the keys of sessions themselves take, on average.
 *
 * @param {() => AsyncIterable<string[]>} hashes
 * @param {(key: string) => Promise<unknown>} usage
 */
async function ownKey(hashes, usage) {
  let bytes = 0;
  let keys = 0;
  for await (const some of hashes()) {
    for (const key of some) {
      bytes += Number(await usage(key));
      keys += 1;
    }
  }
  return bytes / keys;
}

/** Sessions whose users are known. */
function ofUsers(/** @type {string} */ url) {
  return ourSessionStore(url, { userId: userOf });
}

/** The same, sealed. */
function sealed(/** @type {string} */ url) {
  const keys = [{ id: 'first', key: randomBytes(32) }];
  return ourSessionStore(url, { userId: userOf, encryption: { keys } });
}

/** @param {number} bytes */
function bytesText(bytes) {
  return `${Math.round(bytes)} B`;
}

/** @param {number} bytes */
function signed(bytes) {
  const rounded = Math.round(bytes);
  return `${rounded < 0 ? '−' : '+'}${Math.abs(rounded)} B`;
}
