import type { IncomingHttpHeaders } from 'node:http';
import { parseCacheControl } from './cache-control.js';
import { listMembers, type HeaderFields } from './header-fields.js';

/** What a request may do: `fill` = be answered from the cache and fill it, `read` = only be answered. */
export type RequestAdmission = 'bypass' | 'read' | 'fill';

/** The largest body that is stored, in bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Credentials, a change of the method or of the protocol, and preconditions that only the origin can judge. */
const BYPASSING_HEADERS = [
  'authorization',
  'cookie',
  'if-match',
  'if-unmodified-since',
  'upgrade',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
];

/**
 * Fields whose mere presence forbids storage. `Content-Encoding` means that the handler chose a coding for this client.
 */
const FORBIDDEN_FIELDS = [
  'set-cookie',
  'trailer',
  'content-encoding',
  'content-range',
  'www-authenticate',
  'clear-site-data',
];

/**
 * Names in `Vary` that middleware around the handler may add: the coding is chosen and the origin allowed again on every
 * hit, and requests with a cookie or credentials never get this far.
 */
const HARMLESS_VARY = new Set([
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'cookie',
  'origin',
]);

/** Decides by method and headers alone. A request's `no-cache` and `max-age` do not count: no client can force a run. */
export function admitRequest(method: string, headers: IncomingHttpHeaders): RequestAdmission {
  if (method !== 'GET' && method !== 'HEAD') return 'bypass';
  if (BYPASSING_HEADERS.some((name) => headers[name] !== undefined) || hasBody(headers)) return 'bypass';
  if (method === 'HEAD' || parseCacheControl(headers['cache-control']).noStore) return 'read';
  return 'fill';
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length.trim() !== '0');
}

/** A response as the handler made it, before anything outside of it touches the bytes. */
export interface HandlerResponse {
  readonly status: number;
  /** Every field, whoever set it. */
  readonly fields: HeaderFields;
  /** The fields that the handler and what stands between it and the cache set, `@Header` included. */
  readonly added: HeaderFields;
  /** The members of `Vary` that they added. */
  readonly addedVary: readonly string[];
  readonly bodyBytes: number;
}

/**
 * Whether what is set on a response before its handler runs already says that it is not to be shared. The request is then
 * somebody's own in the eyes of middleware or guards, and is given nobody else's response either.
 */
export function isPrivate(fields: HeaderFields): boolean {
  const cacheControl = parseCacheControl(fields.get('cache-control'));
  return cacheControl.private || cacheControl.noStore;
}

/** Why a response must not be stored; `undefined` when it may. */
export function refuseResponse({
  status,
  fields,
  added,
  addedVary,
  bodyBytes,
}: HandlerResponse): string | undefined {
  if (status !== 200) return `status ${status}`;
  if (bodyBytes > MAX_BODY_BYTES) return `a body of more than ${MAX_BODY_BYTES} bytes`;
  const origin = added.get('access-control-allow-origin');
  if (origin !== undefined && origin !== '*') return 'Access-Control-Allow-Origin for one origin';
  if (addedVary.length > 0) return `Vary: ${addedVary.join(', ')}`;
  return refuseFields(fields);
}

/**
 * Why a response must not be stored, judged by the head that went out; `undefined` when it may. Cookies, codings and
 * directives that middleware adds last are seen here only.
 */
export function refuseHead(status: number, fields: HeaderFields): string | undefined {
  // A conditional request may have turned the handler's 200 into a 304.
  if (status !== 200 && status !== 304) return `status ${status}`;
  const outside = new Map(fields);
  outside.delete('content-encoding');
  return refuseFields(outside);
}

function refuseFields(fields: HeaderFields): string | undefined {
  const forbidden = FORBIDDEN_FIELDS.find((name) => fields.has(name));
  if (forbidden !== undefined) return forbidden;
  const {
    noStore,
    noCache,
    private: onlyForOne,
    maxAge,
    sMaxage,
  } = parseCacheControl(fields.get('cache-control'));
  if (noStore || noCache || onlyForOne) return 'Cache-Control';
  if ((sMaxage ?? maxAge) === 0) return 'Cache-Control';
  const foreign = listMembers(fields.get('vary')).find((name) => !HARMLESS_VARY.has(name));
  return foreign === undefined ? undefined : `Vary: ${foreign}`;
}
