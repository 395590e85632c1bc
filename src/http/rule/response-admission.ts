import { graceOf } from '../../cache/stale-options.js';
import { parseCacheControl, type CacheControl } from './cache-control.js';
import { freshFor, staleWindows } from './freshness.js';
import { listMembers, type HeaderFields } from './header-fields.js';
import { isAuthorized, refuseShared, type RequestFacts } from './request-admission.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import { isValidatable } from './revalidation.js';
import { sentCacheControl } from './sent-response.js';
import { varyNames } from './vary.js';

/** A response as the handler made it, before anything outside of it touches the bytes. */
export interface MadeResponse {
  readonly status: number;
  /** Every field, whoever set it. */
  readonly fields: HeaderFields;
  /** The fields that the handler and what stands between it and the cache set, `@Header` included. */
  readonly added: HeaderFields;
  /** The members of `Vary` that they added, lower-cased. */
  readonly addedVary: readonly string[];
  readonly bodyBytes: number;
}

/** How long a response is kept, in milliseconds. */
export interface Lifetime {
  /** `null` = for ever; 0 = it may only be served once its handler has called it right, or stale. */
  readonly ttl: number | null;
  /** For how long it is kept on after that. */
  readonly grace: number;
}

/** Fields whose mere presence forbids storage: those of one client, and of a message that is not whole without them. */
const FORBIDDEN = ['set-cookie', 'trailer'];
/** Those that a route would hardly set on what it means to be cached; where the headers decide, they say so themselves. */
const FORBIDDEN_BY_ROUTE = ['content-range', 'www-authenticate', 'clear-site-data'];

/** Statuses whose rules for caches are kept here (RFC 9110): those that it defines, but parts and what has no body of its own. */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407,
  408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
]);

/** A part, what has no body of its own, and what only tells a client to ask in another way (RFC 6585). */
const NEVER_STORED = new Set([206, 304, 428, 429, 431, 511]);

/** For how long a response is kept that its handler may call right again, in milliseconds. */
const KEPT_FOR_VALIDATION = 3_600_000;

/** Why a response must not be stored; `undefined` when it may. The reason is for people. */
export function refuseResponse(
  response: MadeResponse,
  facts: RequestFacts,
  policy: ResponsePolicy,
): string | undefined {
  const { status, fields, bodyBytes } = response;
  const { maxBodyBytes } = policy;
  if (bodyBytes > maxBodyBytes) return `a body of more than ${maxBodyBytes} bytes`;
  return (
    refuseStatus(status, policy) ??
    refuseAdded(response, policy) ??
    refuseFields(status, fields, facts, policy)
  );
}

/**
 * Why a response must not be stored, judged by the head that went out; `undefined` when it may. Cookies and directives that
 * middleware adds last are seen here only.
 */
export function refuseHead(
  status: number,
  fields: HeaderFields,
  facts: RequestFacts,
  policy: ResponsePolicy,
): string | undefined {
  // A conditional request may have turned the handler's 200 into a 304.
  const refusal = status === 304 ? undefined : refuseStatus(status, policy);
  return refusal ?? refuseFields(status, fields, facts, policy);
}

/**
 * How long a response is kept, by the fields of its head; `undefined` when it is of no use. Where the route decides, what it
 * says is `ttl`, which the response can only shorten; where the headers decide, `ttl` does not count, and a response that
 * does not say how long it is fresh is not stored.
 */
export function lifetimeOf(
  { status, fields }: Pick<MadeResponse, 'status' | 'fields'>,
  policy: ResponsePolicy,
  ttl: number | null,
  now: number,
): Lifetime | undefined {
  const cacheControl = parseCacheControl(fields.get('cache-control'));
  const fresh = cacheControl.noCache ? 0 : freshFor(fields, now);
  const validation = isValidatable(fields) ? KEPT_FOR_VALIDATION : 0;
  const grace = Math.max(graceOf(staleWindows(policy, cacheControl, status)), validation);
  const wanted = status === 200 ? ttl : policy.negativeTtl;
  const lifetime = policy.mode === 'headers' ? fresh : shorter(wanted, fresh);
  // What was stale for a while before it came would be served stale for longer than it may.
  if (lifetime === undefined || (lifetime !== null && lifetime < 0)) return undefined;
  const kept = lifetime === null ? null : Math.floor(lifetime);
  return kept === 0 && grace === 0 ? undefined : { ttl: kept, grace };
}

