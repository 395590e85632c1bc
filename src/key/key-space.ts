import { escapeGlob, escapeKey, escapePrefix, escapeSegment, unescapeKey } from './escape.js';
import { parseGlob } from './glob.js';

/** What makes the keys of one cache its own. */
export interface KeySpaceOptions {
  readonly keyPrefix: string;
  readonly cache: string;
  /** `undefined` = a cache without a version. */
  readonly version: number | string | undefined;
}

/**
 * The Redis keys of one cache, or of one namespace of it.
 *
 * An entry is `<prefix>:v:[<namespace>/…]{<key>}`, a generation `<prefix>:t:{<cache>}#gen[/<namespace>…]`, where the prefix
 * is `<keyPrefix>:<cache>` or `<keyPrefix>:<cache>@<version>`. No two spaces share a key, whatever their names hold.
 */
export class KeySpace {
  /** The keys of the generations that an entry of this space must carry: the cache's first, then one per namespace. */
  readonly generationKeys: readonly string[];
  readonly #root: string;
  readonly #generationRoot: string;
  readonly #path: string;
  /** What stands in front of a key. */
  readonly #start: string;

  private constructor(root: string, generationRoot: string, path: string, generationKeys: readonly string[]) {
    this.#root = root;
    this.#generationRoot = generationRoot;
    this.#path = path;
    this.#start = `${root}${path}{`;
    this.generationKeys = generationKeys;
  }

  static of(options: KeySpaceOptions): KeySpace {
    const cache = escapeSegment(options.cache);
    const versioned =
      options.version === undefined ? cache : `${cache}@${escapeSegment(String(options.version))}`;
    const prefix = options.keyPrefix === '' ? versioned : `${escapePrefix(options.keyPrefix)}:${versioned}`;
    const generation = `${prefix}:t:{${cache}}#gen`;
    return new KeySpace(`${prefix}:v:`, generation, '', [generation]);
  }

  /** The space of a namespace inside this one. */
  namespace(name: string): KeySpace {
    const path = `${this.#path}${escapeSegment(name)}/`;
    const generation = `${this.#generationRoot}/${path.slice(0, -1)}`;
    return new KeySpace(this.#root, this.#generationRoot, path, [...this.generationKeys, generation]);
  }

  /** The Redis key of an entry. */
  entryKey(key: string): string {
    return `${this.#start}${escapeKey(key)}}`;
  }

  /** The user's key of an entry's Redis key. */
  userKey(entryKey: string): string {
    return unescapeKey(entryKey.slice(this.#start.length, -1));
  }

  /**
   * A pattern for SCAN that matches at least the entries whose user key the glob matches. Redis matches the bytes of the
   * written key, so what is not a literal is widened to `*`: check the user's key with `matchesGlob` afterwards.
   */
  scanPattern(glob: string): string {
    let middle = '';
    let open = false;
    for (const part of parseGlob(glob)) {
      const literal = part === '*' ? undefined : part.literal;
      if (literal !== undefined) middle += escapeGlob(escapeKey(literal));
      else if (!open) middle += '*';
      open = literal === undefined;
    }
    return `${escapeGlob(this.#root + this.#path)}{${middle === '' ? escapeKey('') : middle}}`;
  }
}
