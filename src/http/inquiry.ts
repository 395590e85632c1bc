import type { ExecutionContext, VersioningOptions } from '@nestjs/common';
import { milliseconds, type Duration } from '../duration.js';
import type { Exchange } from './platform/exchange.js';
import type { RequestFacts } from './rule/request-admission.js';
import { variantKey } from './engine/response-key.js';
import type { KnownTargets, Target } from './known-targets.js';
import { familyOf, subjectOf, type Subject } from './request-key.js';
import type { CacheDefaults } from './engine/response-storage.js';
import { routeParamsTag, routeTag, urlTag } from './invalidation/response-tags.js';
import type { RoutePlan } from './route/route-plan.js';
import { routeTags } from './route/route-tags.js';
import { selectHeaders } from './rule/vary.js';

/** What is known of a request before the cache is asked. */
export interface Inquiry {
  readonly plan: RoutePlan;
  readonly exchange: Exchange;
  readonly facts: RequestFacts;
  /** Milliseconds, `null` = never expires, 0 or less = not stored. */
  readonly ttl: number | null;
  /** The tags that are known before the handler runs. */
  readonly tags: readonly string[];
  /** The key of the URL and of who is asking. */
  readonly family: string;
  /** The same with the request headers that the policy names. */
  readonly key: string;
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
 * A promise only where the route has a function for its ttl.
 */
export function inquire(
  { plan, exchange, facts, context }: Asking,
  versioning: VersioningOptions | undefined,
  defaults: CacheDefaults,
  known: KnownTargets,
): Inquiry | undefined | Promise<Inquiry | undefined> {
  const { policy } = plan;
  if (policy.when !== undefined && !policy.when(context)) return undefined;
  const subject = subjectOf(plan, exchange, context, versioning);
  const target = subject && known.of(subject, () => targetOf(plan, subject, defaults.takesTags));
  if (target === undefined) return undefined;
  const { family, tags } = target;
  const key = variantKey(family, selectHeaders(policy.vary, exchange.headers, policy.mode));
  const withTtl = (ttl: number | null): Inquiry | undefined =>
    ttl !== null && ttl <= 0 ? undefined : { plan, exchange, facts, ttl, tags, family, key };
  return typeof plan.ttl === 'function'
    ? askedTtl(plan.ttl(context), defaults).then(withTtl)
    : withTtl(ttlOf(plan.ttl, defaults));
}

function targetOf(plan: RoutePlan, subject: Subject, takesTags: boolean): Target | undefined {
  const family = familyOf(plan, subject);
  const tags = takesTags ? tagsOf(plan, subject) : [];
  return family === undefined || tags === undefined ? undefined : { family, tags };
}

function tagsOf(plan: RoutePlan, { url, originalUrl, params }: Subject): readonly string[] | undefined {
  const declared = routeTags(plan, params);
  if (declared === undefined) return undefined;
  const urls = new Set([url, originalUrl].map(urlTag));
  return [...urls, routeTag(plan.name), routeParamsTag(plan.name, params), ...declared];
}

function ttlOf(ttl: Duration | null | undefined, defaults: CacheDefaults): number | null {
  if (ttl === null) return null;
  return ttl === undefined ? defaults.ttl : milliseconds(ttl, 'ttl');
}

async function askedTtl(asked: unknown, defaults: CacheDefaults): Promise<number | null> {
  const ttl = (await asked) as Duration | null | undefined;
  // cache-manager's function may give 0, which means no expiry there.
  return ttl === 0 ? null : ttlOf(ttl, defaults);
}
