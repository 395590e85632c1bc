import {
  Injectable,
  Logger,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { of, type Observable } from 'rxjs';
import { watchHandler, type HandlerVerdict } from '../di/route-metadata.js';
import { milliseconds } from '../duration.js';
import { admitRequest, isPrivate, type RequestAdmission } from './admission.js';
import { hideConditions } from './conditional-request.js';
import type { Exchange } from './exchange.js';
import { findExchange } from './find-exchange.js';
import { withRemainingAge } from './freshness.js';
import { captureResult } from './handler-result.js';
import { requestKey } from './request-key.js';
import { captureFill } from './response-fill.js';
import type { ResponseFiller } from './response-filler.js';
import type { Question } from './response-flights.js';
import { ResponseStorage } from './response-storage.js';
import { RoutePlans } from './route-plans.js';
import type { RoutePlan } from './route-plan.js';
import type { StoredResponse } from './stored-response.js';

/** How long a request waits for the handler that another one runs, in milliseconds. */
const WAIT = 10_000;

/** Requests that an interceptor of this class has met: the outermost one decides, a second one lets them pass. */
const met = new WeakSet<object>();

/** What is known of a request before the cache is asked. */
interface Inquiry {
  readonly plan: RoutePlan;
  readonly exchange: Exchange;
  readonly key: string;
  /** Milliseconds, `null` = never expires, 0 or less = not stored. */
  readonly ttl: number | null;
}

/**
 * Answers GET requests of `@Cacheable` routes from their cache, and stores responses that may be shared.
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
  readonly #logger = new Logger(ResponseCacheInterceptor.name);
  readonly #failed = new WeakSet<RoutePlan>();

  constructor(storage: ResponseStorage, config: ApplicationConfig) {
    this.#storage = storage;
    this.#config = config;
    this.#plans = new RoutePlans(ResponseCacheInterceptor, config);
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const plan = this.#plans.of(context);
    const request = context.switchToHttp().getRequest<object>();
    if (plan === undefined || met.has(request)) return next.handle();
    met.add(request);
    const exchange = findExchange(request, context.switchToHttp().getResponse<object>());
    const admission = exchange === undefined ? 'bypass' : admit(exchange);
    if (exchange === undefined || admission === 'bypass') return next.handle();
    return this.#answer(plan, exchange, admission, context, next);
  }

  async #answer(
    plan: RoutePlan,
    exchange: Exchange,
    admission: RequestAdmission,
    context: ExecutionContext,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const inquiry = await this.#inquire(plan, exchange, context);
    if (inquiry === undefined) return next.handle();
    const question = questionOf(inquiry, this.#storage);
    if (admission !== 'fill') {
      const stored = await this.#storage.find(plan.cache, question);
      return stored === undefined ? next.handle() : this.#replay(exchange, stored);
    }
    const answer = await this.#storage.ask(plan.cache, question);
    if (answer.kind === 'stored') return this.#replay(exchange, answer.response);
    return this.#run(inquiry, answer.filler, next);
  }

  #replay(exchange: Exchange, stored: StoredResponse): Observable<unknown> {
    return of(exchange.replay(asOfNow(stored, this.#storage.clock.now())));
  }

  /** Runs the application's own functions; what they throw is told once per route, and the request is not cached. */
  async #inquire(
    plan: RoutePlan,
    exchange: Exchange,
    context: ExecutionContext,
  ): Promise<Inquiry | undefined> {
    try {
      if (plan.when !== undefined && !plan.when(context)) return undefined;
      const key = requestKey(plan, exchange, context, this.#config.getVersioning());
      if (key === undefined) return undefined;
      const ttl = await this.#ttl(plan, context);
      return ttl !== null && ttl <= 0 ? undefined : { plan, exchange, key, ttl };
    } catch (error) {
      if (!this.#failed.has(plan)) this.#logger.error(`${plan.name} is not cached: ${String(error)}`);
      this.#failed.add(plan);
      return undefined;
    }
  }

  async #ttl(plan: RoutePlan, context: ExecutionContext): Promise<number | null> {
    const ttl: unknown = typeof plan.ttl === 'function' ? await plan.ttl(context) : plan.ttl;
    if (ttl === null) return null;
    if (ttl === undefined) return this.#storage.defaultsOf(plan.cache).ttl;
    // cache-manager's function may give 0, which means no expiry there.
    if (ttl === 0 && typeof plan.ttl === 'function') return null;
    return milliseconds(ttl as string | number, 'ttl');
  }

  #run(inquiry: Inquiry, filler: ResponseFiller, next: CallHandler): Observable<unknown> {
    const { plan, exchange } = inquiry;
    const verdict: HandlerVerdict = { vetoed: false };
    const capture = captureFill({ ...inquiry, clock: this.#storage.clock, filler, verdict });
    const showConditions = hideConditions(exchange.headers);
    const source = plan.judged ? watchHandler(verdict, () => next.handle()) : next.handle();
    return captureResult(source, capture, showConditions);
  }
}

function questionOf({ plan, key }: Inquiry, storage: ResponseStorage): Question {
  return {
    family: key,
    key,
    tags: plan.tags ?? [],
    stale: storage.defaultsOf(plan.cache).stale,
    wait: WAIT,
    variantKey: () => key,
    matches: () => true,
  };
}

/** By what the request carries, and by what was put on the request and the response before the interceptors ran. */
function admit(exchange: Exchange): RequestAdmission {
  if (exchange.identified() || isPrivate(exchange.fields())) return 'bypass';
  return admitRequest(exchange.method, exchange.headers);
}

/** A stored response as it leaves now: what it lets others keep it for has become shorter. */
function asOfNow(stored: StoredResponse, now: number): StoredResponse {
  const headers = stored.headers.map(({ name, value }) =>
    name.toLowerCase() === 'cache-control' && typeof value === 'string'
      ? { name, value: withRemainingAge(value, now - stored.createdAt) }
      : { name, value },
  );
  return { ...stored, headers };
}
