import { withRemainingAge } from './freshness.js';
import { fieldValue, listMembers, type HeaderValue } from './header-fields.js';
import { membersOf } from './header-tokens.js';
import { toHttpDate } from './http-date.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import type { StoredHeader, StoredResponse } from './stored-response.js';

/**
 * A stored response as it leaves now. Where the route decides, it leaves as if it were made now, but for what is left of its
 * `max-age`, so that a cache in front caches it as any other; where the headers decide, with the `Date` it was made at and its
 * `Age` (RFC 9111 section 5.1).
 */
export function asSent(
  stored: StoredResponse,
  { now, policy }: { readonly now: number; readonly policy: ResponsePolicy },
): StoredResponse {
  const elapsed = Math.max(0, now - stored.createdAt);
  const headers = new Headers(stored.headers);
  const control = fieldValue(stored.headers, 'cache-control');
  if (policy.mode === 'headers') {
    headers.set('Age', String(Math.floor(elapsed / 1_000)));
    if (fieldValue(stored.headers, 'date') === undefined) headers.set('Date', toHttpDate(stored.createdAt));
    headers.set('Cache-Control', sentCacheControl(control, policy, headers.has('expires')));
  } else {
    headers.remove('date');
    const left = control === undefined ? undefined : withRemainingAge(textOf(control), elapsed);
    headers.set('Cache-Control', sentCacheControl(left, policy, headers.has('expires')));
  }
  headers.set('Vary', sentVary(fieldValue(stored.headers, 'vary'), policy));
  return { ...stored, headers: headers.all };
}

/**
 * `Cache-Control` of a response of a policy, in place of the handler's: that of the policy where the handler says nothing of
 * how long others may keep it, and `private` where it is one user's own. `undefined` = none.
 */
export function sentCacheControl(
  value: HeaderValue | undefined,
  { audience, cacheControl }: ResponsePolicy,
  expires = false,
): string | undefined {
  const text = value === undefined ? '' : textOf(value);
  const said = text === '' ? ((expires ? undefined : cacheControl) ?? '') : text;
  if (audience !== 'user') return said === '' ? undefined : said;
  const members = membersOf(said);
  const names = members.map((member) => (member.split('=', 1)[0] ?? '').trim().toLowerCase());
  const kept = members.filter((_, at) => !['public', 's-maxage'].includes(names[at] ?? ''));
  return (names.includes('private') ? kept : ['private', ...kept]).join(', ');
}

/** `Vary` of a response of a policy: the handler's, and the request headers that the policy keys on. `undefined` = none. */
export function sentVary(value: HeaderValue | undefined, { vary }: ResponsePolicy): string | undefined {
  const said = listMembers(value);
  const text = value === undefined ? '' : textOf(value);
  const more = said.includes('*') ? [] : vary.filter((name) => !said.includes(name));
  const all = [...(text === '' ? [] : [text]), ...more].join(', ');
  return all === '' ? undefined : all;
}

/** Fields that are about to be sent, in order. */
class Headers {
  #headers: readonly StoredHeader[];

  constructor(headers: readonly StoredHeader[]) {
    this.#headers = headers;
  }

  get all(): readonly StoredHeader[] {
    return this.#headers;
  }

  has(name: string): boolean {
    return fieldValue(this.#headers, name) !== undefined;
  }

  /** Keeps the place and the spelling of a field that is there. `undefined` changes nothing. */
  set(name: string, value: string | undefined): void {
    if (value === undefined) return;
    const isIt = (header: StoredHeader): boolean => header.name.toLowerCase() === name.toLowerCase();
    this.#headers = this.#headers.some(isIt)
      ? this.#headers.map((header) => (isIt(header) ? { name: header.name, value } : header))
      : [...this.#headers, { name, value }];
  }

  /** `name` is lower-cased. */
  remove(name: string): void {
    this.#headers = this.#headers.filter((header) => header.name.toLowerCase() !== name);
  }
}

function textOf(value: HeaderValue): string {
  return typeof value === 'string' ? value : value.join(', ');
}
