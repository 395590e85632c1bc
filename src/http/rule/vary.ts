import type { IncomingHttpHeaders } from 'node:http';
import { HIDDEN_HEADERS } from './conditional-request.js';
import { listMembers, type HeaderFields } from './header-fields.js';
import { membersOf } from './header-tokens.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import type { SelectingHeader } from './stored-response.js';

type Mode = ResponsePolicy['mode'];

/**
 * Names in `Vary` that middleware around the handler adds for what it does itself: it chooses the coding and allows the
 * origin again on every hit.
 */
const OF_MIDDLEWARE = new Set([
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'origin',
]);

/** Request headers that are lists, in which white space between members means nothing. */
const LISTS = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language']);
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/;

/**
 * The request headers that a response says it was selected by: lower-cased names in order, each once. `'*'` = it was selected
 * by what no other request can be compared with; so is one whose `Vary` cannot be read. Of those that concern middleware
 * around the handler only the ones in `added` count, where that is given: the names that were added since.
 */
export function varyNames(fields: HeaderFields, added?: readonly string[]): readonly string[] | '*' {
  const names = new Set(listMembers(fields.get('vary')));
  for (const name of names) if (name === '*' || !TOKEN.test(name)) return '*';
  const learned = [...names].filter(
    (name) => added === undefined || added.includes(name) || !OF_MIDDLEWARE.has(name),
  );
  return learned.toSorted();
}

/**
 * What a request says in the named headers. Where the route decides, values are taken as they are; where the headers decide,
 * those that mean the same are made the same (RFC 9111 section 4.1). A header that is not there differs from an empty one.
 */
export function selectHeaders(
  names: readonly string[],
  headers: IncomingHttpHeaders,
  mode: Mode,
): SelectingHeader[] {
  return names.map((name) => ({ name, value: valueOf(name, headers, mode) }));
}

/** Whether a request says the same as the one that a response was selected by. */
export function matchesSelection(
  selected: readonly SelectingHeader[],
  headers: IncomingHttpHeaders,
  mode: Mode,
): boolean {
  return selected.every(({ name, value }) => valueOf(name, headers, mode) === value);
}

function valueOf(name: string, headers: IncomingHttpHeaders, mode: Mode): string | undefined {
  // No handler sees these.
  if (HIDDEN_HEADERS.includes(name)) return undefined;
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  // No header that is one text begins with this character.
  if (Array.isArray(value)) return `\0${JSON.stringify(value)}`;
  if (value === undefined || mode === 'policy') return value;
  if (!LISTS.has(name)) return value.trim();
  const members = membersOf(value).join(',');
  return name === 'accept-language' ? members.toLowerCase().replaceAll(/\s*([;=])\s*/g, '$1') : members;
}
