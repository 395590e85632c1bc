import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { encodeArguments } from './argument-key.js';

declare const valueOfKey: unique symbol;

/** A key whose value is of type `T`: an ordinary string at run time, made by calling a `KeyDefinition`. */
export type CacheKey<T> = string & { readonly [valueOfKey]: (value: T) => T };

/** A key that says nothing about its value: any string but a `CacheKey`, which keeps its own value type. */
export type UntypedKey = string & { readonly [valueOfKey]?: never };

/** What a key may be made of. Values that differ in kind or content give different keys. */
export type KeyPart = string | number | bigint | boolean | null | undefined | Date | URL | readonly KeyPart[];

/** What is said about all values of a key definition. */
export interface KeyOptions {
  /** How long a value lives; `null` = never expires. */
  readonly ttl: Duration | null;
}

/**
 * A function that makes keys: called with its parameters, it gives the key of one value. Arguments beyond its
 * parameters are ignored, so that it can be the `key` of a method that takes more.
 *
 * With `O = KeyOptions` it carries a `ttl`, which decorators use when the definition itself is their `key`; elsewhere
 * pass it on: `cache.set(product(1), value, { ttl: product.ttl })`.
 */
export type KeyDefinition<T, A extends readonly unknown[] = [], O = unknown> = ((...args: A) => CacheKey<T>) &
  O;

/** A key without parameters, to which parameters can be given. */
export type RootKeyDefinition<T, O = unknown> = KeyDefinition<T, [], O> & {
  /** The same key, one per list of parts: `defineKey<Product>('product').by((id: number) => [id])`. */
  by<A extends readonly unknown[]>(parts: (...args: A) => readonly KeyPart[]): KeyDefinition<T, A, O>;
};

const NAME = /^[^()]+$/;

/**
 * Declares a key with the type of its value and, optionally, how long values live. Called, the key of `'top'` is
 * `top()`; with parameters given by `by`, that of `'product'` and the part 42 is `product(42)`. Different parts give
 * different keys, whatever the strings among them hold; two definitions of one cache need different names.
 *
 * @throws InvalidOptionsError when `name` is empty or holds a parenthesis, or `ttl` is no duration
 */
export function defineKey<T>(name: string, options: KeyOptions): RootKeyDefinition<T, KeyOptions>;
export function defineKey<T>(name: string): RootKeyDefinition<T>;
export function defineKey<T>(name: string, options?: KeyOptions): RootKeyDefinition<T> {
  const path = `defineKey(${JSON.stringify(name)})`;
  if (!NAME.test(name))
    throw new InvalidOptionsError(path, 'the name must not be empty or hold a parenthesis');
  if (options !== undefined && options.ttl !== null) milliseconds(options.ttl, `${path}.ttl`);
  const ttl = options === undefined ? {} : { ttl: options.ttl };
  const by = <A extends readonly unknown[]>(parts: (...args: A) => readonly KeyPart[]) =>
    Object.freeze(
      Object.assign((...args: A) => `${name}(${encodeArguments(parts(...args), path)})` as CacheKey<T>, ttl),
    );
  return Object.freeze(Object.assign(() => `${name}()` as CacheKey<T>, ttl, { by }));
}
