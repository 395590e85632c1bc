import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * What one slice of load cost, in microseconds per operation.
 *
 * `wall` is elapsed time, `cpu` the user and system time of a process with all its threads, without Redis: of this one, where
 * nothing else is said.
 *
 * @typedef {{ wall: number, cpu: number }} Cost
 */

/**
 * An operation under load; `index` counts the operations of a slice.
 *
 * @typedef {(index: number) => unknown} Operation
 */

/**
 * Gives the CPU time that a process has used, in microseconds.
 *
 * @typedef {() => number | Promise<number>} CpuMeter
 */

/** @type {CpuMeter} */
export function ownCpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Runs an operation `count` times, with `callers` of them under way at any time: each caller starts its next one when the
 * one before it is answered. Before that garbage of earlier slices is collected and input that has arrived is handled: a
 * caller who never waits for more than a promise starves timers and sockets, and with them the connections of others.
 *
 * @param {Operation} operation
 * @param {{ callers: number, count: number, cpu?: CpuMeter }} load
 * @returns {Promise<Cost>}
 */
export async function applyLoad(operation, { callers, count, cpu = ownCpu }) {
  collectGarbage('minor');
  await turn();
  await turn();
  const left = { operations: count, next: 0 };
  const cpuBefore = await cpu();
  const before = performance.now();
  if (callers === 1) await call(operation, left);
  else await Promise.all(Array.from({ length: callers }, () => call(operation, left)));
  const wall = (performance.now() - before) * 1_000;
  const used = (await cpu()) - cpuBefore;
  return { wall: wall / count, cpu: used / count };
}

/**
 * Runs an operation for about `milliseconds` of CPU time, so that it is compiled and its caches are warm, and gives the
 * microseconds that it took towards the end. By CPU time, since on a busy machine little happens in a given wall time.
 *
 * @param {Operation} operation
 * @param {{ callers: number, milliseconds: number, cpu?: CpuMeter }} options
 * @returns {Promise<number>}
 */
export async function warmUp(operation, { callers, milliseconds, cpu: meter = ownCpu }) {
  let count = callers * 10;
  let last = 0;
  for (let used = 0; used < milliseconds * 1_000; count *= 2) {
    const { cpu } = await applyLoad(operation, { callers, count, cpu: meter });
    used += cpu * count;
    last = cpu;
  }
  return last;
}

/**
 * Settles the heap, so that no slice pays for the garbage of the one before it.
 *
 * Between slices the young generation only: after a full collection V8 drops hidden classes that have no live object, and
 * with them compiled code of the contenders who wait for their turn.
 *
 * @param {'minor' | 'major'} type
 */
export function collectGarbage(type) {
  if (typeof globalThis.gc !== 'function') throw new Error('Run node with --expose-gc.');
  if (type === 'minor') globalThis.gc({ type, execution: 'sync' });
  else globalThis.gc();
}

/**
 * @param {Operation} operation
 * @param {{ operations: number, next: number }} left
 */
async function call(operation, left) {
  while (left.operations > 0) {
    left.operations -= 1;
    await operation(left.next++);
  }
}
