/**
 * Freezes a graph of plain objects, arrays and primitives, as JSON gives it, to any depth, and returns it. The graph must
 * be a tree (no circle); Map, Set, Date and Buffer cannot be frozen and do not belong in it.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  const pending: object[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) freezeArray(next, pending);
    else freezeObject(next as Record<string, unknown>, pending);
  }
  return value;
}

function freezeArray(array: readonly unknown[], pending: object[]): void {
  Object.freeze(array);
  for (const item of array) {
    if (typeof item === 'object' && item !== null) pending.push(item);
  }
}

function freezeObject(object: Record<string, unknown>, pending: object[]): void {
  Object.freeze(object);
  for (const key in object) {
    const item = object[key];
    if (typeof item === 'object' && item !== null) pending.push(item);
  }
}
