import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.js';

/** The most variants of one URL that are stored by one process. */
const MOST_VARIANTS = 32;
/** For how long a variant that nobody asks for keeps its place, in milliseconds. */
const PLACE_KEPT = 60_000;
const URLS_REMEMBERED = 10_000;

interface Known {
  names: readonly string[];
  /** When each variant was last asked for, by the monotonic clock. */
  readonly asked: Map<string, number>;
}

/**
 * What this process has learned of how the responses of a URL vary: it guesses the key of a variant by it, so that a hit
 * takes one round trip. A wrong guess costs another, and never gives a wrong response: each says what it was selected by.
 */
export class Variants {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #known = new LRUCache<string, Known>({ max: URLS_REMEMBERED });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

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

  /**
   * Whether a variant of a URL may be stored, for which somebody asks now. Where there are too many, it takes the place of one
   * that was not asked for lately: those that somebody has made up.
   */
  admit(url: string, key: string): boolean {
    const { asked } = this.#of(url);
    const now = this.#clock.monotonic();
    if (!asked.has(key) && asked.size >= MOST_VARIANTS) {
      const [oldest, at] = [...asked].reduce((one, other) => (other[1] < one[1] ? other : one));
      if (now - at < PLACE_KEPT) return false;
      asked.delete(oldest);
    }
    asked.set(key, now);
    return true;
  }

  #of(url: string): Known {
    let known = this.#known.get(url);
    if (known === undefined) this.#known.set(url, (known = { names: [], asked: new Map() }));
    return known;
  }
}
