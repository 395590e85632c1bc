import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { encodeArguments } from './argument-key.js';

declare const valueOfKey: unique symbol;

/** A key whose value is of type `T`: an ordinary string at run time, made by calling what `defineKey` gives. */
export type CacheKey<T> = string & { readonly [valueOfKey]: (value: T) => T };

/** A key that says nothing about its value: any string but a `CacheKey`, which keeps its own value type. */
export type UntypedKey = string & { readonly [valueOfKey]?: never };

/** What a parameter of a key may be; see `encodeArguments` for how values are told apart. */
export type KeyPart = string | number | bigint | boolean | null | undefined | Date | URL | readonly KeyPart[];

/** A family of keys: called with its parameters, it gives the key of one value. */
export interface KeyDefinition<T, P extends readonly KeyPart[] = []> {
  (...parts: P): CacheKey<T>;
  /** What every key of the family begins with. */
  readonly keyName: string;
  /** How long values live: what `@Cacheable` and `@CachePut` use when the definition itself is their `key`. */
  readonly ttl?: Duration | null;
}

/** What a key definition may say about its values. */
export interface KeyOptions {
  /** `null` = never expires. Left out: the cache's own ttl. */
  readonly ttl: Duration | null;
}

const NAME = /^[^()]+$/;

/**
 * Declares keys with the type of their value, their parameters and how long values live, in one place.
 *
 * `defineKey<Product, [id: number]>('product', { ttl: '10m' })` gives a function; `product(42)` is `product(42)`.
 * Different parameters give different keys, whatever the strings among them hold.
 *
 * @throws InvalidOptionsError when `name` is empty or holds a parenthesis, or `ttl` is no duration
 */
export function defineKey<T, P extends readonly KeyPart[] = []>(
  name: string,
  options: KeyOptions,
): KeyDefinition<T, P> & KeyOptions;
export function defineKey<T, P extends readonly KeyPart[] = []>(name: string): KeyDefinition<T, P>;
export function defineKey<T, P extends readonly KeyPart[] = []>(
  name: string,
  options?: KeyOptions,
): KeyDefinition<T, P> {
  const path = `defineKey(${JSON.stringify(name)})`;
  if (!NAME.test(name))
    throw new InvalidOptionsError(path, 'the name must not be empty or hold a parenthesis');
  if (options !== undefined && options.ttl !== null) milliseconds(options.ttl, `${path}.ttl`);
  const key = (...parts: P) => `${name}(${encodeArguments(parts, path)})` as CacheKey<T>;
  return Object.freeze(
    Object.assign(key, { keyName: name }, options === undefined ? {} : { ttl: options.ttl }),
  );
}
