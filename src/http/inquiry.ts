import type { ExecutionContext, VersioningOptions } from '@nestjs/common';
import { milliseconds } from '../duration.js';
import type { Exchange } from './platform/exchange.js';
import type { RequestFacts } from './rule/request-admission.js';
import { requestKeys, type RequestKeys } from './request-key.js';
import type { CacheDefaults } from './engine/response-storage.js';
import { routeParamsTag, routeTag, urlTag } from './invalidation/response-tags.js';
import type { RoutePlan } from './route/route-plan.js';
import { routeTags } from './route/route-tags.js';

/** What is known of a request before the cache is asked. */
export interface Inquiry extends RequestKeys {
  readonly plan: RoutePlan;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  /** Milliseconds, `null` = never expires, 0 or less = not stored. */
  readonly ttl: number | null;
  /** The tags that are known before the handler runs. */
  readonly tags: readonly string[];
}

/** What a request comes with. */
export interface Asking {
  readonly plan: RoutePlan;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  readonly context: ExecutionContext;
}

/**
 * Works out what to ask the cache; `undefined` = the request is not cached. Throws what the application's functions throw.
 */
export async function inquire(
  { plan, exchange, facts, context }: Asking,
  versioning: VersioningOptions | undefined,
  defaults: CacheDefaults,
): Promise<Inquiry | undefined> {
  if (plan.policy.when !== undefined && !plan.policy.when(context)) return undefined;
  const keys = requestKeys(plan, exchange, context, versioning);
  const tags = defaults.takesTags ? tagsOf(plan, exchange) : [];
  if (keys === undefined || tags === undefined) return undefined;
  const ttl = await ttlOf(plan, context, defaults);
  return ttl !== null && ttl <= 0 ? undefined : { plan, exchange, facts, ttl, tags, ...keys };
}

function tagsOf(plan: RoutePlan, exchange: Exchange): readonly string[] | undefined {
  const declared = routeTags(plan, exchange.params);
  if (declared === undefined) return undefined;
  const urls = new Set([exchange.url, exchange.originalUrl].map(urlTag));
  return [...urls, routeTag(plan.name), routeParamsTag(plan.name, exchange.params), ...declared];
}

async function ttlOf(
  plan: RoutePlan,
  context: ExecutionContext,
  defaults: CacheDefaults,
): Promise<number | null> {
  const ttl: unknown = typeof plan.ttl === 'function' ? await plan.ttl(context) : plan.ttl;
  if (ttl === null) return null;
  if (ttl === undefined) return defaults.ttl;
  // cache-manager's function may give 0, which means no expiry there.
  if (ttl === 0 && typeof plan.ttl === 'function') return null;
  return milliseconds(ttl as string | number, 'ttl');
}
