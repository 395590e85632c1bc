import { ms, type Moment } from '../moment.js';
import { isSession, type Lineage } from './lineage.js';
import type { PersonHistory } from './person-history.js';
import { RENEWING, type Visit } from './visit.js';

/** What had ended the session that a request was given for an id. */
export function isRevived(sent: string, visit: Visit, history: PersonHistory): string | undefined {
  if (mayBeFormer(sent, visit, history)) return undefined;
  const { start } = visit;
  const ending = history.endings.find((one) => one.end <= start && hasEnded(one, sent, start, history));
  return ending && `${ending.operation} of ${ending.start} to ${ending.end} had ended it`;
}

/** Why a request that came with an id should have been given a session. */
export function isLost(sent: string, { end }: Visit, history: PersonHistory): string | undefined {
  const mayEnd = history.endings.some((one) => one.start <= end && mayHaveEnded(one, sent, history));
  return mayEnd ? undefined : 'nothing has ended it';
}

/** Whether a request that succeeded has ended the session of an id, by a moment after that. */
function hasEnded(ending: Visit, id: string, at: Moment, history: PersonHistory): boolean {
  const { operation, status, sent, told, held, end, grace = 0 } = ending;
  if (status !== 200) return false;
  if (operation === 'end all') return wasSignedIn(id, ending.start, history);
  if (sent === undefined || !isSession(held)) return false;
  // What had another id by then was ended by its former one, too.
  if (operation === 'logout' || operation === 'regenerate') return history.lineage.line(id).has(sent);
  const isRenewed = RENEWING.includes(operation) && sent === id && told !== undefined && told !== sent;
  return isRenewed && at > end + ms(grace) + history.bounds.delay;
}

/** Whether a request may have ended the session of an id, be it that nobody was told. */
function mayHaveEnded(ending: Visit, id: string, { logins, lineage }: PersonHistory): boolean {
  const { operation, status, sent, held } = ending;
  if (status === 409) return false;
  if (operation === 'end all') return logins.some((one) => maySignIn(one, id, lineage));
  if (sent === undefined || !isSession(held)) return false;
  if (operation === 'logout' || operation === 'regenerate') return lineage.line(id).has(sent);
  return RENEWING.includes(operation) && sent === id;
}

/** Whether an id may be one that reads for a while what the session held when it got another one, whatever became of that. */
function mayBeFormer(id: string, { start, end }: Visit, history: PersonHistory): boolean {
  return history.renewalsOf(id).some((one) => {
    const { grace = 0 } = one;
    return one.start <= end && grace > 0 && start < one.end + ms(grace) + history.bounds.delay;
  });
}

/** Whether somebody was signed in with an id, for sure, before a moment. */
function wasSignedIn(id: string, before: Moment, { logins, lineage }: PersonHistory): boolean {
  const line = lineage.line(id);
  return logins.some(({ told, status, end }) => {
    return status === 200 && end <= before && told !== undefined && line.has(told);
  });
}

/** Whether a request may have signed somebody in with an id. */
function maySignIn({ sent, told }: Visit, id: string, lineage: Lineage): boolean {
  const line = lineage.line(id);
  return [sent, told].some((one) => one !== undefined && line.has(one));
}
