import { readsByNodeAndKey } from './check-freshness.js';
import type { Moment } from './moment.js';
import type { History, ReadRecord, WriteRecord } from './record.js';
import type { Violation } from './violation.js';
import { concerns } from './world.js';

/**
 * A node that was given a value which was loaded after an acknowledged invalidation is not given one from before it again,
 * whatever delay it is allowed for its memory. Between the change of the database and the acknowledgement of its
 * invalidation new and old values may alternate: a load that may not fill sees the new one while the old one is still there.
 */
export function checkMonotonic(history: History): Violation[] {
  const writes = history.records
    .filter((one) => one.type === 'write')
    .filter(({ acknowledged, operation }) => acknowledged && operation !== 'expire')
    .toSorted((a, b) => a.end - b.end);
  return readsByNodeAndKey(history).flatMap(({ node, key, reads }) => {
    const proofs = seen(
      reads,
      writes.filter(({ change }) => concerns(change, key)),
    );
    let floor = 0;
    let at = 0;
    const violations: Violation[] = [];
    for (const { operation, start, value } of reads) {
      for (let next = proofs[at]; next !== undefined && next.end < start; next = proofs[++at]) {
        floor = Math.max(floor, next.version);
      }
      if (value === undefined || value.set !== undefined || value.version >= floor) continue;
      const text = `${operation} at ${start} gave version ${value.version} after ${floor} had been seen`;
      violations.push({ rule: 'monotonic', node: node.name, key, at: start, text });
    }
    return violations;
  });
}

/** From when on a node has seen which versions, whose invalidations had been acknowledged before it looked. */
function seen(
  reads: readonly ReadRecord[],
  writes: readonly WriteRecord[],
): { readonly end: Moment; readonly version: number }[] {
  const proofs: { end: Moment; version: number }[] = [];
  let acknowledged = 0;
  let at = 0;
  for (const { start, end, value } of reads) {
    for (let next = writes[at]; next !== undefined && next.end < start; next = writes[++at]) {
      acknowledged = Math.max(acknowledged, next.version);
    }
    if (value === undefined || value.set !== undefined || value.version < acknowledged) continue;
    proofs.push({ end, version: acknowledged });
  }
  return proofs.toSorted((a, b) => a.end - b.end);
}
