import type { Directive, ModelRequest, ModelResponse, ModelRoute, ModelRun } from './messages.js';

/** Statuses that are heuristically cacheable (RFC 9110 section 15.1), but parts. */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/**
 * How a response is said to be served: fresh; at the time that it was made, to a request that waited for it (and may be given it
 * though it lives for no time at all); while it is renewed, or in place of an error.
 */
export type Manner = 'fresh' | 'waited' | 'revalidate' | 'error';

/**
 * What a shared cache may do, as RFC 9111, RFC 5861 and the promises of the response cache say. Judges what a run said, not
 * how it was written.
 */
export class CacheRules {
  readonly #route: ModelRoute;

  constructor(route: ModelRoute) {
    this.#route = route;
  }

  /** Why a run's response must not answer a request at some time; empty = it may. */
  objections(run: ModelRun, request: ModelRequest, now: number, manner: Manner): string[] {
    return [
      ...this.#storing(run),
      ...this.#people(run, request),
      ...this.#selecting(run, request),
      ...this.#ageing(run, now, manner),
    ];
  }

  /** Why a handler must not be asked whether a run's response is still right for a request (section 4.3.1). */
  objectionsToAsking(run: ModelRun, request: ModelRequest): string[] {
    const { audience } = this.#route;
    return [
      ...this.#storing(run),
      // Others may be asked for: the handler has the last word on this request.
      ...(audience === 'user' ? this.#people(run, request) : this.#people(run, run.request)),
      ...this.#selecting(run, request),
    ];
  }

  /** How old a run's response is, in seconds (section 4.2.3). */
  static age({ at, response: { age, date } }: ModelRun, now: number): number {
    const told = typeof age === 'number' ? age : 0;
    return Math.max(told, Math.max(0, -(date ?? 0))) + (now - at);
  }

  /** The `max-age` that others are told of a run's response, in seconds; `undefined` = none that can be read. */
  static maxAgeLeft(run: ModelRun, now: number): number | undefined {
    const maxAge = least(run.response, 'max-age');
    const isReadable = all(run.response).every(({ seconds }) => seconds !== 'soon');
    return maxAge === undefined || !isReadable ? undefined : Math.max(0, maxAge - CacheRules.age(run, now));
  }

  /** Section 3. */
  *#storing({ request, response }: ModelRun): Generator<string> {
    const { mode, statuses } = this.#route;
    const { status, vary, cookie } = response;
    if (request.method !== 'GET') yield 'a run of another method';
    if (request.cacheControl === 'no-store') yield 'its request said no-store';
    if (status === 206 || status === 304 || status < 200) yield 'a part, or no response';
    if (mode === 'policy' && status !== 200 && !statuses.includes(status)) yield 'an unlisted status';
    const says = saying(response);
    const overrides = mode === 'headers' && says('must-understand') && status !== 299;
    if (mode === 'headers' && says('must-understand') && status === 299) yield 'not understood';
    if (says('no-store') && !overrides) yield 'no-store';
    if (says('private') && this.#route.audience !== 'user') yield 'private';
    if (cookie !== 'none') yield 'Set-Cookie';
    if (vary.includes('*')) yield 'Vary: *';
    // What is never used unasked needs no lifetime, if its status is one that caches may keep by themselves.
    const isAsked = says('no-cache') && HEURISTIC.has(status);
    if (mode === 'headers' && said(response) === undefined && !isAsked) {
      yield 'it does not say how long it is fresh';
    }
  }

  /** Section 3.5, and who is who. */
  *#people(run: ModelRun, request: ModelRequest): Generator<string> {
    const { mode, audience } = this.#route;
    if (audience === 'everybody') return;
    if (audience === 'user') {
      if (request.user === undefined || request.user !== run.request.user) yield "another user's";
      return;
    }
    const says = saying(run.response);
    const shared = says('public') || says('s-maxage') || says('must-revalidate');
    for (const one of [run.request, request]) {
      const authorized = one.authorization || one.user !== undefined || one.session;
      if (mode === 'headers' && authorized && !shared) yield 'credentials';
      if (mode === 'policy' && (authorized || one.cookie === 'sid')) yield 'credentials';
    }
  }

