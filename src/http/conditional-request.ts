import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What a stored response can be compared with. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** Request fields that would make a handler answer with less than the whole response. */
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-range', 'range'] as const;
const ENTITY_TAG = /(?:W\/)?("[^"]*")/g;

/** A weak entity tag (RFC 9110 section 8.8.3) of a body. */
export function weakEntityTag(body: Buffer): string {
  return `W/"${body.length.toString(16)}-${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

/**
 * Whether the client already has this response (RFC 9110 section 13.2.2): `If-None-Match` by weak comparison, else
 * `If-Modified-Since`.
 */
export function isNotModified(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === '*') return true;
    const own = opaque(etag);
    return own !== undefined && [...noneMatch.matchAll(ENTITY_TAG)].some((match) => match[1] === own);
  }
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Date.parse(lastModified ?? '') <= since;
}

function opaque(etag: string | undefined): string | undefined {
  return etag === undefined ? undefined : [...etag.matchAll(ENTITY_TAG)][0]?.[1];
}

/**
 * Takes conditions and ranges off a request, so that its handler gives the whole response; the returned function puts them
 * back.
 */
export function hideConditions(headers: IncomingHttpHeaders): () => void {
  const hidden = CONDITIONS.flatMap((name) => {
    const value = headers[name];
    if (value === undefined) return [];
    Reflect.deleteProperty(headers, name);
    return [[name, value] as const];
  });
  return () => {
    for (const [name, value] of hidden.splice(0)) Object.assign(headers, { [name]: value });
  };
}
