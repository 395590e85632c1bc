/**
 * Something that happened in a cache or on a connection. Every outcome is told once, by the facade that answers the
 * caller. An event names keys and never holds a value, a secret or a session id.
 */
export type CacheEvent =
  /** A key was looked up. `hit` includes a stored `null`. */
  | { readonly type: 'hit' | 'miss'; readonly cache: string; readonly key: string }
  /**
   * A value was written; `stored: false` when it was not kept: `add` of a present key, a loaded value whose key was
   * written or removed while it was on its way, a value under the barrier of a `mutate`, one larger than all of a store in
   * memory. A ttl ≤ 0 is no write, and one that Redis did not take is an `error`.
   */
  | { readonly type: 'write'; readonly cache: string; readonly key: string; readonly stored: boolean }
  /** Keys were removed by `del`, `mdel`, `deletePattern`, `mutate` or a ttl that had passed. */
  | { readonly type: 'delete'; readonly cache: string; readonly keys: readonly string[] }
  /** Every entry of the cache (or of the namespace that `cache` names) was dropped. */
  | { readonly type: 'clear'; readonly cache: string }
  /** Every entry that carries one of these tags was made invalid. */
  | { readonly type: 'invalidate'; readonly cache: string; readonly tags: readonly string[] }
  /** A key was made stale by `expire`. */
  | { readonly type: 'expire'; readonly cache: string; readonly key: string }
  /** A stale value was served: while it is loaded anew, or since its loader failed or took too long. */
  | { readonly type: 'stale'; readonly cache: string; readonly key: string }
  /** A loader ran to its end. `duration` is in milliseconds. */
  | {
      readonly type: 'load';
      readonly cache: string;
      readonly key: string;
      readonly duration: number;
      readonly failed: boolean;
    }
  /** A caller was given the result of a loader that another caller had started. */
  | { readonly type: 'coalesced'; readonly cache: string; readonly key: string }
  /** A stored payload could not be read (corrupt, foreign, of a later format): it was treated as a miss. */
  | { readonly type: 'unreadable'; readonly cache: string; readonly key: string; readonly reason: string }
  /** A value was given back uncached: it holds an instance of a class not listed in `types`, is too large, or no data. */
  | { readonly type: 'uncacheable'; readonly cache: string; readonly key: string; readonly reason: string }
  /** Redis refused a command or could not be reached; the caller was answered by the cache's `onError` policy. */
  | {
      readonly type: 'error';
      readonly cache: string;
      readonly operation: string;
      readonly key?: string;
      readonly error: Error;
    }
  /**
   * `pending: true`: a write or an invalidation was not answered by Redis or could not be sent, and what it concerns is not
   * served by this process until an invalidation is acknowledged, which is repeated. `false`: the last of them is.
   */
  | { readonly type: 'unsettled'; readonly cache: string; readonly pending: boolean }
  /** A connection went up or down. Told once per change, never per call. */
  | {
      readonly type: 'connection';
      readonly connection: string;
      readonly state: 'up' | 'down';
      readonly reason: string;
    }
  /**
   * A connection's invalidation channel can be relied on, or cannot (any more): what memory tiers remember is not served then.
   * `mode`: Redis tracks keys, writers publish messages where it may not, or nothing is told. Told once per change.
   */
  | {
      readonly type: 'channel';
      readonly connection: string;
      readonly state: 'trusted' | 'down';
      readonly mode: 'tracking' | 'messages' | 'none';
      readonly reason: string;
    };
