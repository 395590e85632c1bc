import type { Clock } from '../clock.js';
import type { HandlerVerdict } from '../di/route-metadata.js';
import { refuseHead, refuseResponse } from './admission.js';
import type { Capture, CapturedResponse, Exchange, Offer } from './exchange.js';
import { ageOf, freshFor } from './freshness.js';
import { fieldsSince, listMembers, type HeaderFields } from './header-fields.js';
import type { SentHead } from './head-capture.js';
import type { KeptResponse, ResponseFiller } from './response-filler.js';
import type { RoutePlan } from './route-plan.js';
import { storableHeaders } from './storable-headers.js';

/** A response that is to be stored, if it turns out that it may. */
export interface Fill {
  readonly plan: RoutePlan;
  /** Milliseconds, `null` = never expires. The response may only shorten it. */
  readonly ttl: number | null;
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly filler: ResponseFiller;
  readonly verdict: HandlerVerdict;
}

/** How long a response may take from the end of its handler to its head, once its client has left, in milliseconds. */
const HEAD_DUE = 1_000;

/** Waits for the handler's response, and has it stored if it may be. */
export function captureFill(fill: Fill): Capture {
  const filler = once(fill.filler);
  const capture = fill.exchange.capture(offerTo({ ...fill, filler }));
  let completed = false;
  let closed = false;
  fill.exchange.onClose(() => {
    closed = true;
    // What was to be stored or refused was so before.
    if (completed) filler.fail();
  });
  return {
    complete(value) {
      completed = true;
      capture.complete(value);
      if (closed) fill.clock.schedule(HEAD_DUE, () => filler.fail());
    },
    cancel() {
      filler.fail();
      capture.cancel();
    },
  };
}

function offerTo(fill: Fill): Offer {
  const { filler } = fill;
  const judge = judgeOf(fill);
  return (captured) => {
    const judgeHead = judge(captured);
    if (judgeHead === undefined) {
      refuse(filler, captured.status);
      return undefined;
    }
    return (head) => {
      const kept = judgeHead(head);
      if (kept === undefined) refuse(filler, head.status);
      else filler.store(kept);
    };
  };
}

/** An error of the server says nothing of the next response. */
function refuse(filler: ResponseFiller, status: number): void {
  if (status >= 500) filler.fail();
  else filler.refuse();
}

/** The first call counts. */
function once(filler: ResponseFiller): ResponseFiller {
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
  };
}

type Judge = (captured: CapturedResponse) => ((head: SentHead) => KeptResponse | undefined) | undefined;

/** Judges the handler's response when it is captured, and its head when that went out: `undefined` = it may not be stored. */
function judgeOf({ plan, ttl, exchange, clock, verdict }: Fill): Judge {
  const before = exchange.fields();
  return (captured) => {
    const tags = tagsOf(plan, verdict);
    if (verdict.vetoed || tags === undefined || exchange.identified()) return undefined;
    const now = clock.now();
    const added = fieldsSince(before, captured.fields, plan.decoratedHeaders);
    if (refuses(captured, added, varyAdded(before, captured.fields, plan))) return undefined;
    if (shorter(ttl, freshFor(captured.fields, now)) === 0) return undefined;
    return ({ status, fields }) => {
      if (refuseHead(status, fields) !== undefined || exchange.identified()) return undefined;
      const kept = shorter(ttl, freshFor(fields, now));
      if (kept === 0) return undefined;
      const createdAt = now - ageOf(captured.fields);
      const headers = storableHeaders(added, captured.names);
      const response = { status: captured.status, createdAt, headers, selected: [], body: captured.body };
      return { response, ttl: kept, grace: 0, tags };
    };
  };
}

/** All tags of the response; `undefined` = they are not known, since its handler ran without its decorator. */
function tagsOf(plan: RoutePlan, { tags }: HandlerVerdict): readonly string[] | undefined {
  if (plan.tags === undefined) return [];
  return plan.judged ? tags : plan.tags;
}

function refuses(
  { status, fields, body }: CapturedResponse,
  added: HeaderFields,
  addedVary: readonly string[],
): boolean {
  return refuseResponse({ status, fields, added, addedVary, bodyBytes: body?.length ?? 0 }) !== undefined;
}

function varyAdded(before: HeaderFields, now: HeaderFields, { decoratedHeaders }: RoutePlan): string[] {
  const earlier = decoratedHeaders.has('vary') ? [] : listMembers(before.get('vary'));
  return listMembers(now.get('vary')).filter((name) => !earlier.includes(name));
}

/** The shorter of two times in whole milliseconds, not below 0; `null` = for ever, `undefined` = no opinion. */
function shorter(ttl: number | null, fresh: number | undefined): number | null {
  if (fresh === undefined) return ttl;
  return Math.max(0, Math.floor(Math.min(ttl ?? Number.POSITIVE_INFINITY, fresh)));
}
