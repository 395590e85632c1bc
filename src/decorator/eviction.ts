import type { MethodCache } from './cache-binding.js';
import type { MethodCall } from './method-call.js';
import type { EvictionPlan } from './method-plan.js';

/** What one call evicts, before the method runs and after it succeeded. */
export interface Evictions {
  before(): Promise<void>;
  after(): Promise<void>;
}

/** One removal from one cache. */
interface Step {
  readonly cache: string;
  readonly before: boolean;
  readonly run: (cache: MethodCache) => Promise<unknown>;
}

/**
 * Decides by the arguments what a call evicts; `undefined` = nothing. Keys and tags are made now, before the method could
 * change its arguments, and so that a faulty one keeps it from running.
 */
export function planEvictions(plans: readonly EvictionPlan[], call: MethodCall): Evictions | undefined {
  const steps = plans.filter((plan) => call.passes(plan.when)).flatMap((plan) => stepsOf(plan, call));
  if (steps.length === 0) return undefined;
  const evict = async (before: boolean): Promise<void> => {
    const outcomes = await Promise.allSettled(
      steps
        .filter((step) => step.before === before)
        .map(async ({ cache, run }) => run(call.caches.get(cache))),
    );
    // A cache that refuses must not spare the others.
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  return { before: () => evict(true), after: () => evict(false) };
}

function stepsOf(plan: EvictionPlan, call: MethodCall): Step[] {
  const { cache, before } = plan;
  const step = (run: Step['run']): Step => ({ cache, before, run });
  if (plan.all) return [step((one) => one.clear())];
  const key = plan.key === undefined ? undefined : call.key(plan.key);
  const tags = call.tags(plan);
  return [
    ...(key === undefined ? [] : [step((one) => one.del(key))]),
    ...(tags.length === 0 ? [] : [step((one) => one.invalidateTags(tags))]),
  ];
}
