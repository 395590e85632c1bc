import { isObservable } from 'rxjs';
import { handlerVerdict, type HandlerVerdict } from '../di/route-metadata.js';
import { hasPlaces } from '../di/tag-template.js';
import { attachmentOf } from './cache-binding.js';
import { planEvictions } from './eviction.js';
import { factsOf, type HostFacts } from './host-facts.js';
import { MethodCall } from './method-call.js';
import type { AnyMethod } from './method-fit.js';
import type { CacheablePlan, CachePutPlan, EvictionPlan, MethodPlan } from './method-plan.js';
import { finishBeforeLast, observe } from './observable-result.js';
import { planPut, readThrough } from './storing.js';

/** What our decorators do around one call. */
interface Actions {
  readonly cacheable: CacheablePlan | undefined;
  readonly put: CachePutPlan | undefined;
  readonly evictions: readonly EvictionPlan[];
  /** The `@Cacheable` of a route that judges what its handler gave. */
  readonly response: { readonly plan: CacheablePlan; readonly verdict: HandlerVerdict } | undefined;
}

/**
 * One place on a method where our decorators act: around everything that stood there before them. `@Cacheable` and
 * `@CachePut` act where they stand; all evictions act at the outermost place, so that they happen on a hit too.
 */
export class CachedMethod {
  storing: CacheablePlan | CachePutPlan | undefined;
  readonly #plan: MethodPlan;
  readonly #method: AnyMethod;
  readonly #facts = new WeakMap<object, HostFacts>();

  constructor(plan: MethodPlan, method: AnyMethod) {
    this.#plan = plan;
    this.#method = method;
  }

  /** Calls the method as the decorators say; plainly on an instance that belongs to no application with the module. */
  call(instance: unknown, args: readonly unknown[], evictions: readonly EvictionPlan[]): unknown {
    const attachment = attachmentOf(instance);
    const caches = attachment?.binding.caches;
    if (attachment === undefined || caches === undefined) return Reflect.apply(this.#method, instance, args);
    const facts = this.#factsOf(instance as object);
    const actions = this.#actions(facts, evictions);
    if (actions === undefined) return Reflect.apply(this.#method, instance, args);
    const call = new MethodCall(
      { plan: this.#plan, facts, method: this.#method },
      { instance: instance as object, attachment, caches },
      args,
    );
    return facts.result === 'observable' ? observe(() => act(actions, call)) : act(actions, call);
  }

  #factsOf(instance: object): HostFacts {
    const prototype = Object.getPrototypeOf(instance) as object;
    let facts = this.#facts.get(prototype);
    if (facts === undefined) this.#facts.set(prototype, (facts = factsOf(this.#plan, prototype)));
    return facts;
  }

  #actions(facts: HostFacts, evictions: readonly EvictionPlan[]): Actions | undefined {
    const put = this.storing?.decorator === '@CachePut' ? this.storing : undefined;
    const declared = this.storing?.decorator === '@Cacheable' ? this.storing : undefined;
    const cacheable = facts.route || facts.overridden ? undefined : declared;
    const verdict = facts.route && declared !== undefined ? handlerVerdict() : undefined;
    const response = verdict && declared && { plan: declared, verdict };
    if (!cacheable && !put && !response && evictions.length === 0) return undefined;
    return { cacheable, put, evictions, response };
  }
}

/** Says whether the response may be stored, and under which tags. */
function judge({ plan, verdict }: NonNullable<Actions['response']>, last: unknown, call: MethodCall): void {
  if (call.vetoes(plan.unless, last)) verdict.vetoed = true;
  if (verdict.vetoed || last === undefined) return;
  // A handler that calls another shows what that one made: the tags of both are those of the response.
  // Places for parameters are filled by who knows the request.
  const tags = call.tags(plan).filter((tag) => !hasPlaces(tag));
  verdict.tags = [...(verdict.tags ?? []), ...tags, ...call.resultTags(plan, last)];
}

async function act({ cacheable, put, evictions, response }: Actions, call: MethodCall): Promise<unknown> {
  const evicting = planEvictions(evictions, call);
  const store = put && planPut(put, call);
  // Nothing is waited for in vain, so that the cache sees a method that is called by its own load.
  if (evicting !== undefined) await evicting.before();
  if (cacheable !== undefined && call.passes(cacheable.when)) {
    const value = await readThrough(cacheable, call);
    await evicting?.after();
    return value;
  }
  const finish = async (last: unknown): Promise<void> => {
    if (response !== undefined) judge(response, last, call);
    await store?.(last);
    await evicting?.after();
  };
  const result = await call.runDeferred();
  if (isObservable(result)) return finishBeforeLast(result, finish);
  await finish(result);
  return result;
}
