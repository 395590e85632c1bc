import { Lineage } from './lineage.js';
import type { VisitBounds } from './session-violation.js';
import { RENEWING, type Visit, type VisitOperation } from './visit.js';

/** All that is known of one person, who is the only one with his cookies. */
export class PersonHistory {
  readonly bounds: VisitBounds;
  readonly lineage: Lineage;
  /** Those that took a session away from an id, or tried to. */
  readonly endings: readonly Visit[];
  readonly logins: readonly Visit[];
  readonly #numbered = new Map<unknown, Visit>();
  readonly #succeeded = new Map<string, Visit[]>();
  readonly #renewals = new Map<string, Visit[]>();

  constructor(visits: readonly Visit[], bounds: VisitBounds) {
    this.bounds = bounds;
    this.lineage = new Lineage(visits);
    this.endings = visits.filter(({ operation }) => ENDING.includes(operation));
    this.logins = visits.filter(({ operation }) => operation === 'login');
    for (const visit of visits) {
      const { number, sent, told, status, operation } = visit;
      const id = told ?? sent;
      if (number !== undefined) this.#numbered.set(number, visit);
      if (id !== undefined && status === 200) add(this.#succeeded, id, visit);
      if (sent !== undefined && RENEWING.includes(operation)) add(this.#renewals, sent, visit);
    }
  }

  /** The request that was to store a number. */
  numbered(number: unknown): Visit | undefined {
    return this.#numbered.get(number);
  }

  /** The requests that succeeded, and had an id in the end, or one of those that its session had before. */
  succeededWith(id: string): Visit[] {
    return [...this.lineage.line(id)].flatMap((one) => this.#succeeded.get(one) ?? []);
  }

  /** What was to give the session of an id another one. */
  renewalsOf(id: string): readonly Visit[] {
    return this.#renewals.get(id) ?? [];
  }
}

const ENDING: readonly VisitOperation[] = [...RENEWING, 'regenerate', 'logout', 'end all'];

function add(to: Map<string, Visit[]>, id: string, visit: Visit): void {
  const list = to.get(id);
  if (list === undefined) to.set(id, [visit]);
  else list.push(visit);
}
