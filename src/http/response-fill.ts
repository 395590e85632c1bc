import type { HandlerVerdict } from '../di/route-metadata.js';
import { refuseHead, refuseResponse } from './admission.js';
import type { CapturedResponse, Exchange, Offer } from './exchange.js';
import { ageOf, freshFor } from './freshness.js';
import { fieldsSince, listMembers, type HeaderFields } from './header-fields.js';
import type { ResponseStorage } from './response-storage.js';
import type { RoutePlan } from './route-plan.js';
import { storableHeaders } from './storable-headers.js';

/** A response that is to be stored, if it turns out that it may. */
export interface Fill {
  readonly plan: RoutePlan;
  readonly key: string;
  /** Milliseconds, `null` = never expires. The response may only shorten it. */
  readonly ttl: number | null;
  readonly exchange: Exchange;
  readonly storage: ResponseStorage;
  readonly verdict: HandlerVerdict;
}

/** Judges the handler's response when it is captured, and its head when that went out, and stores it if both may be. */
export function offerTo({ plan, key, ttl, exchange, storage, verdict }: Fill): Offer {
  const before = exchange.fields();
  const store = storage.filler(plan.cache, key);
  return (captured) => {
    if (verdict.vetoed || exchange.identified()) return undefined;
    const now = storage.clock.now();
    const added = fieldsSince(before, captured.fields, plan.decoratedHeaders);
    if (refuses(captured, added, varyAdded(before, captured.fields, plan))) return undefined;
    if (shorter(ttl, freshFor(captured.fields, now)) === 0) return undefined;
    return ({ status, fields }) => {
      if (refuseHead(status, fields) !== undefined || exchange.identified()) return;
      const kept = shorter(ttl, freshFor(fields, now));
      if (kept === 0) return;
      const createdAt = now - ageOf(captured.fields);
      const headers = storableHeaders(added, captured.names);
      store({ status: captured.status, createdAt, headers, body: captured.body }, kept);
    };
  };
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
