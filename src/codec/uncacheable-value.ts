/**
 * A value holds an instance of a class that the cache does not list in `types`. It is not the caller's mistake: the cache
 * gives the value back as it is and does not store it, since a plain copy would have lost the class.
 */
export class UncacheableValueError extends Error {
  readonly className: string;

  /** `path` is where in the value the instance stands, such as `value.items[3]`. */
  constructor(className: string, path: string) {
    super(`${path} is an instance of ${className}, which is not listed in the cache's types.`);
    this.name = 'UncacheableValueError';
    this.className = className;
  }
}
