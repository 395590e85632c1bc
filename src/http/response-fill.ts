import type { Clock } from '../clock.js';
import type { HandlerVerdict } from '../di/route-metadata.js';
import { sessionNoticeOf } from '../di/session-notice.js';
import type { Capture, CapturedResponse, Exchange, Offer } from './platform/exchange.js';
import { freshFor, initialAge } from './rule/freshness.js';
import { fieldsSince, listMembers, type HeaderFields } from './rule/header-fields.js';
import type { SentHead } from './platform/head-capture.js';
import type { RequestFacts } from './rule/request-admission.js';
import type { RequestWatch } from './watch/request-watch.js';
import {
  asMade,
  lifetimeOf,
  refuseHead,
  refuseResponse,
  withSentControl,
  type Lifetime,
} from './rule/response-admission.js';
import type { ResponseCacheContext } from './response-cache-ctx.js';
import type { KeptResponse, ResponseFiller } from './engine/response-filler.js';
import { refuseNonce } from './rule/policy-nonce.js';
import type { ResponsePolicy } from './policy/response-policy.js';
import type { RoutePlan } from './route/route-plan.js';
import { storableHeaders } from './rule/storable-headers.js';
import { selectHeaders, varyNames } from './rule/vary.js';

/** A run of a handler whose response is stored, if it turns out that it may be. */
export interface Run {
  readonly plan: RoutePlan;
  readonly exchange: Exchange;
  /** What was known of the request before. */
  readonly facts: RequestFacts;
  /** Milliseconds, `null` = never expires. The response may only shorten it, but for what the handler asks for. */
  readonly ttl: number | null;
  /** The tags that were known before. */
  readonly tags: readonly string[];
  readonly clock: Clock;
  readonly filler: ResponseFiller;
  readonly verdict: HandlerVerdict;
  readonly watch: RequestWatch;
  readonly wishes: ResponseCacheContext;
  /** Told before the head of any response goes out. */
  readonly sending: () => void;
  /**
   * Told before the head of a response goes out that is going to be stored, if nothing in the head forbids it. `useful` =
   * as far as it is known, it is fresh for a while.
   */
  readonly storing: (useful: boolean) => void;
  /** Told that a response is stored, and the request headers by which its `Vary` tells it from others. */
  readonly stored: (vary: readonly string[]) => void;
  /** Told that a stale response goes out in the place of the handler's. */
  readonly replaced: () => void;
  /** Told why a response is not stored. */
  readonly refused: (reason: string) => void;
}

/** How long a response may take from the end of its handler to its head, once its client has left, in milliseconds. */
const HEAD_DUE = 1_000;

/**
 * How long a handler may take whose response is stored, in milliseconds: one that never ends would keep all later responses out.
 */
const LONGEST_RUN = 300_000;

/**
 * Waits for the handler's response, and has it stored if it may be. `run.filler` is told once, whatever happens. Until then the
 * request is watched: filters and serializers that tell a visitor of himself run after the handler.
 */
export function captureRun(run: Run): Capture {
  const { filler, watch } = run;
  const capture = run.exchange.capture(offerOf(run), run.plan.policy.maxBodyBytes);
  let completed = false;
  let closed = false;
  const end = (): void => {
    watch.stop();
    filler.skip();
  };
  const stopTimer = run.clock.schedule(LONGEST_RUN, () => filler.fail());
  run.exchange.onClose(() => {
    closed = true;
    // What was stored or refused was so before.
    if (completed) end();
  });
  return {
    complete(value) {
      stopTimer();
      completed = true;
      capture.complete(value);
      if (closed) run.clock.schedule(HEAD_DUE, end);
    },
    cancel() {
      stopTimer();
      end();
      capture.cancel();
    },
  };
}

/** Judges the response of a run, and has it stored once its head went out. */
export function offerOf(run: Run): Offer {
  const judge = judgeOf(run);
  const refuse = (reason: string, status: number): void => {
    run.refused(reason);
    // An error of the server says nothing of the next response.
    if (status >= 500) run.filler.fail();
    else run.filler.refuse();
  };
  return (captured) => {
    run.watch.stop();
    const judgeHead = judge(captured);
    run.sending();
    if (typeof judgeHead === 'string') {
      refuse(judgeHead, captured.status);
      return undefined;
    }
    run.storing(lifetimeIn(run, captured, run.clock.now()) !== undefined);
    return (head) => {
      const kept = judgeHead(head);
      if (typeof kept === 'string') refuse(kept, head.status);
      else run.filler.store(kept);
    };
  };
}

/** A reason to store nothing, or what is stored once the head went out. */
type Judge = (captured: CapturedResponse) => string | ((head: SentHead) => string | KeptResponse);

function judgeOf(run: Run): Judge {
  const { plan, exchange, facts } = run;
  const before = exchange.fields();
  return (captured) => {
    const tags = tagsOf(run);
    if (tags === undefined) return 'its handler ran without its decorator';
    const { status, fields, body } = captured;
    const added = fieldsSince(before, fields, plan.decoratedHeaders);
    const addedVary = varyAdded(before, fields, plan);
    const made: Made = { ...captured, added, addedVary, tags, now: run.clock.now() };
    const judged = { status, fields, added, addedVary, bodyBytes: body?.length ?? 0 };
    return (
      refuseRun(run, fields, addedVary) ??
      refuseResponse(judged, facts, plan.policy) ??
      refuseNonce(fields, added, body) ??
      ((head) => keptOf(run, made, head))
    );
  };
}

