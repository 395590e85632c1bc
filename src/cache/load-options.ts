import type { Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { flag, optionsObject } from '../option.js';
import type { StoredEntry } from '../store/store.js';
import { checkTags } from './check-tags.js';
import { ttlArgument } from './set-ttl.js';
import { resolveStale, type ResolvedStale, type StaleOptions } from './stale-options.js';
import { NO_TIMEOUT, resolveTimeout, type ResolvedTimeout, type TimeoutOptions } from './timeout-options.js';

/** How `getOrSet` looks a value up and keeps what was loaded. */
export interface LoadOptions {
  /** How long a loaded value lives; `null` = for ever. Default: the cache's ttl. */
  ttl?: Duration | null;
  /** Tags by which a loaded value can be invalidated; a loader can name more. */
  tags?: readonly string[];
  /** Default: the cache's. */
  stale?: StaleOptions;
  /** Default: the cache's. */
  timeout?: TimeoutOptions;
  /** Do not look at what is cached: load, and store the result. */
  fresh?: boolean;
}

/** How a value is looked up and loaded. */
export interface LoadPlan {
  /** Do not look: load. */
  readonly fresh: boolean;
  /** The ttl of a loaded value unless its loader says another. */
  readonly ttl: (value: unknown) => number | null;
  /** The share of its ttl by which a loaded value is shortened at random. */
  readonly jitter: number;
  readonly tags: readonly string[];
  readonly stale: ResolvedStale;
  readonly timeout: ResolvedTimeout;
  /** All callers are given the loaded value itself: nobody changes it. Absent = each of them is given a copy. */
  readonly shared?: boolean;
  /** Whether a stale value may be served, of those that `stale` allows. Absent = all. */
  readonly servesStale?: (value: unknown, staleFor: number, when: keyof ResolvedStale) => boolean;
  /** Whether an error of a load is a failure, which a stale value may stand in for. Absent = all are. */
  readonly isFailure?: (error: unknown) => boolean;
  /** Told of each load that goes on behind a stale value: a promise that does not reject. */
  readonly refreshing?: (load: Promise<unknown>) => void;
}

/** How a value is looked up and loaded that all callers share. */
export type ShareOptions = Required<
  Pick<LoadPlan, 'tags' | 'stale' | 'servesStale' | 'isFailure' | 'refreshing'>
>;

/** The plan of values that all callers share. Written out, since it is made for every lookup. */
export function sharedPlan(
  { tags, stale, servesStale, isFailure, refreshing }: ShareOptions,
  { ttl, jitter }: Pick<LoadDefaults, 'jitter' | 'ttl'>,
): LoadPlan {
  return {
    fresh: false,
    ttl: () => ttl,
    jitter,
    tags,
    stale,
    timeout: NO_TIMEOUT,
    shared: true,
    servesStale,
    isFailure,
    refreshing,
  };
}

/** What a plan takes from its cache where a call says nothing. */
export type LoadDefaults = Pick<LoadPlan, 'jitter' | 'stale' | 'timeout'> & { readonly ttl: number | null };

/** Whether an old value may be served in place of one that is loaded. */
export function willDo(plan: LoadPlan, old: StoredEntry | undefined): old is StoredEntry {
  if (plan.fresh || old === undefined) return false;
  return serves(plan, old, 'revalidate') || serves(plan, old, 'error');
}

/** Whether an entry may be served while it is loaded anew, or after a load that has failed. */
export function serves(
  { stale, servesStale }: LoadPlan,
  { value, staleFor }: StoredEntry,
  when: keyof ResolvedStale,
): boolean {
  if (staleFor === undefined) return true;
  return staleFor < stale[when] && servesStale?.(value, staleFor, when) !== false;
}

const NONE: readonly string[] = Object.freeze([]);

/** Checks the loader and the options of a call, and completes them from those of the cache. */
export function loadPlan(load: unknown, options: LoadOptions | undefined, defaults: LoadDefaults): LoadPlan {
  if (typeof load !== 'function') throw new InvalidOptionsError('load', 'must be a function', load);
  const { jitter, stale, timeout } = defaults;
  if (options === undefined) {
    return { fresh: false, ttl: () => defaults.ttl, jitter, tags: NONE, stale, timeout };
  }
  optionsObject(options, 'options', ['ttl', 'tags', 'stale', 'timeout', 'fresh']);
  const ttl = ttlArgument(options.ttl, defaults.ttl);
  return {
    fresh: flag(options.fresh, 'options.fresh'),
    ttl: () => ttl,
    jitter,
    tags: checkTags(options.tags, 'options.tags'),
    stale: resolveStale(options.stale, 'options.stale', stale),
    timeout: resolveTimeout(options.timeout, 'options.timeout', timeout),
  };
}
