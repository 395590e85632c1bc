import { requestHeaders, responseHeaders, stretched } from '../../../support/http-model/messages.js';
import { send, type RawReply } from '../http-client.js';
import type { AnyRequest } from '../routes.js';
import type { AppProgram, InvalidationAction, RequestAction, Script } from './app-program.js';
import type { ModelApps, ModelWorld } from './model-apps.js';
import type { Answered } from './model-controller.js';
import { resourceOf, TICK, type AppRoute } from './model-routes.js';
import type { Ask, HandlerRun, Invalidation, Played } from './record.js';

const NO_REPLY: RawReply = { status: 0, headers: {}, rawHeaders: [], body: Buffer.alloc(0), text: '' };

/** By how much more time passes, in milliseconds: responses live a little longer than they say while they are stored. */
const EXTRA = 1_000;

/** What the headers of a run depend on beside its script. */
interface Making {
  readonly id: number;
  readonly unmodified: boolean;
  readonly noneMatch: string | undefined;
  readonly location: string | undefined;
}

/** Plays programs against applications, and keeps what happens. Their handlers come here to learn what to answer. */
export class Player implements ModelWorld {
  #apps: ModelApps | undefined;
  #programs = 0;
  #asks = new Map<number, Ask>();
  #runs: HandlerRun[] = [];
  #invalidations: Invalidation[] = [];
  #lastTags = new Map<string, string>();
  /** Counts what happens. */
  #moment = 0;
  #route = '';
  #start = 0;
  #at = 0;
  #names = 0;

  use(apps: ModelApps): void {
    this.#apps = apps;
  }

  async play({ route, steps }: AppProgram): Promise<Played> {
    const apps = this.#present;
    this.#programs += 1;
    this.#asks = new Map();
    this.#runs = [];
    this.#invalidations = [];
    this.#lastTags = new Map();
    this.#route = route.name;
    this.#start = apps.time.now();
    this.#at = 0;
    let settled = true;
    for (const { passed, actions, settles } of steps) {
      if (passed > 0 && !settled) await apps.settle();
      settled ||= passed > 0;
      apps.time.pass(passed > 0 ? passed * TICK + EXTRA : 0);
      this.#at += passed;
      const alone = actions.length === 1 && settled;
      await Promise.all(
        actions.map(async (action) => {
          if (action.delay > 0) await new Promise((resolve) => setTimeout(resolve, action.delay));
          if (action.kind === 'request') await this.#ask(action, route, alone);
          else await this.#invalidate(action, route);
        }),
      );
      settled = settles;
      if (settles) await apps.settle();
    }
    await apps.settle();
    const drift = apps.time.now() - this.#start - this.#at * TICK;
    return {
      asks: [...this.#asks.values()],
      runs: this.#runs,
      invalidations: this.#invalidations,
      start: this.#start,
      drift,
    };
  }

  run(name: number, request: AnyRequest): Answered {
    const ask = this.#asks.get(name);
    if (ask === undefined) throw new Error(`Nobody has asked ${name}.`);
    const { script } = ask.action;
    const id = (this.#names += 1);
    const { 'if-none-match': noneMatch, 'if-modified-since': since, range } = request.headers;
    const asked = noneMatch ?? since;
    const unmodified = script.confirms && asked !== undefined && script.throws !== 'error';
    const status = statusOf(script, unmodified, range !== undefined);
    const throws = script.throws === 'exception' && status < 300 ? 'nothing' : script.throws;
    const value = valueOf(script, { id, status, throws });
    const run: HandlerRun = {
      id,
      ask,
      script,
      background: ask.closed,
      began: this.#now(),
      ended: Infinity,
      status,
      unmodified,
      failed: throws === 'error',
      asked,
      headers: this.#headersOf(script, { id, unmodified, noneMatch, location: this.#locationOf(ask) }),
      body: typeof value === 'object' ? JSON.stringify(value) : (value ?? ''),
    };
    ask.runs.push(run);
    this.#runs.push(run);
    const done = (): void => void (run.ended = this.#now());
    return { status, headers: run.headers, value, takes: script.takes, throws, done };
  }

  setsLate(name: number): boolean {
    return this.#asks.get(name)?.action.script.response.cookie === 'late';
  }

  closed(name: number): void {
    const ask = this.#asks.get(name);
    if (ask !== undefined) ask.closed = true;
  }

  get #present(): ModelApps {
    if (this.#apps === undefined) throw new Error('There are no applications.');
    return this.#apps;
  }

  #now(): number {
    return (this.#moment += 1);
  }

  /** The other path, where an unsafe request names it. */
  #locationOf({ action: { request, script } }: Ask): string | undefined {
    if (!script.locates || isSafe(request.method)) return undefined;
    return this.#pathOf(request.url === 'a' ? 'b' : 'a');
  }

  #pathOf(id: string): string {
    return `/${this.#route}/${this.#pathId(id)}`;
  }

  #pathId(id: string): string {
    return `p${this.#programs}-${id}`;
  }

