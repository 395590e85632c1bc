import { resolveCacheOptions } from '../../../src/cache/cache-options.js';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { systemClock } from '../../../src/clock.js';
import { bindInstance, CacheBinding, type MethodCaches } from '../../../src/decorator/cache-binding.js';
import { UnknownCacheError } from '../../../src/errors.js';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import { assembleCache } from '../../../src/module/cache-assembly.js';

/** What decorated methods have of an application: caches in memory, and the binding that leads to them. */
export interface Application {
  readonly binding: CacheBinding;
  readonly caches: MethodCaches;
  readonly events: CacheEvent[];
  cache(name?: string): NamedCache;
  /** Ties an instance to this application, as Nest or the module would. */
  bind<T extends object>(instance: T): T;
}

export async function application(...names: string[]): Promise<Application> {
  const events: CacheEvent[] = [];
  const made = new Map<string, NamedCache>();
  for (const name of ['default', ...names]) {
    const options = resolveCacheOptions(name, {}, `caches.${name}`, { store: 'memory', ttl: 300_000 });
    const reporter = { report: (event: CacheEvent) => void events.push(event) };
    const parts = {
      keyPrefix: 'test',
      clock: systemClock,
      reporter,
      connections: new Map(),
      types: new Map(),
    };
    // oxlint-disable-next-line no-await-in-loop
    made.set(name, (await assembleCache(options, parts)).cache);
  }
  const cache = (name = 'default'): NamedCache => {
    const found = made.get(name);
    if (found === undefined) throw new UnknownCacheError(name, made.keys());
    return found;
  };
  const caches = { get: cache, has: (name: string) => made.has(name), names: () => made.keys() };
  const binding = new CacheBinding();
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array
  binding.fill(caches);
  const bind = <T extends object>(instance: T): T => {
    bindInstance(instance, binding);
    return instance;
  };
  return { binding, caches, events, cache, bind };
}

/** All keys of a cache, sorted. */
export async function keysOf(cache: NamedCache): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of cache.keys()) keys.push(key);
  return keys.sort();
}
