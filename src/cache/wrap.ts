import { isRefusal } from './refusal.js';
import type { WrapOptions } from './cache-manager-contract.js';
import type { CacheScope } from './cache-scope.js';
import type { LoadPlan } from './load-options.js';
import type { ReadThrough } from './read-through.js';
import { ttlArgument } from './set-ttl.js';

/**
 * cache-manager's `wrap` on top of the read-through. The ttl of a hit is looked up only where `raw` or a
 * `refreshThreshold` asks for it; a refresh runs once per key and process, in the background, and is told by `refresh`.
 */
export async function wrap<T>(
  scope: CacheScope,
  readThrough: ReadThrough,
  key: string,
  load: () => T | Promise<T>,
  options: WrapOptions<T>,
): Promise<T | { value: T; expires?: number }> {
  const ttl = (value: unknown): number | null => lifetime(options.ttl, value as T, scope.context.ttl);
  const { stale, timeout } = scope.context;
  // A ttl is what cache-manager says it is: no jitter.
  const plan: LoadPlan = { fresh: false, ttl, jitter: 0, tags: [], stale, timeout };
  const found = await readThrough.one(key, load, plan);
  const value = found.value as T;
  if (found.loaded) {
    if (found.storedTtl !== undefined) scope.emit('set', { key, value, store: 'primary' });
    return options.raw === true ? withExpiry(scope, value, found.storedTtl) : value;
  }
  const threshold =
    typeof options.refreshThreshold === 'function'
      ? options.refreshThreshold(value)
      : options.refreshThreshold;
  if (options.raw !== true && threshold === undefined) return value;
  const left = await remaining(scope, key);
  if (typeof left === 'number' && threshold !== undefined && left < threshold) {
    void refresh(scope, readThrough, key, load, { value, plan });
  }
  return options.raw === true ? withExpiry(scope, value, left) : value;
}

/** The options of `wrap`, whichever of cache-manager's two forms they are given in. */
export function wrapOptions<T>(
  ttlOrOptions: WrapOptions<T>['ttl'] | WrapOptions<T>,
  refreshThreshold: WrapOptions<T>['refreshThreshold'],
): WrapOptions<T> {
  if (typeof ttlOrOptions === 'object') return ttlOrOptions;
  return {
    ...(ttlOrOptions === undefined ? {} : { ttl: ttlOrOptions }),
    ...(refreshThreshold === undefined ? {} : { refreshThreshold }),
  };
}

async function refresh<T>(
  scope: CacheScope,
  readThrough: ReadThrough,
  key: string,
  load: () => T | Promise<T>,
  old: { readonly value: T; readonly plan: LoadPlan },
): Promise<void> {
  try {
    const fresh = await readThrough.refresh(key, load, old.plan, true);
    if (fresh === undefined) return;
    const { value, storedTtl } = fresh;
    if (storedTtl !== undefined) scope.emit('set', { key, value, store: 'primary' });
    scope.emit('refresh', { key, value });
  } catch (error) {
    scope.emit('refresh', { key, value: old.value, error });
  }
}

async function remaining(scope: CacheScope, key: string): Promise<number | null | undefined> {
  try {
    return await scope.store.ttl(key);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    scope.reportError('wrap', error, key);
    return undefined;
  }
}

function withExpiry<T>(
  scope: CacheScope,
  value: T,
  left: number | null | undefined,
): { value: T; expires?: number } {
  return typeof left === 'number' ? { value, expires: scope.context.clock.now() + left } : { value };
}

/** A number 0 means no expiry here, as everywhere in cache-manager. */
function lifetime<T>(ttl: WrapOptions<T>['ttl'], value: T, fallback: number | null): number | null {
  const wanted = typeof ttl === 'function' ? ttl(value) : ttl;
  return wanted === 0 ? null : ttlArgument(wanted, fallback);
}
