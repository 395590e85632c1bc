import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { InvalidOptionsError } from '../errors.js';

/** Encodings up to this many characters stand in the key as they are; longer ones as their SHA-256. */
const LONGEST_PLAIN = 200;
const DEEPEST = 100;

/**
 * Encodes the arguments of a call as a string: different arguments give different strings, equal ones the same.
 *
 * `('a', 'b')` and `('ab')`, `1` and `'1'`, `undefined`, `null` and an absent argument, `0` and `-0` all differ. The
 * order of an object's keys does not matter; that of arrays, maps and sets does. Taken are strings, numbers, bigints,
 * booleans, arrays, plain objects, `Date`, `Map`, `Set`, `URL`, `Buffer` and typed arrays. An encoding of more than
 * 200 characters becomes `#` and its SHA-256 in base64url.
 *
 * @throws InvalidOptionsError naming `path` and the argument: a function, a symbol, an instance of another class, a circle
 */
export function encodeArguments(args: readonly unknown[], path: string): string {
  let plain = '';
  for (let index = 0; index < args.length; index += 1) {
    if (index > 0) plain += ',';
    const value = args[index];
    plain += encodePrimitive(value) ?? encodeOther(value, `${path}(argument ${index + 1})`, []);
  }
  return plain.length <= LONGEST_PLAIN ? plain : `#${createHash('sha256').update(plain).digest('base64url')}`;
}

function encodePrimitive(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    default:
      return value === null ? 'null' : undefined;
  }
}

/** `around` holds the objects that the value stands in, outermost first. */
function encodeOther(value: unknown, path: string, around: readonly object[]): string {
  if (typeof value !== 'object' || value === null) return refuse(path, `a ${typeof value}`);
  if (around.includes(value)) return refuse(path, 'a circular reference');
  if (around.length >= DEEPEST) return refuse(path, `values nested deeper than ${DEEPEST} levels`);
  const inside = [...around, value];
  const kind = kindOf(value);
  if (kind === 'Array') return encodeArray(value as unknown[], path, inside);
  if (kind === 'Object') return encodePlainObject(value as Record<string, unknown>, path, inside);
  if (ArrayBuffer.isView(value) && isNativeView(value, kind)) return `${kind}(${bytesOf(value)})`;
  if (Object.keys(value).length > 0) return refuse(path, `an instance of ${kind}`);
  if (kind === 'Date' && types.isDate(value)) return `Date(${value.getTime()})`;
  if (kind === 'URL' && value instanceof URL) return `URL(${JSON.stringify(value.href)})`;
  if (kind === 'Map' && types.isMap(value)) return `Map(${encodeList([...value].flat(1), path, inside)})`;
  if (kind === 'Set' && types.isSet(value)) return `Set(${encodeList([...value], path, inside)})`;
  return refuse(path, `an instance of ${kind}`);
}

function encodeList(values: readonly unknown[], path: string, around: readonly object[]): string {
  return values.map((value) => encodePrimitive(value) ?? encodeOther(value, path, around)).join(',');
}

function encodeArray(values: readonly unknown[], path: string, inside: readonly object[]): string {
  let text = '';
  let present = 0;
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) text += ',';
    // A hole stands as nothing at all, which no value does.
    if (!Object.hasOwn(values, index)) continue;
    present += 1;
    const value = values[index];
    text += encodePrimitive(value) ?? encodeOther(value, `${path}[${index}]`, inside);
  }
  if (Object.keys(values).length !== present) return refuse(path, 'an array with properties of its own');
  // Without the mark, an array of one hole would look like an empty one.
  return values.length === 1 && present === 0 ? '[/]' : `[${text}]`;
}

function encodePlainObject(value: Record<string, unknown>, path: string, inside: readonly object[]): string {
  if (Object.getOwnPropertySymbols(value).length > 0) return refuse(path, 'an object with symbols as keys');
  const parts = Object.keys(value)
    .sort()
    .map((key) => {
      const member = value[key];
      return `${JSON.stringify(key)}:${encodePrimitive(member) ?? encodeOther(member, `${path}.${key}`, inside)}`;
    });
  return `{${parts.join(',')}}`;
}

function isNativeView(view: ArrayBufferView, kind: string): boolean {
  return Buffer.isBuffer(view)
    ? kind === 'Buffer'
    : kind === Object.prototype.toString.call(view).slice(8, -1);
}

function bytesOf(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64url');
}

/**
 * The name of the class an object is exactly of; `Object` for plain ones, those without a prototype included. Judged by
 * name and not by identity, since a test runner may load this file into a realm of its own; a subclass, which may carry
 * state that the encoding would not see, has a name of its own.
 */
function kindOf(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return 'Object';
  const { constructor: maker } = prototype as { readonly constructor?: unknown };
  const name = typeof maker === 'function' && maker.name !== '' ? maker.name : 'an anonymous class';
  if (Object.getPrototypeOf(prototype) === null) {
    // Parsers of query strings give objects whose prototype is an empty object without a prototype.
    if (name === 'Object' || Reflect.ownKeys(prototype).length === 0) return 'Object';
  }
  if (name === 'Object' || (name === 'Array' && !Array.isArray(value))) return `a class derived from ${name}`;
  return name;
}

function refuse(path: string, found: string): never {
  throw new InvalidOptionsError(
    path,
    `no key can be made from ${found}; give a "key" function that names what matters`,
  );
}
