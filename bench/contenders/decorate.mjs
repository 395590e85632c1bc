/**
 * Applies decorators of a method as TypeScript does: those of its parameters, then its own, the last one first.
 *
 * @param {Function} type
 * @param {string} method
 * @param {readonly Function[]} decorators
 * @param {readonly Function[]} [parameters] one decorator each
 */
export function decorate(type, method, decorators, parameters = []) {
  for (const [index, decorator] of parameters.entries()) decorator(type.prototype, method, index);
  for (const decorator of decorators.toReversed()) {
    const descriptor = /** @type {PropertyDescriptor} */ (
      Object.getOwnPropertyDescriptor(type.prototype, method)
    );
    const replaced = decorator(type.prototype, method, descriptor);
    Object.defineProperty(type.prototype, method, replaced ?? descriptor);
  }
}
