import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { of, type Observable } from 'rxjs';
import { requestIdentity } from './watch/audience.js';
import type { CacheablePaths } from './invalidation/cacheable-paths.js';
import { cacheStatus, type CacheOutcome } from './rule/cache-status.js';
import type { Exchange } from './platform/exchange.js';
import { findExchange } from './platform/find-exchange.js';
import { FatGets } from './fat-gets.js';
import { HandlerRuns } from './handler-runs.js';
import { KnownTargets } from './known-targets.js';
import { inquire, type Asking, type Inquiry } from './inquiry.js';
import { admitRequest, hasBody, type RequestFacts } from './rule/request-admission.js';
import type { Answer } from './engine/response-question.js';
import { ResponseStorage } from './engine/response-storage.js';
import type { Question } from './engine/response-question.js';
import type { RoutePlan } from './route/route-plan.js';
import { RoutePlans } from './route/route-plans.js';
import { RoutePolicies } from './route/route-policies.js';
import { RouteReports } from './route/route-reports.js';
import { asSent } from './rule/sent-response.js';
import { mayServe } from './rule/stored-admission.js';
import type { StoredResponse } from './rule/stored-response.js';
import { isUnsafe, UnsafeMethods } from './invalidation/unsafe-methods.js';

/** Requests that an interceptor of this class has met: the outermost one decides, a second one lets them pass. */
const met = new WeakSet<object>();

type Stored = Extract<Answer, { readonly kind: 'stored' }>;

/** Of a response that nobody was waited for. */
const FOUND = Object.freeze({ coalesced: false, varied: false });

/**
 * Answers GET requests of `@Cacheable` routes from their cache, and stores responses that may be shared; requests that change
 * something invalidate what is stored of their URL.
 *
 * Registered by the module in front of all other interceptors, so guards run on a hit, and interceptors, pipes and the
 * handler do not. Put on a controller or a handler with `@UseInterceptors` it acts on routes without `@Cacheable` too.
 * No failure of a cache reaches the client: the handler runs instead.
 */
@Injectable()
export class ResponseCacheInterceptor implements NestInterceptor {
  readonly #storage: ResponseStorage;
  readonly #config: ApplicationConfig;
  readonly #plans: RoutePlans;
  readonly #reports = new RouteReports();
  readonly #known = new KnownTargets();
  readonly #fatGets = new WeakMap<RoutePlan, FatGets>();
  readonly #runs: HandlerRuns;
  #unsafe: UnsafeMethods | undefined;

  constructor(storage: ResponseStorage, config: ApplicationConfig, policies: RoutePolicies) {
    this.#storage = storage;
    this.#config = config;
    this.#plans = new RoutePlans(ResponseCacheInterceptor, config, policies);
    this.#runs = new HandlerRuns(storage, this.#reports);
  }

  /** From now on unsafe requests to these paths invalidate responses. @internal */
  serve(paths: CacheablePaths): void {
    if (paths.caches.size > 0) {
      this.#unsafe = new UnsafeMethods((name) => this.#storage.cacheOf(name), paths);
    }
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<{ readonly method?: string }>();
    if (isUnsafe(request.method ?? '')) return this.#change(request, context, next);
    const plan = this.#plans.of(context);
    if (plan === undefined || met.has(request)) return next.handle();
    met.add(request);
    const exchange = findExchange(request, context.switchToHttp().getResponse<object>());
    if (exchange === undefined) return next.handle();
    const facts = factsOf(exchange);
    const admission = admitRequest(facts, plan.policy);
    const asking = { plan, exchange, facts, context };
    if (admission.may !== 'bypass') return this.#answer(asking, admission.may === 'fill', next);
    const isRead = facts.method === 'GET' || facts.method === 'HEAD';
    tell(asking, { forwarded: isRead ? 'bypass' : 'method', detail: admission.why });
    return isRead && hasBody(facts.headers) ? this.#fatGetsOf(plan).queue(next.handle()) : next.handle();
  }

  #fatGetsOf(plan: RoutePlan): FatGets {
    let fatGets = this.#fatGets.get(plan);
    if (fatGets === undefined) {
      fatGets = new FatGets(this.#storage.clock, plan.policy.wait);
      this.#fatGets.set(plan, fatGets);
    }
    return fatGets;
  }

