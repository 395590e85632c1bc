import { isSession } from './lineage.js';
import type { PersonHistory } from './person-history.js';
import type { Visit } from './visit.js';

/** What a request was given that was never stored in the session of its id. */
export function isMixedUp(
  sent: string,
  { held = {}, person, end }: Visit,
  history: PersonHistory,
): string | undefined {
  const { owner, user, ...numbers } = held;
  const line = history.lineage.line(sent);
  const first = history.lineage.birthOf([...line].at(-1) as string);
  if (owner !== `${person}/${first?.number}`) return `is of ${owner}, and was begun by ${first?.number}`;
  if (user !== undefined && user !== person) return `is used by ${user}`;
  for (const [tab, number] of Object.entries(numbers)) {
    const write = history.numbered(number);
    if (write?.tab !== tab || write.start > end) return `holds ${tab} = ${number}`;
    const ids = [write.sent, write.told].filter((id) => id !== undefined);
    // Who had no id, and was told none, may have begun any session.
    if (ids.length > 0 && !ids.some((id) => line.has(id)))
      return `holds ${tab} = ${number} of another session`;
  }
  return undefined;
}

/** What a request was not given that is stored in the session of its id, or was seen there. */
export function hasLostUpdate(
  sent: string,
  { held = {}, start, end }: Visit,
  history: PersonHistory,
): string | undefined {
  // What had another id may read what it held then.
  if (history.renewalsOf(sent).some((one) => one.start <= end)) return undefined;
  for (const earlier of history.succeededWith(sent)) {
    if (earlier.end > start) continue;
    for (const [tab, number] of Object.entries(knownBy(earlier))) {
      if (numberIn(held, tab) < number) {
        return `${tab} = ${number} was stored or seen by ${earlier.end}, and is ${numberIn(held, tab)}`;
      }
    }
  }
  return undefined;
}

/** The numbers that stand in a session, as a request that succeeded has seen and stored them. */
function knownBy({ sent, told = sent, held, tab, number }: Visit): Record<string, number> {
  const seen = sent === told && isSession(held) ? Object.entries(held ?? {}) : [];
  const numbers = seen.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { ...Object.fromEntries(numbers), ...(number !== undefined && { [tab]: number }) };
}

function numberIn(held: NonNullable<Visit['held']>, tab: string): number {
  return Number(held[tab] ?? 0);
}
