import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { systemClock } from '../../clock.js';
import { parseHttpDate } from './http-date.js';

/** What a stored response can be compared with. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Without it, 200. Conditions are for responses that succeed (RFC 9110 section 13.2.1). */
  readonly status?: number;
}

/** Request headers that would make a handler answer with less than the whole response: no handler of a miss sees them. */
export const HIDDEN_HEADERS: readonly string[] = ['if-none-match', 'if-modified-since', 'if-range', 'range'];
const ENTITY_TAG = /(?:W\/)?("[^"]*")/g;

/** A weak entity tag (RFC 9110 section 8.8.3) of a body. */
export function weakEntityTag(body: Buffer): string {
  return `W/"${body.length.toString(16)}-${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

/**
 * Whether the client already has this response (RFC 9110 section 13.2.2): `If-None-Match` by weak comparison, else
 * `If-Modified-Since`.
 */
export function isNotModified(
  headers: IncomingHttpHeaders,
  { etag, lastModified, status = 200 }: Validators,
): boolean {
  if (status < 200 || status > 299) return false;
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === '*') return true;
    const own = opaque(etag);
    return own !== undefined && [...noneMatch.matchAll(ENTITY_TAG)].some((match) => match[1] === own);
  }
  // Two digits of a year are told by the century that we live in.
  const now = systemClock.now();
  const since = parseHttpDate(headers['if-modified-since'] ?? '', now);
  const modified = parseHttpDate(lastModified ?? '', now);
  return since !== undefined && modified !== undefined && modified <= since;
}

function opaque(etag: string | undefined): string | undefined {
  return etag === undefined ? undefined : [...etag.matchAll(ENTITY_TAG)][0]?.[1];
}

/**
 * Takes conditions and ranges off a request, so that its handler gives the whole response; the returned function puts them
 * back.
 */
export function hideConditions(headers: IncomingHttpHeaders): () => void {
  const hidden = HIDDEN_HEADERS.flatMap((name) => {
    const value = headers[name];
    if (value === undefined) return [];
    Reflect.deleteProperty(headers, name);
    return [[name, value] as const];
  });
  return () => {
    for (const [name, value] of hidden.splice(0)) Object.assign(headers, { [name]: value });
  };
}