/**
 * The fields of a head, with `Cache-Control` as it was made where nobody but the policy has changed it since: what the policy
 * tells others says nothing of what is kept here, and leaves out what they must not know.
 */
export function asMade(head: HeaderFields, made: HeaderFields, policy: ResponsePolicy): HeaderFields {
  const control = made.get('cache-control');
  const told = sentCacheControl(control, policy, made.has('expires'));
  if (told === undefined || head.get('cache-control') !== told) return head;
  const fields = new Map(head);
  if (control === undefined) fields.delete('cache-control');
  else fields.set('cache-control', control);
  return fields;
}

/**
 * The fields to store of a response: those that were added, with `Cache-Control` as it went out. It is asked for as long as
 * the response is there, and middleware may have said more than the handler.
 */
export function withSentControl(added: HeaderFields, head: HeaderFields): HeaderFields {
  const fields = new Map(added);
  const control = head.get('cache-control');
  if (control !== undefined) fields.set('cache-control', control);
  else if (fields.get('cache-control')?.length !== 0) fields.delete('cache-control');
  return fields;
}

function refuseStatus(status: number, { mode, statuses }: ResponsePolicy): string | undefined {
  const final = status >= 200 && status <= 599 && !NEVER_STORED.has(status);
  const listed = status === 200 || (statuses.has(status) && status !== 400 && status < 500);
  return final && (mode === 'headers' || listed) ? undefined : `the status ${status}`;
}

/** What the handler itself chose by the request. */
function refuseAdded({ fields, added, addedVary }: MadeResponse, policy: ResponsePolicy): string | undefined {
  const isKeyed = (name: string): boolean => addedVary.includes(name) || policy.vary.includes(name);
  const codings = listMembers(fields.get('content-encoding')).filter((coding) => coding !== 'identity');
  if (codings.length > 0 && !isKeyed('accept-encoding'))
    return 'Content-Encoding without Vary: Accept-Encoding';
  const allowed = added.get('access-control-allow-origin');
  if (policy.mode === 'headers' || allowed === undefined || allowed === '*' || allowed.length === 0) {
    return undefined;
  }
  const dropped = policy.perRequestHeaders.has('access-control-allow-origin');
  return dropped || isKeyed('origin') ? undefined : 'Access-Control-Allow-Origin for one origin';
}

function refuseFields(
  status: number,
  fields: HeaderFields,
  facts: RequestFacts,
  policy: ResponsePolicy,
): string | undefined {
  const forbidden = policy.mode === 'policy' ? [...FORBIDDEN, ...FORBIDDEN_BY_ROUTE] : FORBIDDEN;
  const found = forbidden.find((name) => fields.has(name));
  if (found !== undefined) return `the header ${found}`;
  if (varyNames(fields) === '*') return 'Vary: *';
  const cacheControl = parseCacheControl(fields.get('cache-control'));
  const { noCache } = cacheControl;
  if (noCache && !isValidatable(fields)) return 'Cache-Control: no-cache without a validator';
  if (policy.mode === 'headers' && cacheControl.mustUnderstand) {
    // A conditional request's 304 stands for a status that was judged before.
    if (status !== 304 && !UNDERSTOOD.has(status)) return `Cache-Control: must-understand of ${status}`;
    const { private: onlyForOne } = cacheControl;
    if (onlyForOne && policy.audience !== 'user') return 'Cache-Control: private';
  } else {
    const shared = refuseShared(fields.get('cache-control'), policy);
    if (shared !== undefined) return shared;
  }
  return refuseAuthorized(cacheControl, facts, policy);
}

/** Where the headers decide, what was made for somebody is for others if it says so (RFC 9111 section 3.5). */
export function refuseAuthorized(
  cacheControl: CacheControl,
  facts: RequestFacts,
  { mode, audience }: ResponsePolicy,
): string | undefined {
  if (audience !== 'anonymous' || !isAuthorized(facts)) return undefined;
  const forOthers = cacheControl.public || cacheControl.mustRevalidate || cacheControl.sMaxage !== undefined;
  return mode === 'headers' && forOthers ? undefined : 'made for a request with credentials';
}

/** The shorter of two times; `null` = for ever, `undefined` = no opinion. */
function shorter(ttl: number | null, fresh: number | undefined): number | null {
  return fresh === undefined ? ttl : Math.min(ttl ?? Number.POSITIVE_INFINITY, fresh);
}
