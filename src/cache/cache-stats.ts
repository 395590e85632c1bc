import type { CacheEvent } from '../event/cache-event.js';

/** What a cache has done in this process since it was made, its namespaces included. */
export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Stale values that were served. */
  readonly stale: number;
  /** Values written. */
  readonly writes: number;
  /** Keys removed. */
  readonly deletes: number;
  readonly clears: number;
  /** Tags invalidated. */
  readonly invalidations: number;
  /** Loaders run to their end, failed ones included. */
  readonly loads: number;
  readonly loadFailures: number;
  /** Callers who were given the result of somebody else's loader. */
  readonly coalesced: number;
  /** Values given back uncached: an unlisted class, a payload over `maxBytes` or one that cannot be serialised. */
  readonly uncacheable: number;
  /** Stored payloads that could not be read. */
  readonly unreadable: number;
  /** Calls that Redis refused or did not answer. */
  readonly errors: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts a cache's events. */
export class CacheCounters {
  readonly #counts: Mutable<CacheStats> = {
    hits: 0,
    misses: 0,
    stale: 0,
    writes: 0,
    deletes: 0,
    clears: 0,
    invalidations: 0,
    loads: 0,
    loadFailures: 0,
    coalesced: 0,
    uncacheable: 0,
    unreadable: 0,
    errors: 0,
  };

  count(event: CacheEvent): void {
    const counts = this.#counts;
    switch (event.type) {
      case 'hit':
        counts.hits += 1;
        break;
      case 'miss':
        counts.misses += 1;
        break;
      case 'write':
        if (event.stored) counts.writes += 1;
        break;
      case 'delete':
        counts.deletes += event.keys.length;
        break;
      case 'clear':
        counts.clears += 1;
        break;
      case 'load':
        counts.loads += 1;
        if (event.failed) counts.loadFailures += 1;
        break;
      case 'invalidate':
        counts.invalidations += event.tags.length;
        break;
      case 'stale':
      case 'coalesced':
      case 'uncacheable':
      case 'unreadable':
        counts[event.type] += 1;
        break;
      case 'error':
        counts.errors += 1;
        break;
      default:
        break;
    }
  }

  snapshot(): CacheStats {
    return { ...this.#counts };
  }
}