  /** Section 4.1. */
  *#selecting(run: ModelRun, request: ModelRequest): Generator<string> {
    const { mode, keysTenant } = this.#route;
    if (run.request.url !== request.url) yield 'another URL';
    const names = new Set<string>([...run.response.vary, ...(keysTenant ? ['x-tenant'] : [])]);
    for (const name of names) {
      if (what(name, run.request, mode) !== what(name, request, mode)) yield `another ${name}`;
    }
  }

  /** Sections 4.2 and 5.2.2, RFC 5861. */
  *#ageing(run: ModelRun, now: number, manner: Manner): Generator<string> {
    const { response } = run;
    const says = saying(response);
    if (says('no-cache')) yield 'no-cache';
    const late = now - this.#end(run);
    if (manner === 'fresh' || manner === 'waited') {
      if (late > 0 || (late === 0 && manner === 'fresh')) yield `stale for ${late} s`;
      return;
    }
    if (['must-revalidate', 'proxy-revalidate', 's-maxage'].some(says)) yield 'must not be stale';
    if (response.status >= 500) yield 'a stale error';
    if (late > this.#window(response, manner)) yield `stale for ${late} s: longer than it may`;
  }

  /** When it is not fresh any more. */
  #end(run: ModelRun): number {
    const { mode, ttl, negativeTtl } = this.#route;
    const own = run.response.status === 200 ? ttl : negativeTtl;
    const lifetime = said(run.response);
    const end = run.at + (lifetime ?? Infinity) - CacheRules.age(run, run.at);
    return mode === 'headers' ? end : Math.min(end, run.at + own);
  }

  #window(response: ModelResponse, manner: 'revalidate' | 'error'): number {
    const { mode, revalidate, error } = this.#route;
    const whileRevalidate = least(response, 'stale-while-revalidate');
    const ifError = least(response, 'stale-if-error');
    if (mode === 'policy') {
      return manner === 'error'
        ? Math.min(error, ifError ?? Infinity)
        : Math.min(revalidate, whileRevalidate ?? Infinity);
    }
    return manner === 'error' ? (ifError ?? error) : (whileRevalidate ?? 0);
  }
}

/** A run whose handler has called an earlier run's response right: what it said replaces what was said (section 3.2). */
export function confirming(
  run: ModelRun,
  request: ModelRequest,
  said304: ModelResponse,
  at: number,
): ModelRun {
  const old = run.response;
  const control = all(said304).length > 0 ? all(said304) : all(old);
  const oldExpires = typeof old.expires === 'number' ? old.expires + run.at - at : old.expires;
  const expires = said304.expires ?? oldExpires;
  const vary = said304.vary.length > 0 ? said304.vary : old.vary;
  const { cookie, date, age } = said304;
  return { at, request, response: { ...old, control, late: [], cookie, expires, date, age, vary } };
}

/** What a request says in a header that a response was selected by. */
function what(name: string, request: ModelRequest, mode: ModelRoute['mode']): string | undefined {
  const { languages, spaced, tenant, cookie } = request;
  if (name === 'x-tenant') return tenant;
  if (name === 'cookie') return cookie;
  if (languages === undefined) return undefined;
  return mode === 'headers'
    ? languages.join('|').toLowerCase()
    : `${languages.join('|')} ${spaced && languages.length > 1}`;
}

/** All that it says of caches in the end. */
function all({ control, late }: ModelResponse): readonly Directive[] {
  return [...control, ...late];
}

function saying(response: ModelResponse): (name: string) => boolean {
  return (name) => all(response).some((directive) => directive.name === name);
}

/** Of duplicates, the least; what cannot be read is 0. */
function least(response: ModelResponse, name: string): number | undefined {
  const values = all(response)
    .filter((directive) => directive.name === name)
    .map(({ seconds }) => (typeof seconds === 'number' ? seconds : 0));
  return values.length === 0 ? undefined : Math.min(...values);
}

/** Its freshness lifetime, where it has one, in seconds (section 4.2.1). */
function said(response: ModelResponse): number | undefined {
  const { expires, date } = response;
  const age = least(response, 's-maxage') ?? least(response, 'max-age');
  if (age !== undefined) return age;
  if (expires === undefined) return undefined;
  return expires === 'invalid' ? 0 : Math.max(0, expires - (date ?? 0));
}
