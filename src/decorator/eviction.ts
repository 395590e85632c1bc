import type { MethodCall } from './method-call.js';
import type { EvictionPlan } from './method-plan.js';

/** What one call evicts, before the method runs and after it succeeded. */
export interface Evictions {
  before(): Promise<void>;
  after(): Promise<void>;
}

/**
 * Decides by the arguments what a call evicts; `undefined` = nothing. Keys are made now, before the method could change
 * its arguments, and so that a faulty key keeps it from running.
 */
export function planEvictions(plans: readonly EvictionPlan[], call: MethodCall): Evictions | undefined {
  const chosen = plans
    .filter((plan) => call.passes(plan.when))
    .map((plan) => ({ ...plan, key: plan.key === undefined ? undefined : call.key(plan.key) }));
  if (chosen.length === 0) return undefined;
  const evict = async (before: boolean): Promise<void> => {
    const outcomes = await Promise.allSettled(
      chosen
        .filter((plan) => plan.before === before)
        .map(async ({ cache, key }) => {
          const target = call.caches.get(cache);
          await (key === undefined ? target.clear() : target.del(key));
        }),
    );
    // A cache that refuses must not spare the others.
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  return { before: () => evict(true), after: () => evict(false) };
}
