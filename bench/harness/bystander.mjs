import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { medianInterval, quantile } from './bootstrap.mjs';
import { now } from './monotonic.mjs';
import { atMost, figure, ratioText, verdict } from './target.mjs';

/** @typedef {import('./crew.mjs').Member} Member */
/** @typedef {import('./crew-member.mjs').ReadResult} ReadResult */
/** @typedef {() => Promise<unknown>} Work */
/** @typedef {{ work: Work, before?: Work }} Task `before` runs ahead of each window and is not measured */

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 21);
/** How long calls are repeated, and the pause between two, in milliseconds. */
const WINDOW = 500;
const PACE = 5;
const BOUND = 1.1;

/** What the columns of a row say. */
export const BYSTANDER_HEAD = bystanderHead('PINGs');

/** @param {string} rest what goes on in the windows that others are compared with */
export function bystanderHead(rest) {
  return ['', `p99 beside ${rest}, ms`, 'meanwhile, ms', 'longest, ms', 'ratio', 'target', ''];
}

/** What stands above such a table. */
export const BYSTANDER_TEXT = `A client of another process gets one key every millisecond. Meanwhile the process that is measured, for half a second each and in
turns, sends a PING every ${PACE} ms, or does as often what is named. Where that is one long call, it is done once.`;

/**
 * Measures how long others wait while something is done, and gives a row of a table. Targets are those of ours.
 *
 * @param {string} name
 * @param {Member} other
 * @param {string} url of what the others read
 * @param {Task & { once?: boolean, rounds?: number, judged?: boolean, beside?: Task }} what `once` = `work` is not repeated;
 *   `beside` takes the place of the PINGs
 */
export function bystanderRow(name, other, url, { once, rounds = ROUNDS, judged = false, beside, ...task }) {
  return withPings(url, async (pings) => {
    const meanwhile = async () => {
      await task.before?.();
      return waits(other, url, once === true ? task.work : () => repeated(task.work));
    };
    const atRest = async () => {
      await beside?.before?.();
      return waits(other, url, beside === undefined ? pings : () => repeated(beside.work));
    };
    await atRest();
    /** @type {number[][]} */
    const rest = [];
    /** @type {number[][]} */
    const busy = [];
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) rest.push(await atRest());
      busy.push(await meanwhile());
      if (round % 2 === 1) rest.push(await atRest());
    }
    return rowOf(name, rest, busy, judged);
  });
}

/**
 * The same for what goes on in the background from when `start` was called: first all the windows without it, then those
 * beside it.
 *
 * @param {string} name
 * @param {Member} other
 * @param {string} url
 * @param {{ start: Work, judged?: boolean }} what
 */
export function backgroundRow(name, other, url, { start, judged = false }) {
  return withPings(url, async (pings) => {
    const windows = async () => {
      const all = [];
      for (let round = 0; round < ROUNDS; round++) all.push(await waits(other, url, pings));
      return all;
    };
    await waits(other, url, pings);
    const rest = await windows();
    await start();
    return rowOf(name, rest, await windows(), judged);
  });
}

/**
 * @param {string} name
 * @param {readonly number[][]} rest
 * @param {readonly number[][]} busy
 * @param {boolean} judged
 */
function rowOf(name, rest, busy, judged) {
  const [quiet = [], loud = []] = [rest, busy].map((all) => all.map((one) => quantile(one, 0.99)));
  const ratio = medianInterval(loud.map((one, round) => one / (quiet[round] ?? NaN)));
  return [
    name,
    figure(medianInterval(quiet).estimate),
    figure(medianInterval(loud).estimate),
    figure(quantile(busy.flat(), 1)),
    ratioText(ratio),
    ...verdict(judged ? atMost(BOUND) : undefined, ratio),
  ];
}

/**
 * @template T
 * @param {string} url
 * @param {(pings: Work) => Promise<T>} use
 */
async function withPings(url, use) {
  const client = createClient({ url });
  // What fails beside it is to be told, and not that the server ended with it.
  client.on('error', () => undefined);
  await client.connect();
  const row = await use(() => repeated(() => client.ping()));
  await client.close();
  return row;
}

/**
 * How long the reads of another process took that were sent while `work` ran.
 *
 * @param {Member} other
 * @param {string} url
 * @param {Work} work
 */
async function waits(other, url, work) {
  await other.ask({ type: 'read', url });
  await sleep(20);
  const since = now();
  await work();
  const end = now();
  /** @type {ReadResult[]} */
  const reads = await other.ask({ type: 'stop' });
  return reads.filter(({ at }) => at >= since && at <= end).map(({ took }) => took);
}

/** @param {Work} work */
async function repeated(work) {
  for (const end = now() + WINDOW; now() < end; await sleep(PACE)) await work();
}
