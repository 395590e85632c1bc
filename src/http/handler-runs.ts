import { HttpException, type CallHandler } from '@nestjs/common';
import { catchError, from, mergeMap, of, takeLast, throwError, type Observable } from 'rxjs';
import { watchHandler, type HandlerVerdict } from '../di/route-metadata.js';
import { cacheStatus, type CacheOutcome, type Forwarded } from './rule/cache-status.js';
import { hideConditions } from './rule/conditional-request.js';
import type { Exchange, Offer } from './platform/exchange.js';
import { captureResult } from './platform/handler-result.js';
import { offerConditions, renewUnmodified } from './platform/handler-validation.js';
import type { Inquiry } from './inquiry.js';
import { watchRequest } from './watch/request-watch.js';
import { variantKey } from './engine/response-key.js';
import { openContext } from './response-cache-ctx.js';
import { captureRun, offerOf, once, type Run } from './response-fill.js';
import type { ResponseFiller } from './engine/response-filler.js';
import type { Question, RunAnswer } from './engine/response-question.js';
import type { ResponsePolicy } from './policy/response-policy.js';
import type { ResponseStorage } from './engine/response-storage.js';
import { conditionsOf, freshened, type NotModified } from './rule/revalidation.js';
import type { RoutePlan } from './route/route-plan.js';
import type { RouteReports } from './route/route-reports.js';
import { asSent, sentCacheControl, sentVary } from './rule/sent-response.js';
import { mayServe, mayServeStale } from './rule/stored-admission.js';
import type { StoredResponse } from './rule/stored-response.js';
import { matchesSelection, selectHeaders } from './rule/vary.js';

/** How long a handler may take that renews a response in the background, in milliseconds. */
const BACKGROUND_TIMEOUT = 60_000;

type Lead = Extract<RunAnswer, { readonly kind: 'lead' }>;

/** Runs handlers whose responses are not there, and has what they make stored. */
export class HandlerRuns {
  readonly #storage: ResponseStorage;
  readonly #reports: RouteReports;
  /** What is read of requests beside who is asking is looked at where applications are developed. */
  readonly #thorough = process.env['NODE_ENV'] !== 'production';

  constructor(storage: ResponseStorage, reports: RouteReports) {
    this.#storage = storage;
    this.#reports = reports;
  }

  /** What a request asks of the cache. */
  questionOf(inquiry: Inquiry, next: CallHandler): Question {
    const { plan, exchange, family, key, tags, facts } = inquiry;
    const { policy } = plan;
    return {
      family,
      key,
      tags,
      wait: policy.wait,
      variantKey: (names) => variantKey(key, selectHeaders(names, facts.headers, policy.mode)),
      matches: ({ selected }) => matchesSelection(selected, facts.headers, policy.mode),
      mayServeStale: (response, staleFor, when) => {
        // A run in the background is to find the response as it is before it is replayed.
        exchange.fields();
        return (
          (when === 'error' || exchange.repeatable) &&
          mayServe(response, facts, policy) &&
          mayServeStale(response, staleFor, when, policy)
        );
      },
      refresh: (_old, given) => this.#renew(inquiry, once(given), next),
    };
  }

  /** Runs the handler once more for nobody, after the response of its request. */
  #renew(inquiry: Inquiry, filler: ResponseFiller, next: CallHandler): void {
    const { exchange, plan } = inquiry;
    const { maxBodyBytes } = plan.policy;
    let run: Run | undefined;
    let show: (() => void) | undefined;
    const handle = (): Observable<unknown> => {
      // Not before: what middleware reads when the response is finished is not the handler's.
      const begun = this.#runOf(inquiry, filler);
      run = begun;
      show = hideConditions(exchange.headers);
      return watched(begun, () => next.handle());
    };
    const offer: Offer = (captured) => run && offerOf(run)(captured);
    const limits = { clock: this.#storage.clock, timeout: BACKGROUND_TIMEOUT, maxBodyBytes };
    void exchange.background(handle, offer, limits).then(() => {
      show?.();
      run?.watch.stop();
      filler.fail();
    });
  }

  /** Runs the handler of a request. */
  run(inquiry: Inquiry, answer: RunAnswer, next: CallHandler): Observable<unknown> {
    const { exchange, plan } = inquiry;
    const old = answer.kind === 'lead' ? answer.old : undefined;
    if (answer.filler === undefined && !saysMore(plan.policy)) return next.handle();
    const { filler = NO_FILLER } = answer;
    const run = this.#runOf(inquiry, once(filler), missed(answer), filler !== NO_FILLER);
    const { headers } = exchange;
    const conditions = old && conditionsOf(old);
    const showConditions =
      conditions === undefined ? hideConditions(headers) : offerConditions(headers, conditions);
    const handled = watched(run, () => next.handle());
    const renewed = old === undefined ? handled : renewUnmodified(handled, exchange, renewal(run, old));
    const captured = captureResult(renewed, captureRun(run), showConditions, {
      keeps: (status) => keepsStatus(plan.policy, status),
      streamed: () => {
        run.refused('it is streamed');
        run.filler.refuse();
      },
      failed: () => run.filler.fail(),
    });
    return answer.kind === 'lead' && old !== undefined ? this.#orOld(run, answer, captured) : captured;
  }

