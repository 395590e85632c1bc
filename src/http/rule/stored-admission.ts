import { parseCacheControl } from './cache-control.js';
import type { ResolvedStale } from '../../cache/stale-options.js';
import { staleWindows } from './freshness.js';
import { fieldValue } from './header-fields.js';
import type { RequestFacts } from './request-admission.js';
import { refuseAuthorized } from './response-admission.js';
import type { ResponsePolicy } from '../policy/response-policy.js';
import type { StoredResponse } from './stored-response.js';

/**
 * Whether a fresh stored response may be given to a request, which it was selected for. What says `no-cache` may not before
 * its handler has called it right; what was made for visitors is not for those with credentials, unless it says so.
 */
export function mayServe(stored: StoredResponse, facts: RequestFacts, policy: ResponsePolicy): boolean {
  const cacheControl = cacheControlOf(stored);
  return !cacheControl.noCache && refuseAuthorized(cacheControl, facts, policy) === undefined;
}

/** Whether a stored response may be served so many milliseconds after its ttl: while it is renewed, or after an error. */
export function mayServeStale(
  stored: StoredResponse,
  staleFor: number,
  when: keyof ResolvedStale,
  policy: ResponsePolicy,
): boolean {
  return staleFor < staleWindows(policy, cacheControlOf(stored), stored.status)[when];
}

function cacheControlOf({ headers }: StoredResponse) {
  return parseCacheControl(fieldValue(headers, 'cache-control'));
}
