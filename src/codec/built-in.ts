import { types } from 'node:util';

/** Says whether a value is of one kind of built-in object, by its internals and not by its prototype. */
type Brand = (value: object) => boolean;

const KEPT: readonly (readonly [name: string, brand: Brand])[] = [
  ['Date', types.isDate],
  ['Map', types.isMap],
  ['Set', types.isSet],
  ['RegExp', types.isRegExp],
  ['ArrayBuffer', types.isArrayBuffer],
  ['URL', (value) => value instanceof URL],
  ['URLSearchParams', (value) => value instanceof URLSearchParams],
  ['Number', types.isNumberObject],
  ['String', types.isStringObject],
  ['Boolean', types.isBooleanObject],
  ['BigInt', types.isBigIntObject],
];

const LIVE: readonly (readonly [name: string, brand: Brand])[] = [
  ['Promise', types.isPromise],
  ['WeakMap', types.isWeakMap],
  ['WeakSet', types.isWeakSet],
  ['WeakRef', (value) => value instanceof WeakRef],
  ['Generator', types.isGeneratorObject],
  ['Map or Set iterator', (value) => types.isMapIterator(value) || types.isSetIterator(value)],
  ['SharedArrayBuffer', types.isSharedArrayBuffer],
  ['Symbol object', types.isSymbolObject],
  ['native handle', types.isExternal],
];

/**
 * The name of the built-in type of which a value is a direct instance and which the rich serializer keeps; `undefined` for
 * everything else, instances of their subclasses included. Objects of another realm (a `vm` context) count.
 */
export function keptBuiltIn(value: object): string | undefined {
  const name = ArrayBuffer.isView(value) ? viewName(value) : KEPT.find(([, brand]) => brand(value))?.[0];
  return name !== undefined && isDirectInstance(value, name) ? name : undefined;
}

/** The name of the built-in type of a value that is tied to this process, such as a promise; else `undefined`. */
export function liveBuiltIn(value: object): string | undefined {
  return LIVE.find(([, brand]) => brand(value))?.[0];
}

/** Whether a prototype is `Object.prototype`, of this realm or another. */
export function isObjectPrototype(prototype: object): boolean {
  if (prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && isNativePrototype(prototype, 'Object');
}

/** Whether an array's prototype is `Array.prototype`, of this realm or another. */
export function isArrayPrototype(prototype: object): boolean {
  return prototype === Array.prototype || (Array.isArray(prototype) && isNativePrototype(prototype, 'Array'));
}

/** `Buffer`, `DataView`, or the name of a typed array. */
export function viewName(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer';
  return types.isDataView(view) ? 'DataView' : (view as Uint8Array)[Symbol.toStringTag];
}

function isDirectInstance(value: object, name: string): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype !== null && isNativePrototype(prototype, name);
}

/** Compares by name where the realm is another: a class of an application cannot pass, its source is not native. */
function isNativePrototype(prototype: object, name: string): boolean {
  const own = (globalThis as Record<string, unknown>)[name] as { prototype: object };
  if (prototype === own.prototype) return true;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return (
    typeof constructor === 'function' &&
    constructor.name === name &&
    constructor.prototype === prototype &&
    Function.prototype.toString.call(constructor).endsWith('{ [native code] }')
  );
}
