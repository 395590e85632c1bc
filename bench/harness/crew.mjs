import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * A process of its own that does as it is told, one order after the other. What it can do stands in `crew-member.mjs`.
 *
 * @typedef {{ ask: <T>(order: import('./crew-member.mjs').Order) => Promise<T> }} Member
 */

/**
 * Runs `work` with so many processes beside this one, at least one. They end with `work`.
 *
 * @template T
 * @param {number} count
 * @param {(crew: readonly [Member, ...Member[]]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withCrew(count, work) {
  const file = fileURLToPath(new URL('crew-member.mjs', import.meta.url));
  const processes = Array.from({ length: count }, () => fork(file, { serialization: 'advanced' }));
  const kill = () => processes.forEach((one) => one.kill('SIGKILL'));
  process.once('exit', kill);
  try {
    return await work(/** @type {[Member, ...Member[]]} */ (processes.map(memberOf)));
  } finally {
    process.off('exit', kill);
    const ended = Promise.all(processes.map((one) => one.exitCode ?? once(one, 'exit')));
    for (const one of processes) if (one.connected) one.disconnect();
    await ended;
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Member}
 */
function memberOf(child) {
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let count = 0;
  child.on(
    'message',
    (/** @type {{ id: number, answer?: unknown, error?: string }} */ { id, answer, error }) => {
      const one = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) one?.resolve(answer);
      else one?.reject(new Error(error));
    },
  );
  child.on('exit', () => {
    for (const one of waiting.values()) one.reject(new Error('A process of the benchmark has ended.'));
  });
  return {
    ask: (order) =>
      new Promise((resolve, reject) => {
        const id = (count += 1);
        waiting.set(id, { resolve, reject });
        child.send({ id, order });
      }),
  };
}
