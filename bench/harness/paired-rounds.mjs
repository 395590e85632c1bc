import { applyLoad, collectGarbage, ownCpu, warmUp } from './load.mjs';

/** @typedef {import('./load.mjs').Operation} Operation */
/** @typedef {import('./load.mjs').Cost} Cost */
/** @typedef {import('./load.mjs').CpuMeter} CpuMeter */

/**
 * Somebody who does the same work as we do; `cpu` = where, if not in this process.
 *
 * @typedef {{ name: string, operation: Operation, cpu?: CpuMeter | undefined }} Contender
 */

/**
 * The costs of ours and of a rival, measured one right after the other, round by round.
 *
 * @typedef {{ rival: string, ours: Cost[], theirs: Cost[] }} Comparison
 */

/** Milliseconds of CPU time. */
const WARM_UP = 400;
const ROUNDS = Math.max(15, Number(process.env['BENCH_ROUNDS'] ?? 21));
/** Milliseconds of CPU time. */
const SLICE = Number(process.env['BENCH_SLICE'] ?? 60);

/**
 * Compares ours with each rival. In each round both have one slice of about 60 ms of CPU time, next to each other, so that a machine
 * that slows down slows both; who is first alternates from round to round.
 *
 * @param {Contender} ours
 * @param {readonly Contender[]} rivals
 * @param {{ callers: number, rounds?: number }} options
 * @returns {Promise<Comparison[]>}
 */
export async function pairedRounds(ours, rivals, { callers, rounds = ROUNDS }) {
  const measureOurs = await sliceOf(ours, callers);
  const pairs = [];
  for (const rival of rivals) pairs.push({ measureTheirs: await sliceOf(rival, callers), rival });
  const comparisons = rivals.map(({ name }) => ({
    rival: name,
    ours: /** @type {Cost[]} */ ([]),
    theirs: /** @type {Cost[]} */ ([]),
  }));
  collectGarbage('major');
  for (const { measureTheirs } of [{ measureTheirs: measureOurs }, ...pairs]) await measureTheirs();
  for (let round = 0; round < rounds; round++) {
    for (const [index, { measureTheirs }] of pairs.entries()) {
      const comparison = /** @type {Comparison} */ (comparisons[index]);
      if (round % 2 === 0) comparison.ours.push(await measureOurs());
      comparison.theirs.push(await measureTheirs());
      if (round % 2 === 1) comparison.ours.push(await measureOurs());
    }
  }
  return comparisons;
}

/**
 * Warms a contender up and gives what runs one slice of it.
 *
 * @param {Contender} contender
 * @param {number} callers
 * @returns {Promise<() => Promise<Cost>>}
 */
async function sliceOf({ operation, cpu = ownCpu }, callers) {
  const took = await warmUp(operation, { callers, milliseconds: WARM_UP, cpu });
  const count = Math.max(callers * 4, Math.round((SLICE * 1_000) / took));
  return () => applyLoad(operation, { callers, count, cpu });
}
