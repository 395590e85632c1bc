import type { Moment } from './moment.js';
import type { FaultRecord, History, ReadRecord } from './record.js';
import type { Bounds, Violation } from './violation.js';

/** What can be said of each read by itself: it gives the value of its key, it ends in time, and it ends well. */
export function checkReads(history: History, bounds: Bounds): Violation[] {
  const faults = history.records.filter(
    (one) => one.type === 'fault' && (one.frozen !== undefined || one.deaf !== undefined),
  ) as FaultRecord[];
  const violations: Violation[] = [];
  for (const read of history.records) {
    if (read.type !== 'read') continue;
    const { node, key, start: at } = read;
    for (const [rule, text] of breaches(read, faults, bounds)) violations.push({ rule, node, key, at, text });
  }
  return violations;
}

function* breaches(
  read: ReadRecord,
  faults: readonly FaultRecord[],
  { delay, patience }: Bounds,
): Generator<[Violation['rule'], string]> {
  const { operation, value, start, end } = read;
  if (value !== undefined && value.key !== read.key) yield ['identity', `${operation} gave ${value.key}`];
  if (read.failed !== undefined) yield ['answer', `${operation} at ${start} failed: ${read.failed}`];
  const frozen = faults.some((one) => one.frozen === read.node && one.start < end && one.end > start);
  if (end - start > patience && !frozen) {
    yield ['answer', `${operation} at ${start} took ${Math.round((end - start) / 1_000)} ms`];
  }
  if (operation === 'peek' && value !== undefined && isDeaf(read.node, start, faults, delay)) {
    yield ['deafness', `peek at ${start} gave version ${value.version} while nobody could tell of changes`];
  }
}

/** Whether the channel of a node had been silent for longer than it may be trusted for. */
function isDeaf(node: string, at: Moment, faults: readonly FaultRecord[], delay: Moment): boolean {
  return faults.some(
    ({ deaf, start, end }) => deaf?.includes(node) === true && start + delay < at && at < end,
  );
}
