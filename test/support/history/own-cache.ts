import type { NamedCache } from '../../../src/cache/named-cache.js';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import type { HistoryCache } from './node.js';
import { allTagsOf, tagsOf } from './world.js';

/** Counts the errors of a cache by operation: with `onError: 'open'` not every one of them reaches the caller. */
export class Troubles {
  readonly #counts = new Map<string, number>();

  report(event: CacheEvent): void {
    if (event.type === 'error') this.#counts.set(event.operation, this.of(event.operation) + 1);
  }

  of(operation: string): number {
    return this.#counts.get(operation) ?? 0;
  }
}

/** A cache of ours for a history. */
export function historyCache(cache: NamedCache, troubles: Troubles): HistoryCache {
  const acknowledged = async (operation: string, run: () => Promise<unknown>): Promise<boolean> => {
    const before = troubles.of(operation);
    try {
      const answer = await run();
      return answer !== false && troubles.of(operation) === before;
    } catch {
      return false;
    }
  };
  return {
    get: (key) => cache.get(key),
    peek: (key) => cache.peek(key),
    getEntry: (key) => cache.getEntry(key),
    getOrSet: (key, load) => cache.getOrSet<unknown>(key, load, { tags: tagsOf(key).declared }),
    getOrSetMany: (keys, load) =>
      cache.getOrSetMany<unknown>(keys, load, { tags: [...new Set(keys.flatMap(allTagsOf))] }),
    del: (key) => acknowledged('del', () => cache.del(key)),
    mdel: (keys) => acknowledged('mdel', () => cache.mdel(keys)),
    set: (key, value) => acknowledged('set', () => cache.set(key, value, { tags: allTagsOf(key) })),
    invalidateTags: (tags) => acknowledged('invalidateTags', () => cache.invalidateTags(tags)),
    clear: () => acknowledged('clear', () => cache.clear()),
    expire: (key) => acknowledged('expire', () => cache.expire(key)),
    mutate: ({ keys, tags }, work) => acknowledged('mutate', () => cache.mutate({ keys, tags }, work)),
    touch: (key, milliseconds) => cache.touch(key, Math.ceil(milliseconds)),
  };
}
