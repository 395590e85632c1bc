import { InvalidOptionsError } from '../errors.js';
import type { Type } from './type.js';

/** The classes of one cache whose instances come back as instances. They are told apart by name. */
export interface ClassList {
  /** The name of the class that a prototype belongs to; `undefined` unless that very class is listed. */
  nameOf(prototype: object): string | undefined;
  /** The prototype of a listed class. */
  prototypeOf(name: string): object | undefined;
}

/** State of these lives outside of properties, so an instance cannot be rebuilt from its fields. */
const BUILT_IN: ReadonlySet<unknown> = new Set(
  [
    [Array, ArrayBuffer, SharedArrayBuffer, DataView, Object.getPrototypeOf(Uint8Array) as typeof Uint8Array],
    [Map, Set, WeakMap, WeakSet, WeakRef, Promise, Date, RegExp, Error, Function],
    [String, Number, Boolean, BigInt, Symbol, URL, URLSearchParams],
  ]
    .flat()
    .map((builtIn) => builtIn.prototype as unknown),
);

/**
 * Reads the `types` of a cache. `path` is the option's, for errors.
 *
 * @throws InvalidOptionsError for what is no class, has no name, extends a built-in, or has the name of another
 */
export function createClassList(types: readonly Type[], path: string): ClassList {
  const names = new Map<object, string>();
  const prototypes = new Map<string, object>();
  for (const [index, type] of types.entries()) {
    const prototype = prototypeOf(type, `${path}[${index}]`);
    const known = prototypes.get(type.name);
    if (known !== undefined && known !== prototype) {
      throw new InvalidOptionsError(
        `${path}[${index}]`,
        'must not have the name of another listed class',
        type,
      );
    }
    names.set(prototype, type.name);
    prototypes.set(type.name, prototype);
  }
  return { nameOf: (prototype) => names.get(prototype), prototypeOf: (name) => prototypes.get(name) };
}

function prototypeOf(type: unknown, path: string): object {
  const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) {
    throw new InvalidOptionsError(path, 'must be a class', type);
  }
  if ((type as Type).name === '') throw new InvalidOptionsError(path, 'must be a class with a name', type);
  for (let up: unknown = prototype; up !== null; up = Object.getPrototypeOf(up)) {
    if (BUILT_IN.has(up)) {
      throw new InvalidOptionsError(path, 'must not be or extend a class of the language itself', type);
    }
  }
  return prototype;
}
