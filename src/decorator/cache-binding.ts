import { Inject, Injectable, Optional } from '@nestjs/common';
import type { LoadOptions } from '../cache/load-options.js';
import type { SetOptions } from '../cache/set-ttl.js';
import { InvalidOptionsError } from '../errors.js';

/** What decorated methods need of a named cache. */
export interface MethodCache {
  getOrSet<T>(
    key: string,
    load: (context: { skip(): void; tags(...tags: string[]): void }) => Promise<T>,
    options?: LoadOptions,
  ): Promise<T>;
  set(key: string, value: unknown, options?: SetOptions): Promise<unknown>;
  del(key: string): Promise<unknown>;
  invalidateTags(tags: readonly string[]): Promise<unknown>;
  clear(): Promise<unknown>;
}

/** What decorated methods need of the registry of named caches. */
export interface MethodCaches {
  get(name: string): MethodCache;
  has(name: string): boolean;
  names(): Iterable<string>;
}

/**
 * Where the decorated methods of one application find its caches. Nest injects it into every decorated class; it depends
 * on nothing, so that a service which the module's own options factory needs can be decorated too. The module fills it
 * once its registry exists; until then methods run uncached.
 */
@Injectable()
export class CacheBinding {
  #caches: MethodCaches | undefined;
  readonly #claims = new Map<string, { readonly owner: object; readonly instance: Attachment }>();

  /** Gives the decorated methods of this application their caches. */
  fill(caches: MethodCaches): void {
    this.#caches = caches;
  }

  /** `undefined` until the module filled it. */
  get caches(): MethodCaches | undefined {
    return this.#caches;
  }

  /** True for a binding made by this class; mocking tools inject other things under its token. */
  static is(value: unknown): value is CacheBinding {
    return typeof value === 'object' && value !== null && #caches in value;
  }

  /**
   * Reserves a class name for the default keys of one class and one instance of it. The check at start does not see
   * what is made later (lazily loaded modules, `ModuleRef.create`): this one does, at the first call.
   *
   * @throws InvalidOptionsError when another class, or another instance, already makes keys by that name
   */
  claim(name: string, owner: object, instance: Attachment): void {
    const holder = this.#claims.get(name);
    if (holder === undefined) {
      this.#claims.set(name, { owner, instance });
    } else if (holder.owner !== owner) {
      throw new InvalidOptionsError(name, NAMESAKE_RULE);
    } else if (holder.instance !== instance) {
      throw new InvalidOptionsError(name, SEVERAL_RULE);
    }
  }
}

/** Why two classes of one name need a `key`. */
export const NAMESAKE_RULE =
  'another class of this name has cached methods, and the default key holds the class name only; give @Cacheable a "key"';

/** Why several instances of one class need a `key`. */
export const SEVERAL_RULE =
  'there are several instances of this class, and the default key does not tell them apart; give @Cacheable a "key"';

/** Ties one instance to its application. Every instance has one of its own, seen through proxies too. */
export class Attachment {
  readonly binding: CacheBinding;

  constructor(binding: CacheBinding) {
    this.binding = binding;
  }
}

const ATTACHED = Symbol('nestjs-redis-cache:binding');

/**
 * Makes Nest inject the application's binding into every instance of the class and of its subclasses, in every scope,
 * where a module offers it. What is injected does not show among the instance's properties.
 */
export function injectBinding(prototype: object): void {
  if (ATTACHED in prototype) return;
  Object.defineProperty(prototype, ATTACHED, {
    configurable: true,
    get: () => undefined,
    set(this: object, injected: unknown) {
      if (CacheBinding.is(injected)) bindInstance(this, injected);
    },
  });
  Inject(CacheBinding)(prototype, ATTACHED);
  Optional()(prototype, ATTACHED);
}

/** Ties an instance to an application. Says whether it is tied now; a frozen object cannot be. */
export function bindInstance(instance: object, binding: CacheBinding): boolean {
  if (attachmentOf(instance)?.binding === binding) return true;
  if (!Object.isExtensible(instance)) return false;
  Object.defineProperty(instance, ATTACHED, {
    configurable: true,
    writable: true,
    value: new Attachment(binding),
  });
  return true;
}

/** What ties an instance to its application; `undefined` for one made by hand, or without the module. */
export function attachmentOf(instance: unknown): Attachment | undefined {
  if (typeof instance !== 'object' || instance === null) return undefined;
  const found = (instance as { readonly [ATTACHED]?: unknown })[ATTACHED];
  return found instanceof Attachment ? found : undefined;
}
