import type { Moment } from '../moment.js';
import type { Visit } from './visit.js';

/** What sessions promise. */
export type SessionRule =
  /** What was answered 200 is there, and what was seen does not go back. */
  | 'lost update'
  /** What was ended stays ended. */
  | 'revived'
  /** Nobody loses a session that nothing has ended. */
  | 'lost session'
  /** What a session holds was stored there. */
  | 'mixed up'
  /** Every request is answered, in time, with a status that says what became of it. */
  | 'answer';

/** A breach of a promise. */
export interface SessionViolation {
  readonly rule: SessionRule;
  readonly visit: Visit;
  readonly text: string;
}

/** What a history of visits is measured by, in microseconds. */
export interface VisitBounds {
  /** The longest that a request may take. */
  readonly patience: Moment;
  /** How much longer than its grace a former id may read something. */
  readonly delay: Moment;
}

/** Violations as lines, the first ones in full. */
export function toldVisits(violations: readonly SessionViolation[]): string {
  const lines = violations.slice(0, 10).map(({ rule, visit, text }) => {
    const { person, tab, operation, host, status, start, end } = visit;
    return `${rule}: ${person} ${tab}, ${operation} on ${host} (${status}, ${start} to ${end}): ${text}`;
  });
  const rest = violations.length - lines.length;
  return [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}
