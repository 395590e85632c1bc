import { InvalidOptionsError } from '../errors.js';
import { escapeKey, unescapeKey } from '../key/escape.js';
import { parseGlob } from '../key/glob.js';

const claims = new WeakMap<object, string>();

/**
 * Takes somebody else's store for a cache. Its keys are the user's own, so that a second cache in it would read the
 * first one's values.
 *
 * @throws InvalidOptionsError when a cache of another name has it
 */
export function claim(place: object, cache: string): void {
  const holder = claims.get(place) ?? cache;
  if (holder !== cache) {
    throw new InvalidOptionsError(
      `caches.${cache}.store`,
      `is where the cache "${holder}" lives; give each cache a store with a prefix or a namespace of its own`,
    );
  }
  claims.set(place, cache);
}

/** In front of a key that is written escaped: no text that people use as a key begins with it. */
const ESCAPED = '\u{10FFFF}';
const HALF_A_PAIR = /\p{Surrogate}/u;

/**
 * A key as somebody else's store is given it: itself, so that others find it there. The empty key, which Keyv 6 does not
 * take, and keys with half a surrogate pair, which UTF-8 makes all alike, are escaped.
 */
export function toForeignKey(key: string): string {
  return key === '' || HALF_A_PAIR.test(key) || key.startsWith(ESCAPED) ? ESCAPED + escapeKey(key) : key;
}

/** The key that `toForeignKey` was given. */
export function fromForeignKey(key: string): string {
  return key.startsWith(ESCAPED) ? unescapeKey(key.slice(ESCAPED.length)) : key;
}

/**
 * Refuses to walk a place that does not tell its own keys from those of others, unless the glob begins with text that
 * does. `remedy` says what would.
 *
 * @throws InvalidOptionsError when it does not; `glob` is `undefined` where all is meant
 */
export function checkOwnKeys(cache: string, glob: string | undefined, remedy: string): void {
  const [first] = glob === undefined ? [] : parseGlob(glob);
  if (typeof first === 'object' && first.literal !== undefined) return;
  throw new InvalidOptionsError(
    `caches.${cache}.store`,
    `nothing tells its keys from those of others in the same place, so that all of them would be meant; ${remedy}`,
  );
}

/** The error for what a store of this kind cannot do. */
export function unsupported(cache: string, what: string, why: string): InvalidOptionsError {
  return new InvalidOptionsError(`caches.${cache}.store`, `cannot do ${what}: ${why}`);
}
