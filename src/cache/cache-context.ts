import type { Clock } from '../clock.js';
import type { Codec } from '../codec/codec.js';
import type { Reporter } from '../event/reporter.js';
import type { Locks } from '../lock/lock.js';
import type { CacheCounters } from './cache-stats.js';
import type { Flights } from './flights.js';
import type { ResolvedStale } from './stale-options.js';
import type { ResolvedTimeout } from './timeout-options.js';

/** What a cache and its namespaces share. */
export interface CacheContext {
  /** The default ttl in milliseconds; `null` = entries never expire. */
  readonly ttl: number | null;
  /** The share of a loaded value's ttl by which it is shortened at random. */
  readonly jitter: number;
  readonly stale: ResolvedStale;
  readonly timeout: ResolvedTimeout;
  /** For how long an entry is kept after its ttl, in milliseconds. */
  readonly grace: number;
  readonly onError: 'open' | 'throw';
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** Makes the copies of a loaded value that concurrent callers are given. Compresses nothing. */
  readonly codec: Codec;
  readonly flights: Flights;
  /** `undefined` where there is no place for locks. */
  readonly locks: Locks | undefined;
  readonly counters: CacheCounters;
}
