import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds by the monotonic clock of the machine, which all its processes share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Waits until a moment of that clock, more exactly than a timer does.
 *
 * @param {number} moment
 */
export async function until(moment) {
  const left = moment - now();
  if (left > 4) await sleep(left - 4);
  while (now() < moment) await turn();
}
