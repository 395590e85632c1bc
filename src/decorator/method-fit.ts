import type { Observable } from 'rxjs';
import type { CacheKey } from '../key/typed-key.js';

/** Any method, whatever it takes and returns. */
export type AnyMethod = (...args: never) => unknown;

/** A fixed key, or a function that makes one of the method's arguments. `this` is the instance. */
export type MethodKey = string | ((...args: never[]) => string);

/** Decides by the method's arguments. */
export type WhenCallback = (...args: never[]) => boolean;

/** Decides by what the method returned, and by its arguments. */
export type UnlessCallback = (result: never, ...args: never[]) => boolean;

/** Tags, or a function that makes them of the method's arguments. */
export type MethodTags = readonly string[] | ((...args: never[]) => readonly string[]);

/** Makes tags of what the method returned, and of its arguments. */
export type ResultTagsCallback = (result: never, ...args: never[]) => readonly string[];

/** A class whose instances a method returns. */
export type ResultClass = abstract new (...args: never[]) => object;

/** Stands in a compile error where a decorator does not fit the method below it, and says why. */
export interface Refused<Reason extends string> {
  readonly 'does not fit': Reason;
}

/** What a method resolves to or emits. */
export type ResultOf<M> = M extends (...args: never) => infer R
  ? R extends Observable<infer V>
    ? V
    : Awaited<R>
  : never;

type ArgumentsOf<M> = M extends (...args: infer A) => unknown ? A : never;
type ReturnOf<M> = M extends (...args: never) => infer R ? R : never;
type Stored<M> = Exclude<ResultOf<M>, undefined | void>;
type AnyCallback = (...args: never[]) => unknown;

type CallbackFit<T, M, C, Result, Name extends string> = C extends AnyCallback
  ? C extends (...args: ArgumentsOf<M>) => Result
    ? ThisFit<T, C, Name>
    : Refused<`\`${Name}\` does not take the arguments of the method`>
  : unknown;

type ThisFit<T, C, Name extends string> = [T] extends [ThisParameterType<C>]
  ? unknown
  : Refused<`\`${Name}\` expects another class as \`this\``>;

/** `unknown` when the key takes what the method takes, and `this` fits. */
export type KeyFit<T, M, K> = CallbackFit<T, M, K, string, 'key'>;

/** `unknown` when `when` takes what the method takes, and `this` fits. */
export type WhenFit<T, M, W> = CallbackFit<T, M, W, boolean, 'when'>;

// An option that is left out is `undefined`, which extends every type in a project without `strictNullChecks`.

/** `unknown` when `unless` takes the result and then what the method takes, and `this` fits. */
export type UnlessFit<T, M, U> = [U] extends [undefined]
  ? unknown
  : U extends AnyCallback
    ? U extends (result: ResultOf<M>, ...args: ArgumentsOf<M>) => boolean
      ? ThisFit<T, U, 'unless'>
      : Refused<'`unless` does not take the result and the arguments of the method'>
    : unknown;

/** `unknown` when `tags` takes what the method takes, and `this` fits. */
export type TagsFit<T, M, G> = CallbackFit<T, M, G, readonly string[], 'tags'>;

/** `unknown` when `resultTags` takes what is stored and then what the method takes, and `this` fits. */
export type ResultTagsFit<T, M, X> = [X] extends [undefined]
  ? unknown
  : X extends AnyCallback
    ? X extends (result: Stored<M>, ...args: ArgumentsOf<M>) => readonly string[]
      ? ThisFit<T, X, 'resultTags'>
      : Refused<'`resultTags` does not take the result and the arguments of the method'>
    : unknown;

type KeyValue<K> =
  K extends CacheKey<infer V> ? [V] : K extends (...args: never[]) => CacheKey<infer V> ? [V] : unknown;

/** `unknown` when the key is untyped, or the method's result may be stored under it. */
export type StoredFit<M, K> =
  KeyValue<K> extends [infer V]
    ? [Stored<M>] extends [V]
      ? unknown
      : Refused<'the result of the method is not of the value type of `key`'>
    : unknown;

/** `unknown` when the key is untyped, or what it holds is what the method gives. */
export type ReadFit<M, K> =
  KeyValue<K> extends [infer V]
    ? [V] extends [ResultOf<M>]
      ? StoredFit<M, K>
      : Refused<'the value type of `key` is not what the method returns'>
    : unknown;

/** `unknown` when what the method gives can hold instances of a class. */
export type TypeFit<M, C> = [C] extends [undefined]
  ? unknown
  : C extends ResultClass
    ? [NonNullable<ResultOf<M>>] extends [string | number | bigint | boolean | symbol]
      ? Refused<'the result of the method holds no instance of `type`'>
      : unknown
    : unknown;

/** `unknown` unless the method is static or a generator, which no route and no provider's cached method can be. */
export type MethodFit<T, M> = T extends { readonly prototype: object }
  ? Refused<'a static method has no application to find its cache in'>
  : IsLoose<ReturnOf<M>> extends true
    ? unknown
    : [ReturnOf<M>] extends [{ next(...args: never[]): unknown; [Symbol.iterator](): unknown }]
      ? Refused<'a generator cannot be cached'>
      : [ReturnOf<M>] extends [{ next(...args: never[]): unknown; [Symbol.asyncIterator](): unknown }]
        ? Refused<'a generator cannot be cached'>
        : unknown;

/** True for `any` and `never`, which extend everything. */
type IsLoose<X> = 0 extends 1 & X ? true : [X] extends [never] ? true : false;

type StreamLike = { [Symbol.asyncIterator](): unknown } | { getStream(): unknown };

/** `unknown` when a method that is no route handler returns a promise or an Observable of something that can be stored. */
export type DeferredFit<M> = [ReturnOf<M>] extends [never]
  ? unknown
  : [ReturnOf<M>] extends [PromiseLike<unknown> | Observable<unknown>]
    ? IsLoose<ResultOf<M>> extends true
      ? unknown
      : [ResultOf<M>] extends [StreamLike]
        ? Refused<'a stream cannot be cached'>
        : unknown
    : Refused<'only a method that returns a promise or an Observable can be cached'>;

/** `unknown` when the method returns an Observable. */
export type ObservableFit<M> = [ReturnOf<M>] extends [Observable<unknown>]
  ? unknown
  : Refused<"`returns: 'observable'` stands on a method that returns none">;
