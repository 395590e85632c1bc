import { milliseconds, type Duration } from '../duration.js';
import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';
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
  readonly ttl?: Duration | null;
  /** Tags of every value. */
  readonly tags?: readonly string[];
}

/** What a key definition carries that was given a ttl. */
export interface KeyTtl {
  /** How long a value lives; `null` = never expires. */
  readonly ttl: Duration | null;
}

/** What is said about each value of a key with parameters. */
export interface KeyPartOptions<A extends readonly unknown[]> {
  /** Tags of the value of these parameters, beside those of every value. */
  readonly tags?: (...args: A) => readonly string[];
}

/**
 * A function that makes keys: called with its parameters, it gives the key of one value. Arguments beyond its
 * parameters are ignored, so that it can be the `key` of a method that takes more.
 *
 * `tags` gives the tags of the value, and with `O = KeyTtl` there is a `ttl`. Decorators use both when the definition
 * itself is their `key`; elsewhere pass them on: `cache.set(product(1), value, { ttl: product.ttl, tags: product.tags(1) })`.
 */
export type KeyDefinition<T, A extends readonly unknown[] = [], O = unknown> = ((
  ...args: A
) => CacheKey<T>) & {
  /** The tags of the value of these parameters; none where none were declared. */
  readonly tags: (...args: A) => readonly string[];
} & O;

/** A key without parameters, to which parameters can be given. */
export type RootKeyDefinition<T, O = unknown> = KeyDefinition<T, [], O> & {
  /** The same key, one per list of parts: `defineKey<Product>('product').by((id: number) => [id])`. */
  by<A extends readonly unknown[]>(
    parts: (...args: A) => readonly KeyPart[],
    options?: KeyPartOptions<NoInfer<A>>,
  ): KeyDefinition<T, A, O>;
};

const NAME = /^[^()]+$/;

/**
 * Declares a key with the type of its value and, optionally, how long values live and which tags they carry. Called, the
 * key of `'top'` is `top()`; with parameters given by `by`, that of `'product'` and the part 42 is `product(42)`. Different
 * parts give different keys, whatever the strings among them hold; two definitions of one cache need different names.
 *
 * @throws InvalidOptionsError when `name` is empty or holds a parenthesis, `ttl` is no duration, or `tags` no list of tags
 */
export function defineKey<T>(name: string, options: KeyOptions & KeyTtl): RootKeyDefinition<T, KeyTtl>;
export function defineKey<T>(name: string, options?: Pick<KeyOptions, 'tags'>): RootKeyDefinition<T>;
export function defineKey<T>(name: string, options: KeyOptions = {}): RootKeyDefinition<T> {
  const path = `defineKey(${JSON.stringify(name)})`;
  if (!NAME.test(name))
    throw new InvalidOptionsError(path, 'the name must not be empty or hold a parenthesis');
  optionsObject(options, path, ['ttl', 'tags']);
  if (options.ttl !== undefined && options.ttl !== null) milliseconds(options.ttl, `${path}.ttl`);
  const ttl = options.ttl === undefined ? {} : { ttl: options.ttl };
  const tags = tagList(options.tags ?? [], `${path}.tags`);
  const by = <A extends readonly unknown[]>(
    parts: (...args: A) => readonly KeyPart[],
    own: KeyPartOptions<A> = {},
  ) => {
    const more = tagsOption(own, `${path}.by()`);
    return Object.freeze(
      Object.assign((...args: A) => `${name}(${encodeArguments(parts(...args), path)})` as CacheKey<T>, ttl, {
        tags: more === undefined ? () => tags : (...args: A) => [...tags, ...more(...args)],
      }),
    );
  };
  return Object.freeze(Object.assign(() => `${name}()` as CacheKey<T>, ttl, { tags: () => tags, by }));
}

/** The function that makes tags of the parameters, so that it gives nothing but a list of tags. */
function tagsOption<A extends readonly unknown[]>(
  options: KeyPartOptions<A>,
  path: string,
): ((...args: A) => readonly string[]) | undefined {
  const { tags } = optionsObject(options, path, ['tags']) as KeyPartOptions<A>;
  if (tags === undefined) return undefined;
  if (typeof tags !== 'function') {
    throw new InvalidOptionsError(`${path}.tags`, 'must be a function of the parameters', tags);
  }
  return (...args) => tagList(tags(...args), `${path}.tags`);
}

function tagList(tags: unknown, path: string): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string' && tag !== '')) {
    return Object.freeze([...(tags as string[])]);
  }
  throw new InvalidOptionsError(path, 'must be a list of strings that are not empty', tags);
}
