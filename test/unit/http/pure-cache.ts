import { headerFields, listMembers, type HeaderFields } from '../../../src/http/rule/header-fields.js';
import { initialAge } from '../../../src/http/rule/freshness.js';
import { admitRequest, type RequestFacts } from '../../../src/http/rule/request-admission.js';
import {
  lifetimeOf,
  refuseHead,
  refuseResponse,
  withSentControl,
  type Lifetime,
} from '../../../src/http/rule/response-admission.js';
import type { ResponsePolicy } from '../../../src/http/policy/response-policy.js';
import { conditionsOf, freshened } from '../../../src/http/rule/revalidation.js';
import { asSent } from '../../../src/http/rule/sent-response.js';
import { storableHeaders } from '../../../src/http/rule/storable-headers.js';
import { mayServe, mayServeStale } from '../../../src/http/rule/stored-admission.js';
import type { StoredResponse } from '../../../src/http/rule/stored-response.js';
import { matchesSelection, selectHeaders, varyNames } from '../../../src/http/rule/vary.js';
import {
  headHeaders,
  requestHeaders,
  responseHeaders,
  type ModelRequest,
  type ModelRoute,
  type ModelRun,
} from '../../support/http-model/messages.js';
import type { Step } from '../../support/http-model/programs.js';
import { confirming, type Manner } from '../../support/http-model/rfc-9111.js';
import { policyOf } from './policies.js';

/** The rules of the response cache. */
export const RULES = {
  admitRequest,
  refuseResponse,
  refuseHead,
  lifetimeOf,
  varyNames,
  matchesSelection,
  mayServe,
  mayServeStale,
  withSentControl,
  freshened,
  initialAge,
};

/** What a request was served from the cache: `run` is the one that made it. */
export interface Served {
  readonly run: ModelRun;
  readonly manner: Manner;
  readonly sent: StoredResponse;
}

interface Entry extends Lifetime {
  readonly run: ModelRun;
  readonly storedAt: number;
  readonly response: StoredResponse;
}

interface Made {
  readonly status: number;
  /** As the handler made it, and as it went out. */
  readonly fields: HeaderFields;
  readonly head: HeaderFields;
}

/** A cache of one route that consists of the rules and a list. Times are seconds since the epoch. */
export class PureCache {
  readonly #policy: ResponsePolicy;
  readonly #rules: typeof RULES;
  readonly #entries = new Map<string, Entry[]>();

