const PLAIN_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Why a class without a name needs a `key`. */
export const ANONYMOUS_RULE =
  'an anonymous class has no name for the default key; name the class or give @Cacheable a "key"';

/** The name of the class that a prototype belongs to; empty when it has none. */
export function classNameOf(prototype: object): string {
  const { constructor: maker } = prototype as { readonly constructor?: unknown };
  const name: unknown = typeof maker === 'function' ? maker.name : undefined;
  return typeof name === 'string' ? name : '';
}

/**
 * What the default keys of a method begin with: `ProductsService.find`. Names that are no identifiers stand quoted, so
 * that different pairs of names never look the same.
 */
export function defaultKeyPrefix(className: string, method: string | symbol): string {
  return `${quoted(className)}.${quoted(String(method))}`;
}

function quoted(name: string): string {
  return PLAIN_NAME.test(name) ? name : JSON.stringify(name);
}
