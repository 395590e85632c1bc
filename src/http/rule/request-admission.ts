import type { IncomingHttpHeaders } from 'node:http';
import { parseCacheControl } from './cache-control.js';
import type { HeaderValue } from './header-fields.js';
import type { ResponsePolicy } from '../policy/response-policy.js';

/** What is known of a request before its handler runs. */
export interface RequestFacts {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether somebody put a user on the request. */
  readonly identified: boolean;
  /** Whether a session was loaded that holds something. */
  readonly hasSession: boolean;
  /** `Cache-Control` of the response so far: what middleware, guards and `@Header` have set. */
  readonly cacheControl: HeaderValue | undefined;
}

/**
 * What a request may do: `fill` = be answered from the cache, and fill it; `read` = be answered only; `bypass` = neither.
 * `why` is for people.
 */
export type RequestAdmission =
  { readonly may: 'fill' } | { readonly may: 'read' | 'bypass'; readonly why: string };

/** A change of the method or of the protocol, and preconditions that only the origin can judge. */
const BYPASSING_HEADERS = [
  'if-match',
  'if-unmodified-since',
  'upgrade',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
];

const FILL: RequestAdmission = Object.freeze({ may: 'fill' });

/**
 * Decides what a request may do by itself. Its `no-cache` and `max-age` do not count: no client can force a run. Neither do
 * cookies but those of sessions: what a handler reads of the others is watched.
 */
export function admitRequest(facts: RequestFacts, policy: ResponsePolicy): RequestAdmission {
  const why = bypassOf(facts, policy);
  if (why !== undefined) return { may: 'bypass', why };
  if (facts.method === 'HEAD') return { may: 'read', why: 'HEAD fills nothing' };
  const cacheControl = facts.headers['cache-control'];
  return cacheControl !== undefined && parseCacheControl(cacheControl).noStore
    ? { may: 'read', why: 'the request says no-store' }
    : FILL;
}

/** Whether a request is somebody's own. Where the headers decide, cookies alone tell nothing (RFC 9111 section 3.5). */
export function isAuthorized({ headers, identified, hasSession }: RequestFacts): boolean {
  return headers.authorization !== undefined || identified || hasSession;
}

/**
 * Whether what is set on a response already says that it is not to be shared. The request is then somebody's own in the eyes
 * of middleware or guards, and is given nobody else's response either.
 */
export function refuseShared(
  cacheControl: HeaderValue | undefined,
  { audience }: ResponsePolicy,
): string | undefined {
  if (cacheControl === undefined) return undefined;
  const { private: onlyForOne, noStore } = parseCacheControl(cacheControl);
  if (noStore) return 'Cache-Control: no-store';
  // Of a user's own responses, other caches are told so.
  return onlyForOne && audience !== 'user' ? 'Cache-Control: private' : undefined;
}

function bypassOf(facts: RequestFacts, policy: ResponsePolicy): string | undefined {
  const { method, headers } = facts;
  if (method !== 'GET' && method !== 'HEAD') return `the method ${method}`;
  const name = BYPASSING_HEADERS.find((header) => headers[header] !== undefined);
  if (name !== undefined) return `the header ${name}`;
  if (hasBody(headers)) return 'a body';
  const shared = refuseShared(facts.cacheControl, policy);
  if (shared !== undefined) return `${shared}, before the handler`;
  return policy.mode === 'policy' && policy.audience === 'anonymous'
    ? refusePerson(facts, policy)
    : undefined;
}

function refusePerson(facts: RequestFacts, { sessionCookies }: ResponsePolicy): string | undefined {
  const { headers, identified, hasSession } = facts;
  if (headers.authorization !== undefined) return 'the header authorization';
  if (identified) return 'a user on the request';
  if (hasSession) return 'a session';
  const cookie = cookieNames(headers.cookie).find((name) => sessionCookies.has(name));
  return cookie === undefined ? undefined : `the cookie ${cookie}`;
}

/** Some parsers of cookies separate them by commas, too. */
function cookieNames(cookie: string | undefined): string[] {
  return cookie === undefined ? [] : cookie.split(/[;,]/).map((pair) => (pair.split('=', 1)[0] ?? '').trim());
}

/** Whether a request brings a body along. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length.trim() !== '0');
}
