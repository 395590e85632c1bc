import assert from 'node:assert/strict';
import {
  CONNECT_REDIS,
  OUR_SESSIONS,
  connectRedis,
  drawId,
  newSession,
  ourSessions,
} from './contenders/session-stores.mjs';
import { BYSTANDER_HEAD, BYSTANDER_TEXT, bystanderHead, bystanderRow } from './harness/bystander.mjs';
import { withCrew } from './harness/crew.mjs';
import { multiply } from './harness/multiply.mjs';
import { multiplySessions } from './harness/multiply-sessions.mjs';
import { serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { FLAT_HEAD, SIZES, flatRow, sizeText } from './harness/sizes.mjs';

/** @typedef {import('./contenders/session-stores.mjs').SessionsUnderTest} SessionsUnderTest */
/** @typedef {import('./harness/crew.mjs').Member} Member */

/** What walks through all sessions takes long, and what takes them away needs new ones each time: few rounds. */
const FEW_ROUNDS = Math.min(5, Number(process.env['BENCH_ROUNDS'] ?? 5));
/** How many sessions a user has whose sessions are listed or ended. */
const OWN = 100;
/** How many users have their sessions ended in one window. */
const USERS = 60;
/** How many sessions are stored one by one, to be multiplied. */
const SAMPLES = 64;
const BYTES = 100;
const SMALLEST = SIZES[0] ?? NaN;
const LARGEST = SIZES.at(-1) ?? NaN;
/** Ours takes two minutes to end a million, since it leaves others the time that they need: they read tens of thousands of times in one. */
const CLEAR_ROUNDS = LARGEST > 100_000 ? Math.min(2, FEW_ROUNDS) : FEW_ROUNDS;
const CLEAR_WAITS = LARGEST > 100_000 ? 1 : FEW_ROUNDS;

const TEXT = `Many sessions of ${BYTES} B in Redis, ten per user; ${OWN} of one user are listed, and ${OWN} of one user are ended. Those of ours of all sizes
stand in one database, those of connect-redis in a database for each size. connect-redis does not know whose sessions there are.`;

const CALLS = `Target: flat. \`length\` and \`count\` of ours ask the registry, \`list\` and \`destroyAll\` the user's own index. \`length\` of connect-redis walks
through the database by SCAN; ${FEW_ROUNDS} rounds of one call each.`;

const CLEAR = `\`clear\` must take away each session, so it cannot be flat; ${CLEAR_ROUNDS} rounds of one call each of ours, ${FEW_ROUNDS} of connect-redis.
Ours ends 50 sessions at a time, so that requests that still run do not bring them back, and rests 2 ms after each step. connect-redis
collects all names by SCAN and sends one DEL of them.`;

const BY_SIZE = `As above, beside the same calls where there are ${sizeText(SMALLEST)} sessions. Target: the number of sessions makes nobody wait.`;

const NOTES = `Every call takes its share of two cores. \`list\` reads a hundred sessions and \`destroyAll\` ends a hundred, which others notice by 0.2 and
0.9 ms at p99, of a thousand sessions as of a million. For \`length\`, one ZCOUNT, that is 0.1 ms, and some hundredths more of a million, though
the call itself takes no longer; why, is not known. connect-redis keeps others waiting for 1.5 s in its \`clear\`, which is one DEL of a million keys.

\`clear\` of ours looks at every key of the database for those that the registry does not know: hence seconds for the thousand that stand
beside a million.`;

/** @type {string[][]} */
const calls = [];
/** @type {string[][]} */
const clears = [];
/** @type {string[][]} */
const waits = [];
/** @type {string[][]} */
const waitsBySize = [];
let server = '';
await withRedis(async (url) => {
  server = await serverVersion(url);
  await withCrew(1, ([other]) => measureOurs(url, other));
});
await withRedis((url) => withCrew(1, ([other]) => measureRival(url, other)));
report('session-many', {
  title: 'Many sessions',
  text: TEXT,
  notes: NOTES,
  versions: [OUR_SESSIONS, CONNECT_REDIS, `Redis ${server}`],
  sections: [
    { title: 'Counting, listing, ending', text: CALLS, head: FLAT_HEAD, rows: calls },
    { title: 'Clearing', text: CLEAR, head: FLAT_HEAD, rows: clears },
    {
      title: 'Other clients meanwhile',
      text: `${BYSTANDER_TEXT}

Here there are ${sizeText(LARGEST)} sessions.`,
      head: BYSTANDER_HEAD,
      rows: waits,
    },
    {
      title: 'Other clients, by the number of sessions',
      text: BY_SIZE,
      head: bystanderHead(sizeText(SMALLEST)),
      rows: waitsBySize,
    },
  ],
});

/**
 * @param {string} url
 * @param {Member} other
 */
async function measureOurs(url, other) {
  /** @type {Map<number, SessionsUnderTest>} */
  const all = new Map();
  for (const size of SIZES) {
    const sessions = await ourSessions(`${url}/0`, `of-${size}`);
    all.set(size, sessions);
    await fillOurs(url, sessions, size);
    await begin(sessions, 'listed');
  }
  const of = (/** @type {number} */ size) => /** @type {Required<SessionsUnderTest>} */ (all.get(size));
  const largest = of(LARGEST);
  const row = (
    /** @type {string} */ name,
    /** @type {(size: number) => Promise<unknown>} */ call,
    options = {},
  ) => flatRow(`ours: ${name}`, call, { judged: true, ...options });
  calls.push(
    await row('`length`', (size) => of(size).length()),
    await row('`count(user)`', (size) => of(size).count('listed')),
    await row('`list(user)`', async (size) => assert.equal((await of(size).list('listed')).length, OWN)),
    await row('`destroyAll(user)`', async (size) => assert.equal(await of(size).destroyAll('ended'), OWN), {
      before: (/** @type {number} */ size) => begin(of(size), 'ended'),
      calls: 2,
    }),
  );
  const wait = (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ work, options = {}) =>
    bystanderRow(`ours: ${name}`, other, `${url}/1`, { work, judged: true, ...options });
  for (const [name, task] of /** @type {const} */ ([
    ['`length`', (/** @type {number} */ size) => ({ work: () => of(size).length() })],
    ['`list(user)`', (/** @type {number} */ size) => ({ work: () => of(size).list('listed') })],
    ['`destroyAll(user)`', (/** @type {number} */ size) => endingUsers(of(size))],
  ])) {
    const { work, ...rest } = task(LARGEST);
    waits.push(await wait(name, work, rest));
    waitsBySize.push(await wait(name, work, { ...rest, beside: task(SMALLEST) }));
  }
  const clear = (/** @type {number} */ size) => of(size).clear();
  const refill = async (/** @type {number} */ size) => {
    if ((await of(size).length()) === 0) await fillOurs(url, of(size), size);
  };
  clears.push(await flatRow('ours', clear, { before: refill, rounds: CLEAR_ROUNDS, calls: 1 }));
  waits.push(
    await wait('`clear`', () => clear(LARGEST), {
      before: () => refill(LARGEST),
      once: true,
      rounds: CLEAR_WAITS,
    }),
  );
  assert.equal(await largest.length(), 0);
  for (const sessions of all.values()) await sessions.close();
}

/**
 * @param {string} url
 * @param {Member} other
 */
async function measureRival(url, other) {
  /** @type {Map<number, SessionsUnderTest>} */
  const all = new Map();
  for (const [database, size] of SIZES.entries()) {
    const sessions = await connectRedis(`${url}/${database}`);
    all.set(size, sessions);
    await fillRival(url, sessions, size);
  }
  const of = (/** @type {number} */ size) => /** @type {SessionsUnderTest} */ (all.get(size));
  const largest = of(LARGEST);
  const few = { rounds: FEW_ROUNDS, calls: 1 };
  const length = async (/** @type {number} */ size) => assert.equal(await of(size).length(), size);
  calls.push(await flatRow('connect-redis: `length`', length, few));
  const wait = (
    /** @type {string} */ name,
    /** @type {import('./harness/bystander.mjs').Work} */ work,
    options = {},
  ) =>
    bystanderRow(`connect-redis: ${name}`, other, `${url}/${SIZES.length}`, {
      work,
      once: true,
      rounds: FEW_ROUNDS,
      ...options,
    });
  waits.push(await wait('`length`', () => largest.length()));
  const clear = (/** @type {number} */ size) => of(size).clear();
  const refill = (/** @type {number} */ size) => fillRival(url, of(size), size);
  clears.push(await flatRow('connect-redis', clear, { before: refill, ...few }));
  waits.push(await wait('`clear`', () => clear(LARGEST), { before: () => refill(LARGEST) }));
  for (const sessions of all.values()) await sessions.close();
}

/**
 * Makes sessions of ours, of which there are none.
 *
 * @param {string} url
 * @param {SessionsUnderTest} sessions
 * @param {number} size
 */
async function fillOurs(url, sessions, size) {
  const ids = Array.from({ length: SAMPLES }, drawId);
  for (const [index, id] of ids.entries()) await sessions.set(id, newSession(`sample-${index}`, BYTES));
  await multiplySessions(`${url}/0`, `of-${size}`, size - SAMPLES);
  assert.equal(await sessions.length(), size);
}

/**
 * @param {string} url
 * @param {SessionsUnderTest} sessions
 * @param {number} size
 */
async function fillRival(url, sessions, size) {
  const sample = `entry-${size}-`;
  await sessions.set(sample, newSession('somebody', BYTES));
  await multiply(`${url}/${SIZES.indexOf(size)}`, sample, size - 1);
}

/**
 * Ends all sessions of one user after the other.
 *
 * @param {Required<SessionsUnderTest>} sessions
 */
function endingUsers(sessions) {
  let user = 0;
  return {
    work: () => sessions.destroyAll(`ended-${(user += 1)}`),
    before: async () => {
      user = 0;
      for (let number = 1; number <= USERS; number++) await begin(sessions, `ended-${number}`);
    },
  };
}

/**
 * Begins the sessions of one user.
 *
 * @param {SessionsUnderTest} sessions
 * @param {string} user
 */
async function begin(sessions, user) {
  await Promise.all(Array.from({ length: OWN }, () => sessions.set(drawId(), newSession(user, BYTES))));
}
