import type { Clock } from '../clock.js';
import type { Codec } from '../codec/codec.js';
import type { Reporter } from '../event/reporter.js';
import type { CacheCounters } from './cache-stats.js';
import type { Flights } from './flights.js';

/** What a cache and its namespaces share. */
export interface CacheContext {
  /** The default ttl in milliseconds; `null` = entries never expire. */
  readonly ttl: number | null;
  readonly onError: 'open' | 'throw';
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** Makes the copies of a loaded value that concurrent callers are given. Compresses nothing. */
  readonly codec: Codec;
  readonly flights: Flights;
  readonly counters: CacheCounters;
}
