import type { RequestFacts } from '../../../src/http/rule/request-admission.js';
import type { ResponsePolicy } from '../../../src/http/policy/response-policy.js';

const PLAIN: ResponsePolicy = {
  mode: 'policy',
  audience: 'anonymous',
  user: undefined,
  key: undefined,
  when: undefined,
  vary: [],
  query: undefined,
  hosts: undefined,
  ttl: undefined,
  statuses: new Set(),
  negativeTtl: 10_000,
  maxBodyBytes: 1_000,
  perRequestHeaders: new Set(),
  sessionCookies: new Set(['sid']),
  stale: { revalidate: 0, error: 0 },
  cacheControl: undefined,
  cacheStatus: undefined,
  strict: false,
  wait: 10_000,
};

/** A policy of a route that says nothing else. */
export function policyOf(said: Partial<ResponsePolicy> = {}): ResponsePolicy {
  return { ...PLAIN, ...said };
}

/** The policy of a route on which the headers decide. */
export function headersPolicy(said: Partial<ResponsePolicy> = {}): ResponsePolicy {
  return policyOf({ mode: 'headers', ...said });
}

/** A GET that says nothing else. */
export function factsOf(
  headers: RequestFacts['headers'] = {},
  said: Partial<RequestFacts> = {},
): RequestFacts {
  return { method: 'GET', headers, identified: false, hasSession: false, cacheControl: undefined, ...said };
}
