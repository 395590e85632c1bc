import { CacheRules, type Manner } from '../../../support/http-model/rfc-9111.js';
import { entriesOf, type Entry } from './entries.js';
import { missing, wrongHead } from './judge-head.js';
import type { AppRoute } from './model-routes.js';
import { isSafe } from './play.js';
import type { Ask, HandlerRun, Played } from './record.js';

/** What a request was answered with. */
export type Answered = 'run' | 'not modified' | 'confirmed' | Manner;

export interface Verdict {
  readonly answered: Answered;
  /** What is wrong with the answer; empty = nothing. */
  readonly wrong: readonly string[];
}

/** Says of every answer of a program whether some run, allowed for its request, has made it. */
export class Judge {
  readonly #route: AppRoute;
  readonly #played: Played;
  readonly #rules: CacheRules;

  constructor(route: AppRoute, played: Played) {
    this.#route = route;
    this.#played = played;
    this.#rules = new CacheRules(route.model);
  }

  verdict(ask: Ask): Verdict {
    const own = ask.runs.filter(({ background }) => !background);
    if (own.length > 1) return { answered: 'run', wrong: ['its handler ran twice'] };
    const { status, headers } = ask.reply;
    if (status === 304) return this.#ofNotModified(ask, own[0]);
    const made = this.#runNamed(headers['x-made']);
    if (made === undefined) return { answered: 'run', wrong: this.#ofBare(ask, own[0]) };
    return made === own[0]
      ? { answered: 'run', wrong: this.#ofOwn(ask, made) }
      : this.#ofOther(ask, own[0], made);
  }

  /** Why a stored response must not answer a request; empty = it may. */
  objections(entry: Entry, ask: Ask, manner: Manner): string[] {
    const fills = ask.request.method === 'GET' && ask.request.cacheControl !== 'no-store';
    return [
      ...this.#rules.objections(entry.model, ask.request, ask.at, manner),
      ...this.#objectionsToFinding(entry, ask),
      ...(entry.last.failed || entry.made.failed ? ['its handler failed'] : []),
      ...(isSafe(ask.request.method) ? [] : ['a request that changes something']),
      ...(manner === 'fresh' || fills ? [] : ['a request that fills nothing is served what is stale']),
    ];
  }

  #objectionsToFinding(entry: Entry, ask: Ask): string[] {
    const { last, before } = entry;
    const wrong: string[] = [];
    if (last.began > ask.answered) wrong.push('it was made afterwards');
    const gone = this.#played.invalidations.some(
      ({ id, began, done }) =>
        (id === undefined || id === ask.action.request.url) && last.began < began && done < ask.sent,
    );
    if (gone) wrong.push('it was invalidated before');
    if (before === undefined) return wrong;
    const asked = [
      ...this.#rules.objectionsToAsking(before.model, last.ask.request),
      ...this.#objectionsToFinding(before, last.ask),
    ];
    return [...wrong, ...asked.map((reason) => `its handler was asked: ${reason}`)];
  }

