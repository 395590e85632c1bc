/** A store of cache-manager 5, as far as it can be trusted: one key at a time. A miss is `undefined`. */
export interface CacheManagerV5Store {
  get(key: string): Promise<unknown>;
  /** `ttl` in milliseconds; 0 = no expiry. */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
  /** What the store takes. */
  isCacheable?(value: unknown): boolean;
  /** The client that it sends commands with. */
  readonly client?: unknown;
}

/** Whether something is such a store. */
export function isCacheManagerStore(value: unknown): value is CacheManagerV5Store {
  if (typeof value !== 'object' || value === null) return false;
  const { get, set, del } = value as Partial<CacheManagerV5Store>;
  return typeof get === 'function' && typeof set === 'function' && typeof del === 'function';
}

/** Whether a store has thrown because it does not take `null` or the like. Those of cache-manager 5 are no `Error`s. */
export function isNoCacheableError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as Error).name === 'NoCacheableError';
}
