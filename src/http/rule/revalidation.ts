import { fieldValue, type HeaderFields, type HeaderValue } from './header-fields.js';
import { initialAge } from './freshness.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import { storableHeaders } from './storable-headers.js';
import type { StoredHeader, StoredResponse } from './stored-response.js';

/** What a handler is asked whether a stored response is still right by. */
export interface Conditions {
  readonly 'if-none-match'?: string;
  readonly 'if-modified-since'?: string;
}

/** What platforms make of a body: a handler knows of no such tag, and has run when it is compared. */
const MADE_OF_BODY = /^W\/"[\da-f]+-[\w+/-]{27}"$/;

/** What describes the body, which stays as it is (RFC 9111 section 3.2). */
const OF_BODY = new Set(['content-encoding', 'content-length', 'content-range', 'content-type']);

/** Whether a response has a validator by which its handler may say that it is still right. */
export function isValidatable(fields: HeaderFields): boolean {
  const etag = fields.get('etag');
  return (
    (typeof etag === 'string' && !MADE_OF_BODY.test(etag)) || typeof fields.get('last-modified') === 'string'
  );
}

/** The conditions to ask the handler by for a stored response; `undefined` when it has no validator. */
export function conditionsOf({ headers }: StoredResponse): Conditions | undefined {
  const etag = fieldValue(headers, 'etag');
  const lastModified = fieldValue(headers, 'last-modified');
  if (typeof etag !== 'string' && typeof lastModified !== 'string') return undefined;
  return {
    ...(typeof etag === 'string' && { 'if-none-match': etag }),
    ...(typeof lastModified === 'string' && { 'if-modified-since': lastModified }),
  };
}

/** A handler's 304: all of its fields, those that were added since before the handler, and how those are spelled. */
export interface NotModified {
  readonly fields: HeaderFields;
  readonly added: HeaderFields;
  readonly names: ReadonlyMap<string, string>;
}

/**
 * A stored response that its handler has called right with a 304: its headers are brought up to date (RFC 9111 section 3.2).
 * `undefined` when the 304 speaks of another response, by its validator (section 4.3.4).
 */
export function freshened(
  stored: StoredResponse,
  { fields, added, names }: NotModified,
  { perRequestHeaders }: Pick<ResponsePolicy, 'perRequestHeaders'>,
  now: number,
): StoredResponse | undefined {
  if (speaksOfAnother(stored.headers, fields)) return undefined;
  const updated = storableHeaders(added, names, perRequestHeaders).filter(
    ({ name, value }) => !OF_BODY.has(name.toLowerCase()) && value.length > 0,
  );
  const updates = new Set(updated.map(({ name }) => name.toLowerCase()));
  // The new age says when it was made.
  updates.add('date');
  const kept = stored.headers.filter(({ name }) => !updates.has(name.toLowerCase()));
  return { ...stored, createdAt: now - initialAge(fields, now), headers: [...kept, ...updated] };
}

function speaksOfAnother(headers: readonly StoredHeader[], fields: HeaderFields): boolean {
  const etag = fields.get('etag');
  if (etag !== undefined) return opaque(etag) !== opaque(fieldValue(headers, 'etag'));
  const lastModified = fields.get('last-modified');
  return lastModified !== undefined && lastModified !== fieldValue(headers, 'last-modified');
}

/** Validators of a 304 are compared weakly. */
function opaque(etag: HeaderValue | undefined): string | undefined {
  return typeof etag === 'string' ? etag.replace(/^W\//, '') : undefined;
}
