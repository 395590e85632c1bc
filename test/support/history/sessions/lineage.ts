import { RENEWING, type Visit } from './visit.js';

/** Which sessions of a person are the same one under another id. */
export class Lineage {
  readonly #births = new Map<string, Visit>();
  readonly #lines = new Map<string, ReadonlySet<string>>();

  constructor(visits: readonly Visit[]) {
    for (const visit of visits.toSorted((one, other) => one.end - other.end)) {
      const { told, sent, operation, held } = visit;
      if (told === undefined || told === sent || this.#births.has(told)) continue;
      this.#births.set(told, visit);
      const continues = RENEWING.includes(operation) && sent !== undefined && isSession(held);
      if (continues) this.#lines.set(told, new Set([told, ...this.line(sent)]));
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
}

/** Whether a request was given a session of which something is stored. */
export function isSession(held: Visit['held']): boolean {
  return held?.owner !== undefined;
}
