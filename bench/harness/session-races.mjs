import assert from 'node:assert/strict';
import { beginSession, visit } from './visitor.mjs';

/**
 * An application with sessions that runs twice, on one Redis.
 *
 * @typedef {{ name: string, ports: readonly [number, number], judged: boolean }} TwinApps
 */

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 21);
const WRITERS = [2, 8, 64];

/** What the columns of `lostUpdatesRow` say. */
export const LOST_HEAD = ['', ...WRITERS.map((count) => `${count} writers`), 'target', ''];

/** What the columns of `revivedRow` say. */
export const REVIVED_HEAD = [
  '',
  'revived by a reader',
  'revived by a writer',
  'logins undone by a reader',
  'target',
  '',
];

/**
 * Counts what is lost when all of some requests have read a session before any of them writes a field of its own, and gives a
 * row of a table.
 *
 * @param {TwinApps} apps
 */
export async function lostUpdatesRow(apps) {
  const counts = [];
  for (const writers of WRITERS) {
    let lost = 0;
    for (let round = 0; round < ROUNDS; round++) lost += await lostUpdates(apps, writers);
    counts.push({ count: lost, of: writers * ROUNDS });
  }
  return rowOf(apps, counts);
}

/**
 * Counts the sessions that a request brings back which was under way when they were ended, and the logins that such a request
 * takes from the browser by a cookie of the session before it.
 *
 * @param {TwinApps} apps
 */
export async function revivedRow(apps) {
  const counts = [];
  for (const scenario of [revivedBy('look'), revivedBy('note?field=seen'), undone]) {
    let count = 0;
    for (let round = 0; round < ROUNDS; round++) if (await scenario(apps)) count += 1;
    counts.push({ count, of: ROUNDS });
  }
  return rowOf(apps, counts);
}

/**
 * @param {TwinApps} apps
 * @param {number} writers half of them in each process
 */
async function lostUpdates({ ports }, writers) {
  const cookie = await beginSession(ports[0]);
  const fields = Array.from({ length: writers }, (_, index) => `field-${index}`);
  const writes = fields.map((field, index) =>
    visit(ports[index % 2 === 0 ? 0 : 1], `/session/note?field=${field}`, cookie),
  );
  await Promise.all(ports.map((port) => visit(port, `/gate?count=${writers / 2}`)));
  await Promise.all(ports.map((port) => visit(port, '/gate/open')));
  for (const { status } of await Promise.all(writes)) assert.equal(status, 200);
  const { body } = await visit(ports[0], '/session/fields', cookie);
  const found = new Set(body);
  return fields.filter((field) => !found.has(field)).length;
}

/**
 * Whether the cookie of a session that was ended is worth something again.
 *
 * @param {string} slow what is under way meanwhile
 */
function revivedBy(slow) {
  return async (/** @type {TwinApps} */ { ports }) => {
    const cookie = await beginSession(ports[0]);
    await meanwhile(ports[0], `/session/${slow}`, cookie, () => visit(ports[1], '/session/end', cookie));
    const { body } = await visit(ports[1], '/session', cookie);
    return body.user !== undefined;
  };
}

/** Whether a browser has another cookie at the end than the one that its login has given to it. */
async function undone(/** @type {TwinApps} */ { ports }) {
  const before = await beginSession(ports[0]);
  /** @type {string | undefined} */
  let cookie;
  const slow = await meanwhile(ports[0], '/session/look', before, async () => {
    cookie = (await visit(ports[1], '/session/login', before)).cookie;
  });
  const { body } = await visit(ports[1], '/session', cookie);
  assert.equal(body.user, 'user-2');
  return slow.cookie !== undefined && slow.cookie !== cookie;
}

/**
 * Does something while a request waits that has read its session.
 *
 * @param {number} port
 * @param {string} path
 * @param {string} cookie
 * @param {() => Promise<unknown>} work
 */
async function meanwhile(port, path, cookie, work) {
  const slow = visit(port, path, cookie);
  await visit(port, '/gate?count=1');
  await work();
  await visit(port, '/gate/open');
  return slow;
}

/**
 * @param {TwinApps} apps
 * @param {readonly { count: number, of: number }[]} counts
 */
function rowOf({ name, judged }, counts) {
  const cells = counts.map(({ count, of }) => `${count} of ${of}`);
  const none = counts.every(({ count }) => count === 0);
  return [name, ...cells, ...(judged ? ['0', none ? 'reached' : '**missed**'] : ['', ''])];
}
