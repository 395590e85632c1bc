/** Any function; the caller of `shadowMethod` knows its shape. */
type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Stands in for a method of one object until it is called once, or until the returned function is called. `stand` is given
 * the method it stands in for, bound to the object, and the arguments; what it returns is what the caller gets.
 *
 * Whatever stood there before, on the object or on its prototype, is back in its place before `stand` runs. If someone else
 * put a method over this one in between, theirs stays, and calls that come through it later go straight on.
 */
export function shadowMethod(
  target: object,
  name: string,
  stand: (original: (...args: readonly unknown[]) => unknown, args: readonly unknown[]) => unknown,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  const original = Reflect.get(target, name) as Method;
  let waiting = true;
  const shadow: Method = function (this: unknown, ...args) {
    if (!waiting) return original.apply(this, args);
    restore();
    return stand((...passed) => original.apply(target, [...passed]), args);
  };
  const restore = () => {
    waiting = false;
    if (Reflect.get(target, name) !== shadow) return;
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, before);
  };
  Object.defineProperty(target, name, {
    value: shadow,
    configurable: true,
    enumerable: false,
    writable: true,
  });
  return restore;
}
