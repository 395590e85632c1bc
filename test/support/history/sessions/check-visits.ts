import { isLost, isRevived } from './check-endings.js';
import { hasLostUpdate, isMixedUp } from './check-fields.js';
import { isSession } from './lineage.js';
import { PersonHistory } from './person-history.js';
import type { SessionRule, SessionViolation, VisitBounds } from './session-violation.js';
import { RENEWING, WRITING, type Visit } from './visit.js';

/** Everything in a history of visits that must not be. */
export function checkVisits(visits: readonly Visit[], bounds: VisitBounds): SessionViolation[] {
  const people = [...new Set(visits.map(({ person }) => person))];
  return people.flatMap((person) => {
    const own = visits.filter((visit) => visit.person === person);
    const history = new PersonHistory(own, bounds);
    return own.flatMap((visit) => violationsOf(visit, history));
  });
}

function violationsOf(visit: Visit, history: PersonHistory): SessionViolation[] {
  const texts: Partial<Record<SessionRule, string | undefined>> = { answer: answerOf(visit, history) };
  const { sent, held } = visit;
  if (sent !== undefined && isSession(held)) {
    texts.revived = isRevived(sent, visit, history);
    texts['mixed up'] = isMixedUp(sent, visit, history);
    texts['lost update'] = hasLostUpdate(sent, visit, history);
  } else if (sent !== undefined && held !== undefined) {
    texts['lost session'] = isLost(sent, visit, history);
  }
  return Object.entries(texts).flatMap(([rule, text]) =>
    text === undefined ? [] : [{ rule: rule as SessionRule, visit, text }],
  );
}

/** What is wrong with the answer to a request by itself. */
function answerOf(visit: Visit, { bounds }: PersonHistory): string | undefined {
  const { status, start, end, told, held, operation } = visit;
  if (end - start > bounds.patience) return `took ${Math.round((end - start) / 1_000)} ms`;
  if (![200, 409, 503].includes(status)) return 'is no answer';
  // A session that has got another id is lost to a browser that is not told.
  if (status !== 200 && told !== undefined && !RENEWING.includes(operation))
    return 'failed, and gave a cookie';
  const stores = status === 200 && WRITING.includes(operation);
  return stores && told === undefined && !isSession(held) ? 'stored something nowhere' : undefined;
}
