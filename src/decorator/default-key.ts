import { InvalidOptionsError } from '../errors.js';

const PLAIN_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Why a class without a name needs a `key`. */
export const ANONYMOUS_RULE =
  'an anonymous class has no name for the default key; name the class or give @Cacheable a "key"';

/**
 * The name of the class an instance is of at run time, as default keys begin with it.
 *
 * @throws InvalidOptionsError naming `path` when it has none
 */
export function classNameOf(instance: object, path: string): string {
  const { constructor: maker } = instance as { readonly constructor?: unknown };
  const name: unknown = typeof maker === 'function' ? maker.name : undefined;
  if (typeof name === 'string' && name !== '') return name;
  throw new InvalidOptionsError(path, ANONYMOUS_RULE);
}

/**
 * What the default keys of a method begin with: `ProductsService.find`. Names that are no identifiers stand quoted, so
 * that different pairs of names never look the same.
 */
export function defaultKeyPrefix(className: string, method: string): string {
  return `${quoted(className)}.${quoted(method)}`;
}

function quoted(name: string): string {
  return PLAIN_NAME.test(name) ? name : JSON.stringify(name);
}
