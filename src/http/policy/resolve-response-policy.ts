import type { ExecutionContext } from '@nestjs/common';
import { resolveTtl } from '../../cache/cache-options.js';
import { NEVER_STALE, resolveStale } from '../../cache/stale-options.js';
import type { Duration } from '../../duration.js';
import { InvalidOptionsError } from '../../errors.js';
import { flag, positiveDuration, requireObject, wholeNumber, type RawOptions } from '../../option.js';
import {
  cacheControlText,
  cacheName,
  cacheableStatuses,
  cookieNames,
  headerNames,
  hostNames,
  parameterNames,
  varyNames,
} from './policy-values.js';
import type { ResponsePolicy } from './response-policy.js';

/** What nobody has said anything about. */
export const MODULE_POLICY = Object.freeze<ResponsePolicy>({
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
  maxBodyBytes: 1024 * 1024,
  perRequestHeaders: new Set(),
  sessionCookies: new Set(),
  stale: undefined,
  cacheControl: undefined,
  cacheStatus: undefined,
  strict: false,
  wait: 10_000,
});

/** The largest body that Redis could hold. */
const MOST_BYTES = 512 * 1024 * 1024;

type Callback = (context: ExecutionContext) => unknown;

/**
 * Checks what options say of responses, and takes what they leave out from `base`. Their names have been checked.
 *
 * @throws InvalidOptionsError naming the option below `path`, the rule and the value
 */
export function resolveResponsePolicy(
  raw: unknown,
  path: string,
  base: ResponsePolicy = MODULE_POLICY,
): ResponsePolicy {
  const options = requireObject(raw, path);
  const own = <T>(name: string, read: (value: unknown, path: string) => T, inherited: T): T =>
    options[name] === undefined ? inherited : read(options[name], `${path}.${name}`);
  const policy: ResponsePolicy = {
    mode: own('respectHeaders', modeOf, base.mode),
    ...audienceOf(options, path, base),
    key: own('key', callback, base.key),
    when: own('when', callback, base.when),
    vary: own('vary', varyNames, base.vary),
    query: own('query', parameterNames, base.query),
    hosts: own('hosts', hostNames, base.hosts),
    ttl: own('ttl', ttl, base.ttl),
    statuses: own('statuses', cacheableStatuses, base.statuses),
    negativeTtl: own('negativeTtl', duration, base.negativeTtl),
    maxBodyBytes: own('maxBodyBytes', bytes, base.maxBodyBytes),
    perRequestHeaders: own('perRequestHeaders', headerNames, base.perRequestHeaders),
    sessionCookies: own('sessionCookies', cookieNames, base.sessionCookies),
    stale: own('stale', (value, at) => resolveStale(value, at, base.stale ?? NEVER_STALE), base.stale),
    cacheControl: own('cacheControl', cacheControlText, base.cacheControl),
    cacheStatus: own('cacheStatus', cacheName, base.cacheStatus),
    strict: own('strict', flag, base.strict),
    wait: own('wait', duration, base.wait),
  };
  requireConsistent(policy, options, path);
  return Object.freeze(policy);
}

/** @throws InvalidOptionsError when options say that a response is for everybody and one per user */
export function requireOneAudience(options: RawOptions, path: string): void {
  if (options['public'] !== true || options['varyByUser'] === undefined) return;
  throw new InvalidOptionsError(
    `${path}.public`,
    'contradicts varyByUser: a response is the same for everybody, or there is one per user',
  );
}

function audienceOf(
  options: RawOptions,
  path: string,
  base: ResponsePolicy,
): Pick<ResponsePolicy, 'audience' | 'user'> {
  const open = options['public'] === undefined ? undefined : flag(options['public'], `${path}.public`);
  requireOneAudience(options, path);
  if (options['varyByUser'] !== undefined) {
    return { audience: 'user', user: callback(options['varyByUser'], `${path}.varyByUser`) };
  }
  if (open === true) return { audience: 'everybody', user: undefined };
  if (open === false && base.audience === 'everybody') return { audience: 'anonymous', user: undefined };
  return { audience: base.audience, user: base.user };
}

function requireConsistent(policy: ResponsePolicy, options: RawOptions, path: string): void {
  if (policy.key !== undefined && options['query'] !== undefined) {
    throw new InvalidOptionsError(`${path}.query`, 'contradicts "key", which stands for the query, too');
  }
  const { audience, cacheControl } = policy;
  if (audience === 'user' && /(?:^|[\s,])(?:public|s-maxage)(?:[\s,=]|$)/i.test(cacheControl ?? '')) {
    const rule = 'lets other caches share the response, which varyByUser forbids';
    throw new InvalidOptionsError(`${path}.cacheControl`, rule, cacheControl);
  }
}

function modeOf(value: unknown, path: string): ResponsePolicy['mode'] {
  return flag(value, path) ? 'headers' : 'policy';
}

function callback(value: unknown, path: string): Callback {
  if (typeof value === 'function') return value as Callback;
  throw new InvalidOptionsError(path, 'must be a function of the execution context', value);
}

function ttl(value: unknown, path: string): number | null {
  return resolveTtl(value as Duration | null, path, null);
}

function duration(value: unknown, path: string): number {
  return positiveDuration(value, path, 0);
}

function bytes(value: unknown, path: string): number {
  return wholeNumber(value, { path, from: 1, to: MOST_BYTES, fallback: MOST_BYTES });
}
