/** Deeper values go the long way, which tells a circle from mere depth. */
const SHALLOW = 1_000;

/**
 * Whether native JSON gives a value back exactly: null, booleans, strings, finite numbers but −0, and plain objects and
 * dense arrays of these. False also for values nested more than 1,000 deep, circles among them: nothing is known of those.
 *
 * Allocates nothing and stops at the first value that is not JSON. Named properties of arrays are not looked at. Throws
 * what a getter of the value throws.
 */
export function isPlainValue(value: unknown): boolean {
  return isPlain(value, SHALLOW);
}

function isPlain(value: unknown, levels: number): boolean {
  const type = typeof value;
  if (type === 'string' || type === 'boolean') return true;
  if (type === 'number') return isPlainNumber(value as number);
  if (type !== 'object') return false;
  return value === null || (levels > 0 && isPlainObject(value as object, levels - 1));
}

/** Whether JSON keeps a number: not NaN, ±Infinity, −0. */
export function isPlainNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}

function isPlainObject(value: object, levels: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return Array.isArray(value) && isPlainArray(value, levels);
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  const fields = value as Record<string, unknown>;
  // JSON.stringify would call one that is not enumerable, too.
  if (typeof fields['toJSON'] === 'function') return false;
  for (const key in fields) {
    if (!isPlain(fields[key], levels)) return false;
  }
  return true;
}

function isPlainArray(array: readonly unknown[], levels: number): boolean {
  for (let i = 0; i < array.length; i++) {
    if (!isPlain(array[i], levels)) return false;
  }
  return true;
}
