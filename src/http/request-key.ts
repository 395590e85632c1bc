import { VersioningType, type ExecutionContext, type VersioningOptions } from '@nestjs/common';
import { partitionOf } from './watch/audience.js';
import type { Exchange } from './platform/exchange.js';
import { LONGEST_TARGET, readTarget, type QueryParameter } from './rule/request-target.js';
import { responseKey, variantKey } from './engine/response-key.js';
import type { RoutePlan } from './route/route-plan.js';
import { selectHeaders } from './rule/vary.js';

/** The keys under which the response to a request may stand. */
export interface RequestKeys {
  /** Of the URL and of who is asking. */
  readonly family: string;
  /** With the request headers that the policy names. */
  readonly key: string;
}

/**
 * The keys of the response to a request; `undefined` when the request must not be cached: its target is ambiguous or too
 * long, its host is none of the policy's, nobody can tell who is asking, or the application's key function gave no string.
 * Throws what the application's functions throw.
 */
export function requestKeys(
  plan: RoutePlan,
  exchange: Exchange,
  context: ExecutionContext,
  versioning: VersioningOptions | undefined,
): RequestKeys | undefined {
  const { policy } = plan;
  const target = readTarget(exchange.url);
  if (target === undefined || exchange.originalUrl.length > LONGEST_TARGET) return undefined;
  const user = partitionOf(policy, context);
  const host = hostOf(plan, exchange);
  const key = typeof plan.key === 'function' ? plan.key(context) : plan.key;
  if (user === undefined || host === UNKNOWN_HOST) return undefined;
  if (plan.key !== undefined && typeof key !== 'string') return undefined;
  const query =
    policy.query === undefined ? target.query : target.query.filter((one) => isListed(one, policy));
  const family = responseKey({
    route: plan.route,
    version: requestedVersion(context, versioning),
    host,
    user,
    params: typeof plan.key === 'function' ? {} : exchange.params,
    subject: typeof key === 'string' ? { key } : { ...target, query, original: rewrittenFrom(exchange) },
  });
  const selected = selectHeaders(policy.vary, exchange.headers, policy.mode);
  return { family, key: variantKey(family, selected) };
}

/** Stands for a host that the policy does not name. */
const UNKNOWN_HOST = '\0';

function hostOf({ policy: { hosts }, hostBound }: RoutePlan, exchange: Exchange): string | undefined {
  if (hosts === undefined) return hostBound ? exchange.host() : undefined;
  const { headers } = exchange;
  const named = String(headers.host ?? headers[':authority'] ?? '').toLowerCase();
  if (!hosts.has(named)) return UNKNOWN_HOST;
  return hostBound ? exchange.host() : named;
}

/** Whether the policy lists a parameter of the query, by its decoded name. */
function isListed({ name }: QueryParameter, { query }: RoutePlan['policy']): boolean {
  const decoded = decodeURIComponent(name.replaceAll('+', ' '));
  // Parsers gather `a[]`, `a[0]` and `a.b` under `a`.
  return query?.has(decoded) === true || query?.has(decoded.split(/[[.]/, 1)[0] ?? '') === true;
}

/** A target that middleware rewrote, or the router of another application cut: the handler can still read the whole one. */
function rewrittenFrom({ url, originalUrl }: Exchange): string | undefined {
  return url === originalUrl ? undefined : originalUrl;
}

/** The version that the application's own function reads of a request. Where a header names it, the policy has that in the key. */
function requestedVersion(
  context: ExecutionContext,
  versioning: VersioningOptions | undefined,
): string | undefined {
  if (versioning?.type !== VersioningType.CUSTOM) return undefined;
  return JSON.stringify(versioning.extractor(context.switchToHttp().getRequest()));
}