  #change(request: object, context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // Where it stands on such a route by mistake, that is said.
    const plan = this.#plans.of(context);
    const unsafe = this.#unsafe;
    if (unsafe === undefined || met.has(request)) return next.handle();
    met.add(request);
    const exchange = findExchange(request, context.switchToHttp().getResponse<object>());
    if (exchange === undefined) return next.handle();
    if (plan !== undefined) tell({ plan, exchange }, { forwarded: 'method' });
    return unsafe.follow(context, exchange, next.handle());
  }

  #answer(
    asking: Asking,
    fills: boolean,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const inquiry = this.#inquire(asking);
    return inquiry instanceof Promise
      ? inquiry.then((made) => this.#look(asking, made, fills, next))
      : this.#look(asking, inquiry, fills, next);
  }

  #look(
    asking: Asking,
    inquiry: Inquiry | undefined,
    fills: boolean,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    if (inquiry === undefined) {
      tell(asking, { forwarded: 'bypass' });
      return next.handle();
    }
    const question = this.#runs.questionOf(inquiry, next);
    const remembered = this.#storage.remembered(asking.plan.cache, question);
    if (remembered !== undefined && this.#serves(inquiry, remembered)) {
      return this.#replay(inquiry, remembered);
    }
    if (!fills) return this.#find(inquiry, question, next);
    const asked = asAsked(inquiry);
    return this.#ask(asked, this.#runs.questionOf(asked, next), next);
  }

  /** Answers a request that fills nothing. */
  async #find(inquiry: Inquiry, question: Question, next: CallHandler): Promise<Observable<unknown>> {
    const stored = await this.#storage.find(inquiry.plan.cache, question);
    if (stored !== undefined && this.#serves(inquiry, stored)) return this.#replay(inquiry, stored);
    tell(inquiry, { forwarded: stored === undefined ? 'miss' : 'bypass' });
    return next.handle();
  }

  async #ask(inquiry: Inquiry, question: Question, next: CallHandler): Promise<Observable<unknown>> {
    const answer = await this.#storage.ask(inquiry.plan.cache, question);
    if (answer.kind !== 'stored') return this.#runs.run(inquiry, answer, next);
    if (this.#serves(inquiry, answer.response)) {
      return this.#replay(inquiry, answer.response, answer);
    }
    tell(inquiry, { forwarded: 'bypass' });
    return next.handle();
  }

  #serves({ facts, plan }: Inquiry, stored: StoredResponse): boolean {
    return mayServe(stored, facts, plan.policy);
  }

  #replay(
    inquiry: Inquiry,
    stored: StoredResponse,
    { coalesced, varied }: Pick<Stored, 'coalesced' | 'varied'> = FOUND,
  ): Observable<unknown> {
    const { exchange, plan } = inquiry;
    const now = this.#storage.clock.now();
    const value = exchange.replay(asSent(stored, { now, policy: plan.policy }));
    const ttl = stored.expiresAt === Infinity ? null : stored.expiresAt - now;
    const forwarded = varied ? 'vary-miss' : 'uri-miss';
    tell(inquiry, coalesced ? { forwarded, collapsed: true, ttl } : { hit: true, ttl });
    return of(value);
  }

  /** Runs the application's own functions; what they throw is told once per route, and the request is not cached. */
  #inquire(asking: Asking): Inquiry | undefined | Promise<Inquiry | undefined> {
    const failed = (error: unknown): undefined => {
      this.#reports.failed(asking.plan, error);
    };
    try {
      const defaults = this.#storage.defaultsOf(asking.plan.cache);
      const inquiry = inquire(asking, this.#config.getVersioning(), defaults, this.#known);
      return inquiry instanceof Promise ? inquiry.catch(failed) : inquiry;
    } catch (error) {
      return failed(error);
    }
  }
}

/** With headers that stay as they were asked: what the handler makes of them is judged by them afterwards. */
function asAsked(inquiry: Inquiry): Inquiry {
  const { facts } = inquiry;
  return { ...inquiry, facts: { ...facts, headers: { ...facts.headers } } };
}

function factsOf(exchange: Exchange): RequestFacts {
  const { method, headers, request } = exchange;
  return { method, headers, ...requestIdentity(request), cacheControl: exchange.field('cache-control') };
}

/** Says in `Cache-Status` what was done, where the policy wants it. */
function tell({ plan, exchange }: Pick<Asking, 'plan' | 'exchange'>, outcome: CacheOutcome): void {
  const name = plan.policy.cacheStatus;
  if (name !== undefined) exchange.addHeader('Cache-Status', cacheStatus(name, outcome));
}
