import { checkFreshness } from './check-freshness.js';
import { checkLoads } from './check-loads.js';
import { checkMonotonic } from './check-monotonic.js';
import { checkReads } from './check-reads.js';
import type { History } from './record.js';
import type { Bounds, Violation } from './violation.js';

/** Everything in a history that must not be. */
export function checkHistory(history: History, bounds: Bounds): Violation[] {
  return [
    ...checkReads(history, bounds),
    ...checkFreshness(history, bounds),
    ...checkMonotonic(history),
    ...checkLoads(history),
  ];
}

/** Violations as lines, the first ones in full. */
export function told(violations: readonly Violation[]): string {
  const lines = violations
    .slice(0, 10)
    .map(({ rule, node, key, text }) => `${rule}: ${node} ${key}: ${text}`);
  const rest = violations.length - lines.length;
  return [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}
