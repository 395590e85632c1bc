import { parse, stringify } from 'devalue';
import { viewName } from './built-in.js';
import type { ClassList } from './class-list.js';

/** The name under which stands in the library's text what it does not keep, or not safely. */
const OWN = 'Own';

/** JSON text for the values that JSON itself does not keep, and back. */
export interface RichJson {
  /** Only for values that `surveyValue` passed. */
  write(value: unknown): string;
  /** Throws whatever it meets on text that `write` did not give, or that names a class which is not listed. */
  read(text: string): unknown;
}

/**
 * The rich serializer: devalue, and three additions to it. Instances of listed classes are rebuilt without calling their
 * constructor. Typed arrays and Buffers carry their own bytes, not the whole memory which they are a view of (a small
 * Buffer lies in a pool beside other people's data). Objects with an own `__proto__` key keep it.
 */
export function createRichJson(classes: ClassList): RichJson {
  const reducers = { [OWN]: (value: unknown) => reduce(value, classes) };
  const revivers = { [OWN]: (reduced: unknown) => revive(reduced, classes) };
  return {
    write: (value) => stringify(value, reducers),
    read: (text) => parse(text, revivers) as unknown,
  };
}

type Reduced =
  | readonly ['instance', className: string, fields: object]
  | readonly ['view', name: string, base64: string]
  | readonly ['entries', nullPrototype: boolean, entries: readonly (readonly [string, unknown])[]];

function reduce(value: unknown, classes: ClassList): Reduced | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (ArrayBuffer.isView(value)) return ['view', viewName(value), base64Of(value)];
  const prototype = Object.getPrototypeOf(value) as object | null;
  const className = prototype === null ? undefined : classes.nameOf(prototype);
  if (className !== undefined) return ['instance', className, { ...value }];
  if (Object.hasOwn(value, '__proto__')) return ['entries', prototype === null, Object.entries(value)];
  return undefined;
}

/** What stands in the text may be anybody's: every part is checked. */
function revive(reduced: unknown, classes: ClassList): unknown {
  const [kind, first, second] = Array.isArray(reduced) ? (reduced as unknown[]) : [];
  if (kind === 'instance' && typeof first === 'string') return instanceOf(first, second, classes);
  if (kind === 'view' && typeof first === 'string' && typeof second === 'string')
    return viewOf(first, second);
  if (kind === 'entries' && Array.isArray(second)) return objectOf(first === true, second as unknown[]);
  throw new TypeError('Unknown kind');
}

function base64Of(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
}

/** `setPrototypeOf` on the fresh fields: assigning them one by one would run setters of the class. */
function instanceOf(className: string, fields: unknown, classes: ClassList): object {
  const prototype = classes.prototypeOf(className);
  if (prototype === undefined || typeof fields !== 'object' || fields === null) {
    throw new TypeError('Not an instance of a listed class');
  }
  if (Object.getPrototypeOf(fields) !== Object.prototype)
    throw new TypeError('Not the fields of an instance');
  return Object.setPrototypeOf(fields, prototype) as object;
}

function objectOf(nullPrototype: boolean, entries: readonly unknown[]): object {
  const object = Object.fromEntries(entries as readonly (readonly [string, unknown])[]);
  return nullPrototype ? (Object.setPrototypeOf(object, null) as object) : object;
}

type ViewConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

const VIEWS: ReadonlyMap<string, ViewConstructor> = new Map(
  [
    ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array'],
    ['Uint32Array', 'Float16Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
    ['DataView'],
  ]
    .flat()
    .flatMap((name) => {
      const view = (globalThis as Record<string, unknown>)[name] as ViewConstructor | undefined;
      return view === undefined ? [] : [[name, view] as const];
    }),
);

function viewOf(name: string, base64: string): ArrayBufferView {
  const bytes = Buffer.from(base64, 'base64');
  if (name === 'Buffer') return bytes;
  const View = VIEWS.get(name);
  if (View === undefined) throw new TypeError('Unknown view');
  return new View(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
