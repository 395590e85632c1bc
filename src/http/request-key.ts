import { VersioningType, type ExecutionContext, type VersioningOptions } from '@nestjs/common';
import type { Exchange } from './exchange.js';
import { LONGEST_TARGET, readTarget } from './request-target.js';
import { responseKey } from './response-key.js';
import type { RoutePlan } from './route-plan.js';

/**
 * The key of the response to a request; `undefined` when the request must not be cached: its target is ambiguous or too
 * long, or the application's key function gave no string. Throws what the application's functions throw.
 */
export function requestKey(
  plan: RoutePlan,
  exchange: Exchange,
  context: ExecutionContext,
  versioning: VersioningOptions | undefined,
): string | undefined {
  const target = readTarget(exchange.url);
  if (target === undefined || exchange.originalUrl.length > LONGEST_TARGET) return undefined;
  const key = typeof plan.key === 'function' ? plan.key(context) : plan.key;
  if (plan.key !== undefined && typeof key !== 'string') return undefined;
  return responseKey({
    route: plan.route,
    version: requestedVersion(context, exchange, versioning),
    host: plan.hostBound ? exchange.host() : undefined,
    params: typeof plan.key === 'function' ? {} : exchange.params,
    subject: typeof key === 'string' ? { key } : { ...target, original: rewrittenFrom(exchange) },
  });
}

/** A target that middleware rewrote, or the router of another application cut: the handler can still read the whole one. */
function rewrittenFrom({ url, originalUrl }: Exchange): string | undefined {
  return url === originalUrl ? undefined : originalUrl;
}

/** What the request says about the version it wants, other than in its path. */
function requestedVersion(
  context: ExecutionContext,
  { headers }: Exchange,
  versioning: VersioningOptions | undefined,
): string | undefined {
  switch (versioning?.type) {
    case VersioningType.HEADER: {
      const value = headers[versioning.header.toLowerCase()];
      return value === undefined ? undefined : JSON.stringify(value);
    }
    case VersioningType.MEDIA_TYPE:
      return headers.accept;
    case VersioningType.CUSTOM:
      return JSON.stringify(versioning.extractor(context.switchToHttp().getRequest()));
    case VersioningType.URI:
    case undefined:
      return undefined;
  }
}
