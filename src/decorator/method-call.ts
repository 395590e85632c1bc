import { isObservable } from 'rxjs';
import { InvalidOptionsError } from '../errors.js';
import type { Attachment, MethodCaches } from './cache-binding.js';
import { ANONYMOUS_RULE } from './default-key.js';
import { encodeArguments } from '../key/argument-key.js';
import type { HostFacts } from './host-facts.js';
import type { AnyMethod } from './method-fit.js';
import type { Callback, ResolvedKey } from './method-options.js';
import type { CacheablePlan, CachePutPlan, EvictionPlan, MethodPlan } from './method-plan.js';
import { tagList } from './method-tags.js';
import { isThenable } from './result-kind.js';

/** One call of a decorated method on an instance that is tied to an application. */
export class MethodCall {
  readonly caches: MethodCaches;
  readonly facts: HostFacts;
  readonly #plan: MethodPlan;
  readonly #instance: object;
  readonly #args: readonly unknown[];
  readonly #attachment: Attachment;
  readonly #method: AnyMethod;

  constructor(
    what: { readonly plan: MethodPlan; readonly facts: HostFacts; readonly method: AnyMethod },
    on: { readonly instance: object; readonly attachment: Attachment; readonly caches: MethodCaches },
    args: readonly unknown[],
  ) {
    this.caches = on.caches;
    this.facts = what.facts;
    this.#plan = what.plan;
    this.#method = what.method;
    this.#instance = on.instance;
    this.#attachment = on.attachment;
    this.#args = args;
  }

  /** Class and method, as messages name them. */
  get path(): string {
    return this.#plan.path;
  }

  /** Runs the method below the decorator, and gives what it gives. */
  run(): unknown {
    return Reflect.apply(this.#method, this.#instance, this.#args);
  }

  /**
   * Runs the method below the decorator, whose result must be one to wait for, unless Nest itself waits for it.
   *
   * @throws InvalidOptionsError when a method that is no route handler gives its result at once
   */
  runDeferred(): unknown {
    const result = this.run();
    if (this.facts.route || this.facts.result === 'observable' || isThenable(result)) return result;
    const rule = isObservable(result)
      ? "returns an Observable: annotate its result type, or say returns: 'observable' in @Cacheable"
      : 'gives its result at once; only a method that returns a promise or an Observable can be cached';
    throw new InvalidOptionsError(this.path, rule);
  }

  /** Whether `when` lets the decorator act. */
  passes(when: Callback<boolean> | undefined): boolean {
    return when === undefined || Reflect.apply(when, this.#instance, this.#args);
  }

  /** Whether `unless` keeps the result from being stored. */
  vetoes(unless: Callback<boolean> | undefined, result: unknown): boolean {
    return unless !== undefined && Reflect.apply(unless, this.#instance, [result, ...this.#args]);
  }

  /** @throws InvalidOptionsError when the function gives something else than a string */
  key(key: ResolvedKey): string {
    if (typeof key === 'string') return key;
    const made = Reflect.apply(key, this.#instance, this.#args);
    if (typeof made === 'string') return made;
    throw new InvalidOptionsError(`${this.path}.key`, 'must give a string', made);
  }

  /** @throws InvalidOptionsError when a function gives something else than a list of tags */
  tags({ decorator, tags }: CacheablePlan | CachePutPlan | EvictionPlan): readonly string[] {
    if (tags === undefined || tags.made.length === 0) return tags?.fixed ?? [];
    const made = tags.made.flatMap((one) =>
      tagList(Reflect.apply(one, this.#instance, this.#args), `${this.path} ${decorator}.tags`),
    );
    return [...tags.fixed, ...made];
  }

  /** The tags that the result names, which is to be stored. @throws InvalidOptionsError when they are no list of tags */
  resultTags({ decorator, resultTags }: CacheablePlan | CachePutPlan, result: unknown): readonly string[] {
    if (resultTags === undefined) return [];
    const made = Reflect.apply(resultTags, this.#instance, [result, ...this.#args]);
    return tagList(made, `${this.path} ${decorator}.resultTags`);
  }

  /**
   * The key made of class, method and arguments.
   *
   * @throws InvalidOptionsError when the class is anonymous, one of several of its name or has several instances, or when
   *   an argument has no stable encoding
   */
  defaultKey(): string {
    const { className, keyPrefix } = this.facts;
    if (className === '') throw new InvalidOptionsError(this.path, ANONYMOUS_RULE);
    this.#attachment.binding.claim(className, this.#instance.constructor, this.#attachment);
    return `${keyPrefix}(${encodeArguments(this.#args, keyPrefix)})`;
  }
}