  /** A response that is stale stands in the place of an error of the server, if it still may. */
  #orOld(run: Run, lead: Lead, handled: Observable<unknown>): Observable<unknown> {
    const replaced = (otherwise: () => Observable<unknown>): Observable<unknown> => {
      run.filler.fail();
      return from(lead.instead()).pipe(
        mergeMap((response) => {
          if (response === undefined) return otherwise();
          const { exchange, plan, clock } = run;
          exchange.reset();
          const value = exchange.replay(asSent(response, { now: clock.now(), policy: plan.policy }));
          run.replaced();
          return of(value);
        }),
      );
    };
    return handled.pipe(
      takeLast(1),
      mergeMap((value) => (run.exchange.head().status >= 500 ? replaced(() => of(value)) : of(value))),
      catchError((error: unknown) => {
        const failed = (): Observable<never> => throwError(() => error);
        const isClients = error instanceof HttpException && error.getStatus() < 500;
        return isClients ? failed() : replaced(failed);
      }),
    );
  }

  #runOf(inquiry: Inquiry, filler: ResponseFiller, forwarded: Forwarded = 'stale', stores = true): Run {
    const { plan, exchange, facts, ttl, tags } = inquiry;
    const verdict: HandlerVerdict = { vetoed: false };
    const watch = watchRequest(exchange.request, {
      keyed: keyedHeaders(plan),
      query: plan.policy.query,
      audience: audienceOf(plan.policy),
      thorough: this.#thorough,
      strict: plan.policy.strict,
    });
    let told = false;
    const tellMiss = (stored: boolean): void => {
      if (!told) this.#tellMiss(inquiry, { forwarded, stored });
      told = true;
    };
    return {
      plan,
      exchange,
      facts,
      ttl,
      tags,
      verdict,
      filler,
      clock: this.#storage.clock,
      wishes: openContext(exchange.request),
      watch,
      sending: () => tellOthers(exchange, plan.policy),
      storing: (useful) => tellMiss(useful && stores),
      stored: (vary) => {
        for (const read of watch.reads(vary)) this.#reports.unkeyed(plan, read);
      },
      replaced: () => tellMiss(false),
      refused: (reason) => {
        tellMiss(false);
        this.#reports.refused(plan, reason);
      },
    };
  }

  #tellMiss({ plan, exchange }: Inquiry, outcome: CacheOutcome): void {
    const name = plan.policy.cacheStatus;
    if (name !== undefined) exchange.addHeader('Cache-Status', cacheStatus(name, outcome));
  }
}

/** Why a handler runs. */
function missed(answer: RunAnswer): Forwarded {
  if (answer.kind !== 'lead') return 'uri-miss';
  if (answer.old !== undefined) return 'stale';
  return answer.varied ? 'vary-miss' : 'uri-miss';
}

const NO_FILLER: ResponseFiller = Object.freeze({ store() {}, refuse() {}, fail() {}, skip() {} });

/** Whether responses of a policy say more than their handlers do. */
function saysMore({ audience, cacheControl, cacheStatus: name, vary }: ResponsePolicy): boolean {
  return audience === 'user' || cacheControl !== undefined || name !== undefined || vary.length > 0;
}

/** Says to other caches what a stored response says to them, too. */
function tellOthers(exchange: Exchange, policy: ResponsePolicy): void {
  const { fields } = exchange.head();
  const control = sentCacheControl(fields.get('cache-control'), policy, fields.has('expires'));
  if (control !== undefined) exchange.setHeader('Cache-Control', control);
  const vary = sentVary(fields.get('vary'), policy);
  if (vary !== undefined && policy.vary.length > 0) exchange.setHeader('Vary', vary);
}

/** Calls the handler so that its decorator finds the verdict of the run. */
function watched({ plan, verdict }: Run, handle: () => Observable<unknown>): Observable<unknown> {
  return plan.judged ? watchHandler(verdict, handle) : handle();
}

/** A stored response that its handler has called right. */
function renewal({ plan, clock }: Run, old: StoredResponse): (said: NotModified) => StoredResponse {
  return (said) => freshened(old, said, plan.policy, clock.now()) ?? old;
}

function keyedHeaders({ policy, hostBound }: RoutePlan): ReadonlySet<string> {
  const host = policy.hosts !== undefined || hostBound ? ['host'] : [];
  return new Set([...policy.vary, ...host]);
}

/** Where the headers decide, what was made for nobody may be given to somebody (RFC 9111 section 3.5). */
function audienceOf({ mode, audience }: ResponsePolicy): ResponsePolicy['audience'] {
  return mode === 'headers' && audience === 'anonymous' ? 'everybody' : audience;
}

function keepsStatus({ mode, statuses }: ResponsePolicy, status: number): boolean {
  return mode === 'headers' || statuses.has(status);
}
