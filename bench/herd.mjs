import { READ_THROUGH } from './contenders/read-through.mjs';
import { medianInterval, quantile } from './harness/bootstrap.mjs';
import { withCrew } from './harness/crew.mjs';
import { now } from './harness/monotonic.mjs';
import { roundTrip, serverVersion, withRedis } from './harness/redis.mjs';
import { report } from './harness/report.mjs';
import { atMost, figure, ratioText, verdict } from './harness/target.mjs';

/** @typedef {import('./contenders/read-through.mjs').ReadThroughName} ReadThroughName */
/** @typedef {import('./harness/crew.mjs').Member} Member */
/** @typedef {import('./harness/crew-member.mjs').HerdResult} HerdResult */
/** @typedef {import('./harness/crew-member.mjs').Control} Control */
/** @typedef {ReadThroughName | Control} Subject */
/** @typedef {{ loads: number, p50: number, p99: number }} Round */

const CALLERS = 1_000;
/** How long the loader takes, in milliseconds. */
const LOAD = 50;
/** What the target allows beside the loader and two round trips, in milliseconds. */
const ALLOWANCE = 20;
const SIZES = [1, 2, 4, 8];
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 21);
/** Rounds that do not count: nothing is compiled yet. */
const WARM_UP = 3;
/** Until all processes have heard when to begin, in milliseconds. */
const LEAD = 30;
const TARGETS = new Set(['ours', 'memory']);

const TEXT = `1, 2, 4 and 8 processes ask for one cold key at the same moment, each with ${CALLERS} callers of \`getOrSet\` (\`wrap\`); the loader
takes ${LOAD} ms and gives 1 KB. Given are how often it ran per key, on average and at most, and how long callers waited: the median
and the 99th percentile of all callers of a round, as the median of ${ROUNDS} rounds with its 95 % interval.

What the machine adds by itself: with *timer* the same callers wait for a plain timer of ${LOAD} ms, one per process, and share what
it gives; with *copies* each of them parses one of its own. cache-manager and cacheable let all callers of a process share what the
loader gave, so that each can change what the others have; ours and bentocache do not.`;

const NOTES = `With 4 and 8 processes there are 4,000 and 8,000 callers at one moment on 2 cores, and each is given a copy of its own: *copies* is what
that takes alone. Ours stands above it by what 1,000 callers of a process take to be looked up,
joined and told, 10 µs each. Without memory nobody tells a process that another one has loaded: it asks again after a fifth of the time
that it has waited, so that a load of 50 ms is seen up to 15 ms late.`;

/** @type {Subject[]} */
const subjects = ['timer', 'copies', .../** @type {ReadThroughName[]} */ (Object.keys(READ_THROUGH))];

await withRedis(async (url) => {
  const trip = await roundTrip(url);
  const bound = LOAD + 2 * trip + ALLOWANCE;
  const sections = [];
  for (const size of SIZES) {
    const rows = await withCrew(size, async (crew) =>
      rowsOf(await opened(crew, url), await herds(crew), bound),
    );
    const title = size === 1 ? 'One process' : `${size} processes`;
    sections.push({ title, head: ['', 'loads', 'median, ms', 'p99, ms', 'target', '', 'timer + ms'], rows });
  }
  report('herd', {
    title: 'A herd of callers',
    text: `${TEXT}\n\nTarget: one load, and a p99 of at most the loader, two round trips (${figure(trip)} ms each) and ${ALLOWANCE} ms.`,
    notes: NOTES,
    versions: [`Redis ${await serverVersion(url)}`],
    sections,
  });
});

/**
 * Makes every cache in every process, and says how they are called.
 *
 * @param {readonly Member[]} crew
 * @param {string} url
 * @returns {Promise<string[]>}
 */
async function opened(crew, url) {
  const names = [];
  for (const name of subjects) {
    if (isControl(name)) names.push(`*${name}*`);
    else names.push((await Promise.all(crew.map((one) => one.ask({ type: 'open', name, url }))))[0]);
  }
  return /** @type {string[]} */ (names);
}

/**
 * @param {readonly Member[]} crew
 * @returns {Promise<Map<Subject, Round[]>>}
 */
async function herds(crew) {
  const rounds = new Map(subjects.map((name) => [name, /** @type {Round[]} */ ([])]));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    // Who follows whom changes from round to round.
    const order = round % 2 === 0 ? subjects : subjects.toReversed();
    for (const name of order) {
      const result = await herd(crew, name, `herd:${crew.length}:${round}`);
      if (round >= 0) rounds.get(name)?.push(result);
    }
  }
  return rounds;
}

/**
 * @param {readonly Member[]} crew
 * @param {Subject} name
 * @param {string} key
 * @returns {Promise<Round>}
 */
async function herd(crew, name, key) {
  const order = { type: /** @type {const} */ ('herd'), name, key, callers: CALLERS, load: LOAD };
  const at = now() + LEAD;
  /** @type {HerdResult[]} */
  const results = await Promise.all(crew.map((one) => one.ask({ ...order, at })));
  const latencies = results.flatMap((one) => one.latencies);
  const loads = results.reduce((sum, one) => sum + one.loads, 0);
  return { loads, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

/**
 * @param {readonly string[]} names
 * @param {Map<Subject, Round[]>} rounds
 * @param {number} bound
 */
function rowsOf(names, rounds, bound) {
  const idle = p99Of(rounds.get('timer') ?? []).estimate;
  return subjects.map((name, index) => {
    const all = rounds.get(name) ?? [];
    const loads = all.map((one) => one.loads);
    const p99 = p99Of(all);
    const target = TARGETS.has(name) ? atMost(Number(bound.toFixed(1))) : undefined;
    const mean = loads.reduce((sum, one) => sum + one, 0) / loads.length;
    return [
      names[index] ?? name,
      isControl(name) ? '' : `${figure(mean)}, ${Math.max(...loads)}`,
      figure(medianInterval(all.map((one) => one.p50)).estimate),
      ratioText(p99),
      ...verdict(target, p99),
      name === 'timer' ? '' : figure(p99.estimate - idle),
    ];
  });
}

/** @param {readonly Round[]} all */
function p99Of(all) {
  return medianInterval(all.map((one) => one.p99));
}

/**
 * @param {Subject} name
 * @returns {name is Control}
 */
function isControl(name) {
  return name === 'timer' || name === 'copies';
}
