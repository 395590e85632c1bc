import { hash } from 'node:crypto';
import type { QueryParameter } from '../rule/request-target.js';
import type { SelectingHeader } from '../rule/stored-response.js';

/** What tells the responses of one cache apart, beside the headers of the request. */
export interface ResponseKeyParts {
  /** Controller, handler and the versions they declare. */
  readonly route: string;
  /** The version that the request asked for, as it asked for it. */
  readonly version: string | undefined;
  /** The host, where hosts are told apart. */
  readonly host: string | undefined;
  /** Who is asking, where everybody has responses of their own. */
  readonly user: string;
  /** The decoded parameters of the path. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What was asked for: path and query, or a key that the application chose in their place. */
  readonly subject: Target | { readonly key: string };
}

interface Target {
  readonly path: string;
  readonly query: readonly QueryParameter[];
  /** What was asked for before the target was rewritten. */
  readonly original: string | undefined;
}

/** A part of a key: every shape is written with its length in front, so that different parts never run together. */
type Part = string | undefined | readonly Part[];

/** The key of a response, 45 characters whatever its parts hold. Different parts give different keys (SHA-256). */
export function responseKey({ route, version, host, user, params, subject }: ResponseKeyParts): string {
  const named = Object.keys(params)
    .toSorted()
    .map((name): Part => [name, asPart(params[name])]);
  const asked: Part =
    'key' in subject
      ? ['key', subject.key]
      : ['url', subject.path, subject.query.map(({ name, value }): Part => [name, value]), subject.original];
  return keyOf('r', [route, version, host, user, named, asked]);
}

/** The key of one of several responses of a key, by what the request says in some headers; of none of them, the key itself. */
export function variantKey(key: string, selected: readonly SelectingHeader[]): string {
  if (selected.length === 0) return key;
  return keyOf('v', [key, ...selected.map(({ name, value }): Part => [name, value])]);
}

function keyOf(kind: string, parts: readonly Part[]): string {
  return `${kind}:${hash('sha256', Buffer.from(encode(parts), 'utf16le'), 'base64url')}`;
}

function encode(part: Part): string {
  if (part === undefined) return 'u';
  if (typeof part === 'string') return `s${part.length}:${part}`;
  return `a${part.length}:${part.map(encode).join('')}`;
}

/** Path parameters are strings, and arrays of strings for wildcards. Middleware may have put anything else there. */
function asPart(value: unknown): Part {
  if (value === undefined || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(asPart);
  return ['json', JSON.stringify(value)];
}
