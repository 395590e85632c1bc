/** Hears cache-manager's events `mdel` and `ttl`, which its types leave out. */
export type KeyListener = (data: { keys?: string[]; key?: string; value?: unknown; error?: unknown }) => void;

/** The options of `wrap` in cache-manager's object form. */
export interface WrapOptions<T> {
  /** Milliseconds to live; 0 = no expiry. Default: the cache's ttl. */
  ttl?: number | ((value: T) => number);
  /** A hit with less than this left to live (milliseconds) starts a refresh in the background. */
  refreshThreshold?: number | ((value: T) => number);
  /** Gives `{ value, expires? }` instead of the value. */
  raw?: boolean;
}

/** An item of `mset`. */
export interface CacheItem<T> {
  key: string;
  value: T;
  /** Milliseconds to live; 0 = no expiry. Default: the cache's ttl. */
  ttl?: number;
}
