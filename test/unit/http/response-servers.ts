import type { CacheContext } from '../../../src/cache/cache-context.js';
import type { KeptResponse } from '../../../src/http/engine/response-filler.js';
import { ResponseFlights } from '../../../src/http/engine/response-flights.js';
import type { Answer, Question } from '../../../src/http/engine/response-question.js';
import type { SelectingHeader, StoredResponse } from '../../../src/http/rule/stored-response.js';
import { Variants } from '../../../src/http/engine/variants.js';
import { Processes, quiet } from '../cache/processes.js';

type Lead = Extract<Answer, { kind: 'lead' }>;

/** Several processes that keep responses in one cache. */
export class Servers {
  readonly processes: Processes;
  readonly settling = new Set<Promise<unknown>>();

  constructor(options: Partial<CacheContext> = {}) {
    this.processes = new Processes(options);
  }

  start() {
    const { cache } = this.processes.start();
    const flights = new ResponseFlights({
      cache,
      variants: new Variants(this.processes.clock),
      clock: this.processes.clock,
      settling: (work) => void this.settling.add(work),
    });
    return { cache, flights };
  }
}

/** What a request with these headers asks for at `/page`. */
export function question(headers: Record<string, string> = {}, more: Partial<Question> = {}): Question {
  return {
    family: 'page',
    key: 'page',
    tags: ['known'],
    mayServeStale: () => false,
    refresh: () => {},
    wait: 10_000,
    variantKey: (names) => `page?${names.map((name) => `${name}=${headers[name]}`).join('&')}`,
    matches: ({ selected }) => selected.every(({ name, value }) => headers[name] === value),
    ...more,
  };
}

export function kept(body: string, selected: readonly SelectingHeader[] = [], ttl = 60_000): KeptResponse {
  const response: StoredResponse = {
    status: 200,
    createdAt: 0,
    expiresAt: Infinity,
    headers: [],
    selected,
    body: Buffer.from(body),
  };
  return { response, ttl, grace: 60_000, tags: ['known', 'named'] };
}

export function leading(answer: Answer): Lead {
  if (answer.kind !== 'lead') throw new Error(`It does not lead: ${answer.kind}.`);
  return answer;
}

export function textOf(response: StoredResponse | undefined): string {
  return String(response?.body?.toString());
}

export function bodyOf(answer: Answer): string {
  return answer.kind === 'stored' ? textOf(answer.response) : answer.kind;
}

export async function run(flights: ResponseFlights, asked: Question, made: KeptResponse): Promise<void> {
  leading(await flights.ask(asked)).filler.store(made);
  await quiet();
}
