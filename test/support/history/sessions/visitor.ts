import { send } from '../../../e2e/http/http-client.js';
import { moment, type Moment } from '../moment.js';
import type { Random } from '../random.js';
import type { VisitedApp } from './visited-app.js';
import { WRITING, type Visit, type VisitOperation } from './visit.js';

/** How often a tab does what. */
const WEIGHTS: Record<VisitOperation, number> = {
  read: 20,
  write: 60,
  rotate: 5,
  login: 5,
  regenerate: 3,
  logout: 3,
  'end all': 2,
};

/** Somebody with a browser: all tabs share its cookie. */
export class Visitor {
  readonly name: string;
  readonly #apps: readonly VisitedApp[];
  readonly #record: (visit: Visit) => void;
  readonly #cookies = new Set<string>();
  #cookie: string | undefined;
  #count = 0;

  constructor(name: string, apps: readonly VisitedApp[], record: (visit: Visit) => void) {
    this.name = name;
    this.#apps = apps;
    this.#record = record;
  }

  /** Does one thing after the other in a tab: everything once, and then what comes. */
  async browse(tab: string, random: Random, until: Moment): Promise<void> {
    const first = Object.keys(WEIGHTS) as VisitOperation[];
    while (moment() < until) {
      const [operation = random.weighted(WEIGHTS)] = first.splice(random.below(first.length), 1);
      const grace = operation === 'rotate' ? random.pick([0, 0, 300]) : 0;
      const think = random.pick([0, 0, random.below(15)]);
      await this.#visit(random.pick(this.#apps), { tab, operation, grace, think });
    }
  }

  /** Looks at what each session holds that there was, by an application that nothing is wrong with. */
  async lookBack(): Promise<void> {
    const app = this.#apps.at(-1) as VisitedApp;
    for (const cookie of this.#cookies) {
      await this.#visit(app, { tab: 'last', operation: 'read', grace: 0, think: 0 }, cookie);
    }
  }

  async #visit(
    app: VisitedApp,
    what: {
      readonly tab: string;
      readonly operation: VisitOperation;
      readonly grace: number;
      readonly think: number;
    },
    cookie = this.#cookie,
  ): Promise<void> {
    const { tab, operation, grace, think } = what;
    const number = ++this.#count;
    const owner = `${this.name}/${number}`;
    const query = new URLSearchParams({
      tab,
      number: String(number),
      owner,
      person: this.name,
      grace: String(grace),
      think: String(think),
    });
    const headers = cookie === undefined ? {} : { cookie: `sid=${cookie}` };
    const path = `/act/${encodeURIComponent(operation)}?${query.toString()}`;
    const start = moment();
    const reply = await send(app.url, path, { headers }).catch(() => undefined);
    const [line] = reply?.headers['set-cookie'] ?? [];
    const told = line === undefined ? undefined : /^sid=([^;]*)/.exec(line)?.[1];
    if (told !== undefined) this.#cookies.add((this.#cookie = told));
    this.#record({
      person: this.name,
      tab,
      host: app.name,
      operation,
      start,
      end: moment(),
      sent: cookie,
      told,
      status: reply?.status ?? 0,
      held: app.heldBy(owner),
      number: WRITING.includes(operation) ? number : undefined,
      grace: operation === 'rotate' ? grace : undefined,
    });
  }
}