/** A response that may be stored if its head does not forbid it. */
interface Made extends CapturedResponse {
  readonly added: HeaderFields;
  readonly addedVary: readonly string[];
  readonly tags: readonly string[];
  /** When it was captured. */
  readonly now: number;
}

function keptOf(run: Run, made: Made, head: SentHead): string | KeptResponse {
  const { facts } = run;
  const { policy } = run.plan;
  const { status, added, addedVary, names, body, now, tags } = made;
  const fields = asMade(head.fields, made.fields, policy);
  const refusal =
    refuseRun(run, made.fields, addedVary) ??
    refuseHead(head.status, fields, facts, policy) ??
    refuseNonce(fields, added, body);
  if (refusal !== undefined) return refusal;
  const lifetime = lifetimeIn(run, { status, fields }, now);
  if (lifetime === undefined) return uselessBy(fields, policy, now);
  const said = varyNames(fields, addedVary);
  if (said === '*') return 'Vary: *';
  const vary = said.filter((name) => name !== 'cookie' || !isOfSession(run, made));
  const learned = vary.filter((name) => !policy.vary.includes(name));
  const response = {
    status,
    createdAt: now - initialAge(made.fields, now),
    expiresAt: lifetime.ttl === null ? Infinity : now + lifetime.ttl,
    headers: storableHeaders(withSentControl(added, fields), spelled(names), policy.perRequestHeaders),
    selected: selectHeaders(learned, facts.headers, policy.mode),
    body,
  };
  run.stored(vary);
  return { response, ...lifetime, tags };
}

/**
 * Whether `Vary: Cookie` is only there since somebody has looked at the session. Where the route decides, it says by itself
 * whose responses are whose.
 */
function isOfSession({ exchange, plan }: Run, { fields }: Made): boolean {
  if (plan.policy.mode !== 'policy' || sessionNoticeOf(exchange.request) === undefined) return false;
  return !listMembers(fields.get('vary')).includes('cookie');
}

/** `Cache-Control` may be the policy's, which is set once the names are read. */
function spelled(names: CapturedResponse['names']): CapturedResponse['names'] {
  return new Map([['cache-control', 'Cache-Control'], ...names]);
}

/** How long a response of a run is kept; `undefined` = it is of no use. */
function lifetimeIn(
  { plan, ttl, wishes }: Run,
  response: Pick<CapturedResponse, 'status' | 'fields'>,
  now: number,
): Lifetime | undefined {
  const wanted = wishes.wishedTtl === undefined ? ttl : wishes.wishedTtl;
  return lifetimeOf(response, plan.policy, wanted, now);
}

function uselessBy(fields: HeaderFields, { mode }: ResponsePolicy, now: number): string {
  const silent = mode === 'headers' && freshFor(fields, now) === undefined;
  return silent ? 'it does not say for how long it is fresh' : 'it is stale at once';
}

/** Why nothing of a run may be stored, by what its handler did. */
function refuseRun(
  { plan, exchange, facts, verdict, watch, wishes }: Run,
  fields: HeaderFields,
  addedVary: readonly string[],
): string | undefined {
  if (verdict.vetoed) return '`unless` says so';
  if (wishes.storeNothing) return 'its handler says so';
  if (sessionNoticeOf(exchange.request)?.modified === true) return 'the session was changed';
  // Who was known before is judged by what the response says.
  const late = !facts.identified && exchange.identified();
  if (plan.policy.audience === 'anonymous' && late) return 'a user was put on the request';
  const vary = varyNames(fields, addedVary);
  const [read] = watch.refusals(vary === '*' ? [] : vary);
  return read === undefined ? undefined : `its handler read ${read}, which is not part of the key`;
}

/** All tags of the response; `undefined` = they are not known. */
function tagsOf({ plan, tags, verdict, wishes }: Run): readonly string[] | undefined {
  if (plan.judged && plan.tags !== undefined && verdict.tags === undefined) return undefined;
  return [...new Set([...tags, ...(verdict.tags ?? []), ...wishes.named])];
}

function varyAdded(before: HeaderFields, now: HeaderFields, { decoratedHeaders }: RoutePlan): string[] {
  const earlier = decoratedHeaders.has('vary') ? [] : listMembers(before.get('vary'));
  return listMembers(now.get('vary')).filter((name) => !earlier.includes(name));
}

/** The first call counts. */
export function once(filler: ResponseFiller): ResponseFiller {
  let open = true;
  const first = (call: () => void): void => {
    if (!open) return;
    open = false;
    call();
  };
  return {
    store: (kept) => first(() => filler.store(kept)),
    refuse: () => first(() => filler.refuse()),
    fail: () => first(() => filler.fail()),
    skip: () => first(() => filler.skip()),
  };
}
