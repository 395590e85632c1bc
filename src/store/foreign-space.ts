import { InvalidOptionsError } from '../errors.js';
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