  async #ask(action: RequestAction, route: AppRoute, alone: boolean): Promise<void> {
    const { request, search } = action;
    const id = (this.#names += 1);
    const sentHeaders = this.#sentHeaders(action, id);
    const ask: Ask = {
      id,
      action,
      request: { ...request, url: resourceOf(route, request.url, search) },
      at: this.#at,
      sentHeaders,
      sent: this.#now(),
      alone,
      answered: Infinity,
      reply: NO_REPLY,
      closed: false,
      runs: [],
    };
    this.#asks.set(id, ask);
    const base = this.#present.urls[action.app] ?? '';
    ask.reply = await send(base, `${this.#pathOf(request.url)}${search}`, {
      method: request.method,
      headers: sentHeaders,
    });
    ask.answered = this.#now();
    const { etag } = ask.reply.headers;
    if (etag !== undefined) this.#lastTags.set(request.url, etag);
    if (!isSafe(request.method) && ask.reply.status >= 200 && ask.reply.status < 400) {
      const began = ask.runs[0]?.ended ?? ask.sent;
      const ids = this.#locationOf(ask) === undefined ? [request.url] : ['a', 'b'];
      for (const one of ids) this.#invalidations.push({ id: one, began, done: ask.answered });
    }
  }

  async #invalidate(action: InvalidationAction, route: AppRoute): Promise<void> {
    const id = action.what === 'route' ? undefined : action.id;
    const began = this.#now();
    await this.#present.invalidate(action, route, this.#pathId(action.id));
    this.#invalidations.push({ id, began, done: this.#now() });
  }

  #sentHeaders({ request, conditions }: RequestAction, id: number): Record<string, string> {
    const { range, noneMatch, since } = conditions;
    const tags = { shared: '"v1"', foreign: 'W/"foreign"', '*': '*', last: this.#lastTags.get(request.url) };
    const tag = noneMatch && tags[noneMatch];
    const modified = since === undefined ? undefined : this.#dateBefore(since);
    return {
      ...requestHeaders(request),
      'x-ask': String(id),
      ...(request.user !== undefined && { 'x-user': request.user }),
      ...(request.session && { 'x-session': '1' }),
      ...(!isSafe(request.method) && { 'content-length': '0' }),
      ...(range && { range: 'bytes=0-1' }),
      ...(tag !== undefined && { 'if-none-match': tag }),
      ...(modified !== undefined && { 'if-modified-since': modified }),
    };
  }

  #dateBefore(seconds: number): string {
    return new Date(this.#start - seconds * TICK).toUTCString();
  }

  #headersOf(
    { response, etag, modified }: Script,
    { id, unmodified, noneMatch, location }: Making,
  ): ReadonlyMap<string, string | readonly string[]> {
    const at = Math.floor(this.#present.time.now() / 1_000);
    const said = Object.entries(responseHeaders(stretched(response, TICK / 1_000), at));
    const headers = new Map<string, string | readonly string[]>(
      said.map(([name, value]) => [name.toLowerCase(), value]),
    );
    headers.delete('etag');
    const own = { none: undefined, shared: '"v1"', weak: 'W/"v1"', own: `"e${id}"` }[etag];
    const tag = unmodified ? /^(?:W\/)?"[^"]*"$/.exec(noneMatch ?? '')?.[0] : own;
    if (tag !== undefined) headers.set('etag', tag);
    if (modified !== undefined && !unmodified) headers.set('last-modified', this.#dateBefore(modified));
    if (response.cookie === 'handler') headers.set('set-cookie', [`sid=run-${id}`, 'theme=light']);
    if (location !== undefined) headers.set('location', location);
    if (!unmodified) headers.set('x-made', String(id)).set('link', ['</one>', `</r${id}>`]);
    return headers.set('x-run', String(id)).set('x-mine', String(id)).set('x-request-id', String(id));
  }
}

function statusOf({ response, throws }: Script, unmodified: boolean, ranged: boolean): number {
  if (throws === 'error') return 500;
  if (unmodified) return 304;
  return ranged && response.status === 200 ? 206 : response.status;
}

function valueOf(
  { body }: Script,
  { id, status, throws }: Pick<HandlerRun, 'id' | 'status'> & { readonly throws: Script['throws'] },
): string | object | undefined {
  if (throws === 'exception') return { run: id, thrown: 'é' };
  if (status === 204 || status === 304) return undefined;
  if (body === 'empty') return '';
  return body === 'text' ? `run ${id} é` : { run: id, text: 'é' };
}

export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
