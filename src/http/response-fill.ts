import type { Clock } from '../clock.js';
import type { HandlerVerdict } from '../di/route-metadata.js';
import { refuseHead, refuseResponse } from './admission.js';
import type { Capture, CapturedResponse, Exchange, Offer } from './exchange.js';
import { ageOf, freshFor } from './freshness.js';
import { fieldsSince, listMembers, type HeaderFields } from './header-fields.js';
import type { SentHead } from './head-capture.js';
import type { ResponseFiller } from './response-filler.js';
import type { RoutePlan } from './route-plan.js';
import { storableHeaders } from './storable-headers.js';
import type { StoredResponse } from './stored-response.js';

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

/** What is stored. */
interface Kept {
  readonly response: StoredResponse;
  readonly ttl: number | null;
  readonly tags: readonly string[];
}

/** Waits for the handler's response, and has it stored if it may be. */
export function captureFill(fill: Fill): Capture {
  const { exchange, filler } = fill;
  const capture = exchange.capture(offerTo(fill));
  return {
    complete(value) {
      filler.ended();
      capture.complete(value);
    },
    cancel() {
      filler.drop();
      capture.cancel();
    },
  };
}

function offerTo(fill: Fill): Offer {
  const { filler } = fill;
  const judge = judgeOf(fill);
  return (captured) => {
    const judgeHead = judge(captured);
    if (judgeHead === undefined) filler.drop();
    return (
      judgeHead &&
      ((head) => {
        const kept = judgeHead(head);
        if (kept === undefined) filler.drop();
        else filler.store(kept.response, kept.ttl, kept.tags);
      })
    );
  };
}

type Judge = (captured: CapturedResponse) => ((head: SentHead) => Kept | undefined) | undefined;

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
      const response = { status: captured.status, createdAt, headers, body: captured.body };
      return { response, ttl: kept, tags };
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
