import { RENEWING, type Visit } from './visit.js';

/** Which sessions of a person are the same one under another id. */
export class Lineage {
  readonly #births = new Map<string, Visit>();
  readonly #owners = new Map<string, string>();
  readonly #lines = new Map<string, ReadonlySet<string>>();

  constructor(visits: readonly Visit[]) {
    for (const { sent, told, held, operation, person, number } of visits) {
      if (sent !== undefined && held?.owner !== undefined) this.#owners.set(sent, held.owner);
      const begins = !RENEWING.includes(operation) || (held !== undefined && !isSession(held));
      if (begins && told !== undefined && told !== sent) this.#owners.set(told, `${person}/${number}`);
    }
    for (const visit of visits.toSorted((one, other) => one.end - other.end)) {
      const { told, sent } = visit;
      if (told === undefined || told === sent || this.#births.has(told)) continue;
      this.#births.set(told, visit);
      if (this.#continues(visit, told)) {
        this.#lines.set(told, new Set([told, ...this.line(visit.sent as string)]));
      }
    }
  }

  /** An id, and those that its session had before, the first one last. */
  line(id: string): ReadonlySet<string> {
    return this.#lines.get(id) ?? new Set([id]);
  }

  /** The request that was told an id for the first time. */
  birthOf(id: string): Visit | undefined {
    return this.#births.get(id);
  }

  /** Whether the id that a request was told is another one of the session that it came with, and not of a new session. */
  #continues({ operation, sent }: Visit, told: string): boolean {
    if (!RENEWING.includes(operation) || sent === undefined) return false;
    const owner = this.#owners.get(sent);
    const now = this.#owners.get(told);
    return owner !== undefined && (now === undefined || now === owner);
  }
}

/** Whether a request was given a session of which something is stored. */
export function isSession(held: Visit['held']): boolean {
  return held?.owner !== undefined;
}
