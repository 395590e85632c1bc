import { listMembers, type HeaderFields } from './header-fields.js';
import type { StoredHeader } from './stored-response.js';

/** Fields of one connection (RFC 9111 section 3.1), of one message, and what is told anew of each response. */
const NEVER_STORED = new Set([
  'age',
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that always speak of one request: its name, its trace, its time, its share of a limit. */
const PER_REQUEST =
  /^(?:x-)?(?:request-id|correlation-id|trace-id|response-time|ratelimit(?:-.*)?)$|^trace(?:parent|state|response)$|^server-timing$/;

/**
 * The fields that are kept with a response: those that were added around the handler, without hop-by-hop ones, those that
 * `Connection` names and those that speak of one request: `perRequestHeaders` (lower-cased) are such, too. `names` gives the
 * spelling of lower-cased names.
 */
export function storableHeaders(
  added: HeaderFields,
  names: ReadonlyMap<string, string>,
  perRequestHeaders: ReadonlySet<string>,
): StoredHeader[] {
  const connection = new Set(listMembers(added.get('connection')));
  const headers: StoredHeader[] = [];
  for (const [name, value] of added) {
    if (NEVER_STORED.has(name) || PER_REQUEST.test(name)) continue;
    if (connection.has(name) || perRequestHeaders.has(name)) continue;
    headers.push({ name: names.get(name) ?? name, value });
  }
  return headers;
}
