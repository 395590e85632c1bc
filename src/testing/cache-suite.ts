import { CACHE_COPY_CASES } from './cache-copy-cases.js';
import { CACHE_COUNTER_CASES } from './cache-counter-cases.js';
import { CACHE_FLIGHT_CASES } from './cache-flight-cases.js';
import { CACHE_LOCK_CASES } from './cache-lock-cases.js';
import { CACHE_MANAGER_CASES } from './cache-manager-cases.js';
import { CACHE_MANY_CASES } from './cache-many-cases.js';
import { CACHE_MUTATE_CASES } from './cache-mutate-cases.js';
import { CACHE_OUTAGE_CASES } from './cache-outage-cases.js';
import { CACHE_OVERTAKEN_CASES } from './cache-overtaken-cases.js';
import { CACHE_PATTERN_CASES } from './cache-pattern-cases.js';
import { CACHE_PROCESS_CASES } from './cache-process-cases.js';
import { CACHE_SEPARATION_CASES } from './cache-separation-cases.js';
import { CACHE_STALE_CASES } from './cache-stale-cases.js';
import type { CacheSubject } from './cache-subject.js';
import { CACHE_TAG_CASES } from './cache-tag-cases.js';
import { CACHE_TTL_CASES } from './cache-ttl-cases.js';
import { CACHE_VALUE_CASES } from './cache-value-cases.js';
import type { StoreCapability } from './store-subject.js';
import { registerCases, type TestRunner } from './test-runner.js';

/** On which caches the suite runs, and how. */
export interface CacheSuiteOptions {
  readonly name: string;
  /** Called for every test. What it gives shares no entry with what it gave before. `openCaches` makes most of it. */
  open(): CacheSubject | Promise<CacheSubject>;
  /** What the store below cannot do, as `false`; everything else is tried. */
  readonly capabilities?: Partial<Record<StoreCapability, boolean>>;
}

/** Registers the tests of a `NamedCache` on a store, each named after a behaviour. */
export function cacheConformance(runner: TestRunner, options: CacheSuiteOptions): void {
  const source = { open: () => options.open(), capabilities: options.capabilities ?? {} };
  runner.describe(`cache: ${options.name}`, () => {
    registerCases(runner, 'values', CACHE_VALUE_CASES, source);
    registerCases(runner, 'copies', CACHE_COPY_CASES, source);
    registerCases(runner, 'many', CACHE_MANY_CASES, source);
    registerCases(runner, 'counters', CACHE_COUNTER_CASES, source);
    registerCases(runner, 'separation', CACHE_SEPARATION_CASES, source);
    registerCases(runner, 'patterns', CACHE_PATTERN_CASES, source);
    registerCases(runner, 'time to live', CACHE_TTL_CASES, source);
    registerCases(runner, 'single flight', CACHE_FLIGHT_CASES, source);
    registerCases(runner, 'loads that are overtaken', CACHE_OVERTAKEN_CASES, source);
    registerCases(runner, 'several processes', CACHE_PROCESS_CASES, source);
    registerCases(runner, 'tags', CACHE_TAG_CASES, source);
    registerCases(runner, 'stale values', CACHE_STALE_CASES, source);
    registerCases(runner, 'mutations', CACHE_MUTATE_CASES, source);
    registerCases(runner, 'locks', CACHE_LOCK_CASES, source);
    registerCases(runner, 'outages', CACHE_OUTAGE_CASES, source);
    registerCases(runner, 'cache-manager', CACHE_MANAGER_CASES, source);
  });
}
