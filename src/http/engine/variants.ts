import { LRUCache } from 'lru-cache';

/** The most variants of one URL that are stored by one process. */
const MOST_VARIANTS = 32;
const URLS_REMEMBERED = 10_000;

interface Known {
  names: readonly string[];
  readonly keys: Set<string>;
}

/**
 * What this process has learned of how the responses of a URL vary: it guesses the key of a variant by it, so that a hit
 * takes one round trip. A wrong guess costs another, and never gives a wrong response: each says what it was selected by.
 */
export class Variants {
  readonly #known = new LRUCache<string, Known>({ max: URLS_REMEMBERED });

  /** The names of request headers by which the responses of a URL differ, in order; none = they do not, or it is not known. */
  namesOf(url: string): readonly string[] {
    return this.#known.get(url)?.names ?? [];
  }

  /** Adds names, and gives all of them in order. What others have learned stays. */
  learn(url: string, names: readonly string[]): readonly string[] {
    const known = this.#of(url);
    known.names = [...new Set([...known.names, ...names])].toSorted();
    return known.names;
  }

  /** Whether one more variant of a URL may be stored. Counts it. */
  admit(url: string, key: string): boolean {
    const { keys } = this.#of(url);
    if (keys.has(key)) return true;
    if (keys.size >= MOST_VARIANTS) return false;
    keys.add(key);
    return true;
  }

  #of(url: string): Known {
    let known = this.#known.get(url);
    if (known === undefined) this.#known.set(url, (known = { names: [], keys: new Set() }));
    return known;
  }
}
