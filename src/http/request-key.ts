import { VersioningType, type ExecutionContext, type VersioningOptions } from '@nestjs/common';
import { partitionOf } from './watch/audience.js';
import type { Exchange } from './platform/exchange.js';
import { decodedName, isListedParameter, LONGEST_TARGET, readTarget } from './rule/request-target.js';
import { responseKey } from './engine/response-key.js';
import type { RoutePlan } from './route/route-plan.js';

/** What tells the responses of a cache apart, beside the headers of the request. Nothing has been worked out of it yet. */
export interface Subject {
  readonly route: string;
  /** The target as it was routed. */
  readonly url: string;
  /** The target as it was received. */
  readonly originalUrl: string;
  /** The version that the application's own function reads of the request. */
  readonly version: string | undefined;
  /** The host, where hosts are told apart. */
  readonly host: string | undefined;
  /** Who is asking, where everybody has responses of their own. */
  readonly user: string;
  /** A key that the application chose in the place of path and query. */
  readonly key: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * What a request asks for; `undefined` when it must not be cached: its host is none of the policy's, nobody can tell who is
 * asking, or the application's key function gave no string. Throws what the application's functions throw.
 */
export function subjectOf(
  plan: RoutePlan,
  exchange: Exchange,
  context: ExecutionContext,
  versioning: VersioningOptions | undefined,
): Subject | undefined {
  const user = partitionOf(plan.policy, context);
  const host = hostOf(plan, exchange);
  const chosen = typeof plan.key === 'function' ? plan.key(context) : plan.key;
  const key = typeof chosen === 'string' ? chosen : undefined;
  if (user === undefined || host === UNKNOWN_HOST) return undefined;
  if (plan.key !== undefined && key === undefined) return undefined;
  const { url, originalUrl, params } = exchange;
  const version = requestedVersion(context, versioning);
  return { route: plan.route, url, originalUrl, version, host, user, key, params };
}

/**
 * The key of all responses to what was asked for, whatever the headers of the request; `undefined` when it must not be
 * cached: its target is ambiguous or too long.
 */
export function familyOf(plan: RoutePlan, subject: Subject): string | undefined {
  const { policy } = plan;
  const { route, version, host, user, key, url, originalUrl, params } = subject;
  const target = readTarget(url);
  if (target === undefined || originalUrl.length > LONGEST_TARGET) return undefined;
  const { query: listed } = policy;
  const query = listed
    ? target.query.filter(({ name }) => isListedParameter(decodedName(name), listed))
    : target.query;
  // A target that middleware rewrote, or the router of another application cut: the handler can still read the whole one.
  const original = url === originalUrl ? undefined : originalUrl;
  return responseKey({
    route,
    version,
    host,
    user,
    params: typeof plan.key === 'function' ? {} : params,
    subject: key === undefined ? { ...target, query, original } : { key },
  });
}

/** Stands for a host that the policy does not name. */
const UNKNOWN_HOST = '\0';

function hostOf({ policy: { hosts }, hostBound }: RoutePlan, exchange: Exchange): string | undefined {
  if (hosts === undefined) return hostBound ? JSON.stringify(exchange.hosts()) : undefined;
  const told = exchange.hosts().map((host) => host.toLowerCase());
  // Behind a proxy the handler is told of another host than the request names, and a client may have said which.
  if (!told.every((host) => hosts.has(host))) return UNKNOWN_HOST;
  return JSON.stringify(told);
}

/** The version that the application's own function reads of a request. Where a header names it, the policy has that in the key. */
function requestedVersion(
  context: ExecutionContext,
  versioning: VersioningOptions | undefined,
): string | undefined {
  if (versioning?.type !== VersioningType.CUSTOM) return undefined;
  return JSON.stringify(versioning.extractor(context.switchToHttp().getRequest()));
}
