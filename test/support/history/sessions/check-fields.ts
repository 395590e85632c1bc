import type { PersonHistory } from './session-violation.js';
import { isSession } from './lineage.js';
import { RENEWING, type Visit } from './visit.js';

/** What a request was given that was never stored in the session of its id. */
export function isMixedUp(
  sent: string,
  { held = {}, person, end }: Visit,
  { visits, lineage }: PersonHistory,
): string | undefined {
  const { owner, user, ...numbers } = held;
  const line = lineage.line(sent);
  const first = lineage.birthOf([...line].at(-1) as string);
  if (owner !== `${person}/${first?.number}`) return `is of ${owner}, and was begun by ${first?.number}`;
  if (user !== undefined && user !== person) return `is used by ${user}`;
  for (const [tab, number] of Object.entries(numbers)) {
    const write = visits.find((one) => one.number === number && one.tab === tab);
    if (write === undefined || write.start > end) return `holds ${tab} = ${number}`;
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
  { visits, lineage }: PersonHistory,
): string | undefined {
  // What had another id may read what it held then.
  const mayBeFormer = visits.some(
    (one) => RENEWING.includes(one.operation) && one.sent === sent && one.start <= end,
  );
  if (mayBeFormer) return undefined;
  const line = lineage.line(sent);
  for (const earlier of visits) {
    const id = earlier.told ?? earlier.sent;
    if (earlier.end > start || earlier.status !== 200 || id === undefined || !line.has(id)) continue;
    for (const [tab, number] of Object.entries(knownBy(earlier, id))) {
      if (numberIn(held, tab) < number) {
        return `${tab} = ${number} was stored or seen by ${earlier.end}, and is ${numberIn(held, tab)}`;
      }
    }
  }
  return undefined;
}

/** The numbers that stand in the session of an id, as a request that succeeded has seen and stored them. */
function knownBy({ sent, held, tab, number }: Visit, id: string): Record<string, number> {
  const seen = sent === id && isSession(held) ? Object.entries(held ?? {}) : [];
  const numbers = seen.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { ...Object.fromEntries(numbers), ...(number !== undefined && { [tab]: number }) };
}

function numberIn(held: NonNullable<Visit['held']>, tab: string): number {
  return Number(held[tab] ?? 0);
}