  /** An answer of its own handler. */
  #ofOwn({ request, reply, id }: Ask, run: HandlerRun): string[] {
    const wrong = [];
    if (reply.status !== run.status) wrong.push(`the status ${reply.status} in place of ${run.status}`);
    if (!run.failed) wrong.push(...wrongBody(request.method, reply.body, run.body));
    const cookies = reply.headers['set-cookie'] ?? [];
    const expected = [
      run.headers.get('set-cookie') ?? (run.script.response.cookie === 'late' ? [`late=${id}`] : []),
    ];
    if (String(cookies) !== String(expected.flat())) wrong.push(`the cookies ${String(cookies)}`);
    return [
      ...wrong,
      ...missing(reply, run.headers, ['etag', 'x-mine', 'x-request-id', 'link', 'last-modified']),
    ];
  }

  /** An answer that no handler has made a whole one of: its own failed, or said 304 to what was no question of the client. */
  #ofBare(ask: Ask, own: HandlerRun | undefined): string[] {
    if (own === undefined) return [`nobody has made it: ${ask.reply.status} ${ask.reply.text}`];
    return own.failed && ask.reply.status === 500 ? [] : [`the bare status ${ask.reply.status}`];
  }

  #ofOther(ask: Ask, own: HandlerRun | undefined, made: HandlerRun): Verdict {
    const last = this.#runNamed(ask.reply.headers['x-run']);
    const entries = entriesOf(made, this.#played).filter((entry) => entry.last === last);
    if (entries.length === 0) return { answered: 'fresh', wrong: [`made of ${made.id} and ${last?.id}`] };
    const tried = entries.flatMap((entry) =>
      this.#manners(ask, own, entry).map((answered) => ({
        answered,
        wrong: this.#tried(ask, entry, answered),
      })),
    );
    if (tried.length === 0)
      return { answered: 'run', wrong: ['its own run is not what it was answered with'] };
    return tried.find(({ wrong }) => wrong.length === 0) ?? (tried[0] as Verdict);
  }

  #manners(ask: Ask, own: HandlerRun | undefined, { last }: Entry): Answered[] {
    if (own === undefined) {
      const waited = last.ask.at === ask.at ? (['waited'] as const) : [];
      // After a failure a while passes before the next attempt.
      const failed = this.#played.runs.some(
        (run) => hasFailed(run) && run.ask.request.url === ask.request.url && run.began < ask.answered,
      );
      return ['fresh', ...waited, 'revalidate', ...(failed ? (['error'] as const) : [])];
    }
    if (own.unmodified && own === last) return ['confirmed'];
    return hasFailed(own) ? ['error'] : [];
  }

  #tried(ask: Ask, entry: Entry, answered: Answered): string[] {
    const objections =
      answered === 'confirmed'
        ? this.#objectionsToFinding(entry, ask)
        : this.objections(entry, ask, answered as Manner);
    const { reply, request } = ask;
    const hit = answered !== 'confirmed';
    return [
      ...objections,
      ...(reply.status === entry.made.status ? [] : [`the status ${reply.status}`]),
      ...wrongBody(request.method, reply.body, entry.made.body),
      ...wrongHead(ask, entry, {
        route: this.#route,
        drift: this.#played.drift,
        start: this.#played.start,
        hit,
      }),
    ];
  }

  /** A client is told that it has the response already: then it must, and that response must be one that it could be given. */
  #ofNotModified(ask: Ask, own: HandlerRun | undefined): Verdict {
    const answered = 'not modified';
    const { reply, sentHeaders } = ask;
    const noneMatch = sentHeaders['if-none-match'];
    const since = noneMatch === undefined ? sentHeaders['if-modified-since'] : undefined;
    if (noneMatch === undefined && since === undefined) {
      return { answered, wrong: ['a client that asked for no such thing is told that it has the response'] };
    }
    if (reply.body.length > 0) return { answered, wrong: ['a 304 with a body'] };
    // Nobody stood between the client and the handler.
    if (own?.status === 304 && own.asked === (noneMatch ?? since)) return { answered, wrong: [] };
    const { etag } = reply.headers;
    if (noneMatch !== undefined && noneMatch !== '*' && opaque(noneMatch) !== opaque(etag)) {
      return { answered, wrong: [`304 of ${String(etag)} for ${noneMatch}`] };
    }
    if (own !== undefined && !own.unmodified && this.#isOf(reply.headers, own, since))
      return { answered, wrong: [] };
    const entries = this.#played.runs
      .filter((run) => this.#isOf(reply.headers, run, since))
      .flatMap((run) => entriesOf(run, this.#played));
    const tried = entries.flatMap((entry) =>
      this.#manners(ask, own, entry).map((manner) =>
        manner === 'confirmed'
          ? this.#objectionsToFinding(entry, ask)
          : this.objections(entry, ask, manner as Manner),
      ),
    );
    if (tried.some((objections) => objections.length === 0)) return { answered, wrong: [] };
    return { answered, wrong: ['304 of a response that it could not be given', ...(tried[0] ?? [])] };
  }

  /** Whether a 304 may speak of the response of a run. */
  #isOf(
    { etag, 'x-made': made }: Ask['reply']['headers'],
    run: HandlerRun,
    since: string | undefined,
  ): boolean {
    if (run.unmodified || run.status < 200 || run.status > 299) return false;
    if (made !== undefined && made !== String(run.id)) return false;
    const own = run.headers.get('etag');
    if (own !== undefined && own !== etag) return false;
    const modified = run.headers.get('last-modified');
    return since === undefined || (typeof modified === 'string' && Date.parse(modified) <= Date.parse(since));
  }

  #runNamed(id: unknown): HandlerRun | undefined {
    return this.#played.runs.find((run) => String(run.id) === id);
  }
}

function hasFailed({ failed, status }: HandlerRun): boolean {
  return failed || status >= 500;
}

function wrongBody(method: string, sent: Buffer, expected: string): string[] {
  const wanted = method === 'HEAD' ? '' : expected;
  return sent.equals(Buffer.from(wanted)) ? [] : [`the body ${sent.toString()} in place of ${wanted}`];
}

function opaque(etag: string | undefined): string | undefined {
  return etag?.replace(/^W\//, '');
}