  constructor(route: ModelRoute, rules: typeof RULES) {
    this.#rules = rules;
    this.#policy = policyOf({
      mode: route.mode,
      audience: route.audience,
      ttl: route.ttl * 1_000,
      negativeTtl: route.negativeTtl * 1_000,
      statuses: new Set(route.statuses),
      vary: route.keysTenant ? ['x-tenant'] : [],
      stale: { revalidate: route.revalidate * 1_000, error: route.error * 1_000 },
    });
  }

  /** Answers a request from what is stored; `undefined` = its handler has run. */
  serve({ request, response, confirms }: Step, at: number): Served | undefined {
    const { audience } = this.#policy;
    const facts = factsOf(request);
    const { may } = this.#rules.admitRequest(facts, this.#policy);
    if (may === 'bypass' || (audience === 'user' && request.user === undefined)) return undefined;
    const entries = this.#entriesOf(request);
    const { mode } = this.#policy;
    const entry = entries.find((one) =>
      this.#rules.matchesSelection(one.response.selected, facts.headers, mode),
    );
    const serving = entry && this.#serving(entry, facts, may, at);
    if (serving !== undefined) return serving;
    if (may !== 'fill') return undefined;
    if (entry !== undefined && confirms && response.etag && conditionsOf(entry.response) !== undefined) {
      this.#confirm(entry, { request, response, at }, entries, facts);
      return undefined;
    }
    const manner = response.status >= 500 && entry !== undefined && this.#mayStand(entry, facts, at);
    if (manner) return this.#served(entry, 'error', at);
    const [fields, head] = [responseHeaders(response, at), headHeaders(response, at)].map(headerFields);
    if (fields === undefined || head === undefined) return undefined;
    const stored = this.#store({ status: response.status, fields, head }, { request, response, at }, facts);
    if (stored !== undefined) entries.unshift(stored);
    return undefined;
  }

  #entriesOf(request: ModelRequest): Entry[] {
    const { audience, vary, mode } = this.#policy;
    const keyed = selectHeaders(vary, requestHeaders(request), mode).map(({ value }) => [value ?? null]);
    const key = JSON.stringify([request.url, audience === 'user' ? request.user : null, keyed]);
    const entries = this.#entries.get(key) ?? [];
    this.#entries.set(key, entries);
    return entries;
  }

  #serving(entry: Entry, facts: RequestFacts, may: string, at: number): Served | undefined {
    if (!this.#rules.mayServe(entry.response, facts, this.#policy)) return undefined;
    const late = lateBy(entry, at);
    if (late < 0) return this.#served(entry, 'fresh', at);
    const stands = late < entry.grace && may === 'fill';
    return stands && this.#rules.mayServeStale(entry.response, late, 'revalidate', this.#policy)
      ? this.#served(entry, 'revalidate', at)
      : undefined;
  }

  #mayStand(entry: Entry, facts: RequestFacts, at: number): boolean {
    const late = lateBy(entry, at);
    return (
      late < entry.grace &&
      this.#rules.mayServe(entry.response, facts, this.#policy) &&
      this.#rules.mayServeStale(entry.response, late, 'error', this.#policy)
    );
  }

  #served({ run, response }: Entry, manner: Manner, at: number): Served {
    return { run, manner, sent: asSent(response, { now: at * 1_000, policy: this.#policy }) };
  }

  #confirm(entry: Entry, { request, response, at }: ModelRun, entries: Entry[], facts: RequestFacts): void {
    if (lateBy(entry, at) >= entry.grace) return;
    const fields = headerFields(headHeaders(response, at));
    const said304 = { fields, added: fields, names: new Map<string, string>() };
    const fresh = this.#rules.freshened(entry.response, said304, this.#policy, at * 1_000);
    if (fresh === undefined) return;
    // What stands on the response when the stored one is sent again: its headers, and the rest of the 304.
    const rest = [...fields].filter(([name]) => ['age', 'date', 'set-cookie'].includes(name));
    const kept = fresh.headers.map(({ name, value }) => [name.toLowerCase(), value] as const);
    const judged = new Map([...kept, ...rest]);
    const run = confirming(entry.run, request, response, at);
    const stored = this.#store({ status: fresh.status, fields: judged, head: judged }, run, facts);
    entries.splice(entries.indexOf(entry), 1);
    if (stored !== undefined) entries.unshift(stored);
  }

  #store({ status, fields, head }: Made, run: ModelRun, facts: RequestFacts): Entry | undefined {
    const rules = this.#rules;
    const now = run.at * 1_000;
    const addedVary = listMembers(fields.get('vary'));
    const made = { status, fields, added: fields, addedVary, bodyBytes: 1 };
    if (rules.refuseResponse(made, facts, this.#policy) !== undefined) return undefined;
    if (rules.refuseHead(status, head, facts, this.#policy) !== undefined) return undefined;
    const lifetime = rules.lifetimeOf({ status, fields: head }, this.#policy, this.#policy.ttl ?? null, now);
    const names = rules.varyNames(head, addedVary);
    if (lifetime === undefined || names === '*') return undefined;
    const { vary, mode, perRequestHeaders } = this.#policy;
    const learned = names.filter((name) => !vary.includes(name));
    const kept = rules.withSentControl(fields, head);
    const response: StoredResponse = {
      status,
      createdAt: now - rules.initialAge(fields, now),
      expiresAt: now + (lifetime.ttl ?? Infinity),
      headers: storableHeaders(kept, new Map(), perRequestHeaders),
      selected: selectHeaders(learned, facts.headers, mode),
      body: null,
    };
    return { ...lifetime, run, storedAt: now, response };
  }
}

function factsOf(request: ModelRequest): RequestFacts {
  return {
    method: request.method,
    headers: requestHeaders(request),
    identified: request.user !== undefined,
    hasSession: request.session,
    cacheControl: undefined,
  };
}

/** For how long an entry is stale, in milliseconds; below 0 = it is fresh. */
function lateBy({ storedAt, ttl }: Entry, at: number): number {
  return at * 1_000 - storedAt - (ttl ?? Infinity);
}
