/** What a property holds, whoever put it there: the object itself or its prototypes. */
interface Underlying {
  readonly read: () => unknown;
  /** Absent for what cannot be assigned. */
  readonly write?: (value: unknown) => void;
  /** The property as it must stand afterwards; `undefined` = the object has none of its own. */
  readonly own: () => PropertyDescriptor | undefined;
}

/**
 * Has `see` called at every read of a property of one object, with what reads it; what it returns is what the reader gets.
 * The returned function ends that; `undefined` = the property cannot be watched, and is as it was.
 *
 * What is assigned meanwhile stays. If someone else defined or deleted the property in between, theirs stays, and `see` may be
 * called through it later.
 */
export function shadowProperty(
  target: object,
  name: string,
  see: (read: () => unknown) => unknown,
): (() => void) | undefined {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const underlying = underlyingOf(target, name, before);
  const get = (): unknown => see(underlying.read);
  const descriptor: PropertyDescriptor = { get, configurable: true, enumerable: before?.enumerable ?? false };
  if (underlying.write !== undefined) descriptor.set = underlying.write;
  if (!Reflect.defineProperty(target, name, descriptor)) return undefined;
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.get !== get) return;
    const own = underlying.own();
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}

function underlyingOf(target: object, name: string, before: PropertyDescriptor | undefined): Underlying {
  if (before === undefined) return inherited(target, name);
  if (before.get !== undefined || before.set !== undefined) {
    return accessor(target, before, () => before);
  }
  let value: unknown = before.value;
  const own = (): PropertyDescriptor => ({ ...before, value });
  const write = (next: unknown): void => {
    value = next;
  };
  return before.writable === true ? { read: () => value, write, own } : { read: () => value, own };
}

function accessor(
  target: object,
  descriptor: PropertyDescriptor,
  own: () => PropertyDescriptor | undefined,
): Underlying {
  const read = (): unknown => descriptor.get?.call(target);
  if (descriptor.set === undefined) return { read, own };
  return { read, write: (value) => descriptor.set?.call(target, value), own };
}

/** A property that the object has not of its own: an assignment gives it one, unless a prototype says what it does. */
function inherited(target: object, name: string): Underlying {
  const found = findInherited(target, name);
  if (found?.get !== undefined || found?.set !== undefined) return accessor(target, found, () => undefined);
  let assigned: PropertyDescriptor | undefined;
  return {
    read: () => (assigned === undefined ? found?.value : assigned.value) as unknown,
    write: (value) => {
      assigned = { value, writable: true, enumerable: true, configurable: true };
    },
    own: () => assigned,
  };
}

function findInherited(target: object, name: string): PropertyDescriptor | undefined {
  for (
    let holder = Object.getPrototypeOf(target) as object | null;
    holder !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}
