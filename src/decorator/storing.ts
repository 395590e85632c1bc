import { isObservable, lastValueFrom } from 'rxjs';
import type { MethodCall } from './method-call.js';
import type { CacheablePlan, CachePutPlan } from './method-plan.js';
import { requireShareable } from './result-kind.js';

/**
 * Gives the cached result of a call, or runs the method and caches what it resolves to or emits last. Calls of one key
 * that run at the same time share one run.
 */
export async function readThrough(plan: CacheablePlan, call: MethodCall): Promise<unknown> {
  const key = plan.key === undefined ? call.defaultKey() : call.key(plan.key);
  return call.caches.get(plan.cache).getOrSet(
    key,
    async (context) => {
      const result = call.runDeferred();
      const value = await (isObservable(result)
        ? lastValueFrom(result, { defaultValue: undefined })
        : result);
      requireShareable(value, call.path);
      if (call.vetoes(plan.unless, value)) context.skip();
      else if (value !== undefined) context.tags(...call.resultTags(plan, value));
      return value;
    },
    plan.tags === undefined ? plan.load : { ...plan.load, tags: call.tags(plan) },
  );
}

/** Decides by the arguments whether, where and under which tags a call stores its result, before the method could change them. */
export function planPut(
  plan: CachePutPlan,
  call: MethodCall,
): ((result: unknown) => Promise<void>) | undefined {
  if (!call.passes(plan.when)) return undefined;
  const key = call.key(plan.key);
  const tags = call.tags(plan);
  return async (result) => {
    if (result === undefined || call.vetoes(plan.unless, result)) return;
    requireShareable(result, call.path);
    const all = [...tags, ...call.resultTags(plan, result)];
    await call.caches.get(plan.cache).set(key, result, { ...plan.write, tags: all });
  };
}
