import type { NodeResponse } from './node-response.js';

/** What the session of a request adds to the head of its response. */
export interface SessionHead {
  /** A Set-Cookie field; `undefined` = none. */
  readonly cookie: string | undefined;
  /** Whether somebody has read the session: the response depends on the cookie then. */
  readonly varies: boolean;
  /** What a client is told that gets a 503, where nobody has said it; `undefined` = nothing. */
  readonly retryAfter?: string | undefined;
}

const UNAVAILABLE = 503;

/** Whether a response gets fields. */
export function hasFields({ cookie, varies, retryAfter }: SessionHead): boolean {
  return varies || cookie !== undefined || retryAfter !== undefined;
}

/**
 * Sets those fields on a response of a status. One with the cookie of a session is for one client, whatever its Cache-Control said.
 */
export function setSessionFields(response: NodeResponse, status: number, head: SessionHead): void {
  const { cookie, varies, retryAfter } = head;
  if (retryAfter !== undefined && status === UNAVAILABLE && response.getHeader('Retry-After') === undefined)
    response.setHeader('Retry-After', retryAfter);
  if (varies) response.setHeader('Vary', withCookie(textOf(response.getHeader('Vary'))));
  if (cookie === undefined) return;
  const present = response.getHeader('Set-Cookie') ?? [];
  response.setHeader('Set-Cookie', [...[present].flat().map(String), cookie]);
  response.setHeader('Cache-Control', madePrivate(textOf(response.getHeader('Cache-Control'))));
}

function textOf(value: number | string | string[] | undefined): string {
  return [value ?? []].flat().join(', ');
}

function withCookie(vary: string): string {
  const names = vary.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('*') || names.includes('cookie')) return vary;
  return vary.trim() === '' ? 'Cookie' : `${vary}, Cookie`;
}

/** A directive, whose value may be in quotes that hold commas. */
const DIRECTIVE = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;
const SHARED = new Set(['public', 's-maxage']);
const UNSHARED = new Set(['private', 'no-store']);

function madePrivate(cacheControl: string): string {
  const directives = (cacheControl.match(DIRECTIVE) ?? [])
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const kept = directives.filter((one) => !SHARED.has(nameOf(one)));
  // `private="field"` is about one field only.
  if (!kept.some((one) => UNSHARED.has(one.toLowerCase()))) kept.push('private');
  return kept.join(', ');
}

function nameOf(directive: string): string {
  return (directive.split('=', 1)[0] ?? '').trim().toLowerCase();
}
