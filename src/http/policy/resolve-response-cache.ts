import {
  POLICY_OPTIONS,
  RESPONSE_CACHE_OPTIONS,
  type ResponsePolicyOptions,
} from '../../di/response-options.js';
import { InvalidOptionsError } from '../../errors.js';
import { oneOf, optionalText, optionsObject, requireObject } from '../../option.js';
import { resolveResponsePolicy } from './resolve-response-policy.js';
import type { ResponsePolicy } from './response-policy.js';

/** The response cache of an application: its options, checked and complete. */
export interface ResponseCacheSettings {
  /** Whether every GET route is cached, or those with `@Cacheable` only. */
  readonly all: boolean;
  /** The cache of routes without `@Cacheable`. */
  readonly cache: string;
  /** What a route takes that says nothing. */
  readonly policy: ResponsePolicy;
  /** What routes may name, as it was given. */
  readonly policies: ReadonlyMap<string, ResponsePolicyOptions>;
}

/**
 * Checks the options of the response cache, those of its named policies too, and fills in the defaults.
 *
 * @throws InvalidOptionsError naming the option, the rule and the value
 */
export function resolveResponseCache(raw: unknown, path: string): ResponseCacheSettings {
  const options = optionsObject(raw === undefined ? {} : raw, path, RESPONSE_CACHE_OPTIONS);
  const policy = resolveResponsePolicy(options, path);
  const policies = new Map<string, ResponsePolicyOptions>();
  const named = options['policies'];
  const declared = named === undefined ? {} : requireObject(named, `${path}.policies`);
  for (const [name, given] of Object.entries(declared)) {
    const at = `${path}.policies.${name}`;
    if (name === '') throw new InvalidOptionsError(`${path}.policies`, 'must have names that are not empty');
    resolveResponsePolicy(optionsObject(given, at, POLICY_OPTIONS), at, policy);
    policies.set(name, given as ResponsePolicyOptions);
  }
  return Object.freeze({
    all: oneOf(options['routes'], ['decorated', 'all'], `${path}.routes`) === 'all',
    cache: optionalText(options['cache'], `${path}.cache`) ?? 'default',
    policy,
    policies,
  });
}
