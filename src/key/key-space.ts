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
 * An entry is `<prefix>:v:[<namespace>/…]{<key>}`, its lease and its barrier the same with `l` and `b` in place of `v`. A tag
 * is `<prefix>:t:{<cache>}:<tag>` with its barrier `<prefix>:b:{<cache>}:<tag>`, a generation
 * `<prefix>:t:{<cache>}#gen[/<namespace>…]`, the count of the tags' changes `<prefix>:t:{<cache>}#seq`. The prefix is
 * `<keyPrefix>:<cache>` or `<keyPrefix>:<cache>@<version>`. No two spaces share a key, whatever their names hold.
 */
export class KeySpace {
  /** The keys of the generations that an entry of this space must carry: the cache's first, then one per namespace. */
  readonly generationKeys: readonly string[];
  /** The names of the namespaces that lead to this space. */
  readonly names: readonly string[];
  /** The part of all keys up to the letter that says what a key is. */
  readonly #prefix: string;
  readonly #cache: string;
  readonly #root: string;
  readonly #path: string;
  /** What stands in front of a key. */
  readonly #start: string;

  private constructor(prefix: string, cache: string, names: readonly string[]) {
    this.#prefix = prefix;
    this.#cache = cache;
    this.#root = `${prefix}v:`;
    this.names = names;
    const segments = names.map(escapeSegment);
    this.#path = segments.map((one) => `${one}/`).join('');
    this.#start = `${this.#root}${this.#path}{`;
    const generation = `${prefix}t:{${cache}}#gen`;
    this.generationKeys = [
      generation,
      ...segments.map((_, at) => [generation, ...segments.slice(0, at + 1)].join('/')),
    ];
  }

  static of(options: KeySpaceOptions): KeySpace {
    const cache = escapeSegment(options.cache);
    const versioned =
      options.version === undefined ? cache : `${cache}@${escapeSegment(String(options.version))}`;
    const prefix = options.keyPrefix === '' ? versioned : `${escapePrefix(options.keyPrefix)}:${versioned}`;
    return new KeySpace(`${prefix}:`, cache, []);
  }

  /** The space of a namespace inside this one. */
  namespace(name: string): KeySpace {
    return new KeySpace(this.#prefix, this.#cache, [...this.names, name]);
  }

  /** The Redis key of an entry. */
  entryKey(key: string): string {
    return `${this.#start}${escapeKey(key)}}`;
  }

  /** What all entries of the cache begin with, those of namespaces included, and what all tags and generations do. */
  get tracked(): readonly [entries: string, versions: string] {
    return [this.#root, `${this.#prefix}t:`];
  }

  /** The Redis key of the lease of an entry, given its Redis key. In the entry's slot. */
  leaseKey(entryKey: string): string {
    return `${this.#prefix}l:${entryKey.slice(this.#root.length)}`;
  }

  /** The Redis key of the barrier of an entry, given its Redis key. In the entry's slot. */
  barrierKey(entryKey: string): string {
    return `${this.#prefix}b:${entryKey.slice(this.#root.length)}`;
  }

  /** The Redis key of a lock. */
  lockKey(name: string): string {
    return `${this.#prefix}m:${this.#path}{${escapeKey(name)}}`;
  }

  /** The Redis key of a tag, which belongs to the cache with all its namespaces. */
  tagKey(tag: string): string {
    return `${this.#prefix}t:{${this.#cache}}:${escapeKey(tag)}`;
  }

  /** The Redis key of the barrier of a tag. In the slot of the cache's tags. */
  tagBarrierKey(tag: string): string {
    return `${this.#prefix}b:{${this.#cache}}:${escapeKey(tag)}`;
  }

  /** The Redis key that counts the changes of all tags. In their slot. */
  get sequenceKey(): string {
    return `${this.#prefix}t:{${this.#cache}}#seq`;
  }

  /**
   * What the Redis key of an entry of the cache or of one of its namespaces stands for; `undefined` for any other key. What
   * follows the closing brace is not looked at.
   */
  locateEntry(redisKey: string): { readonly path: readonly string[]; readonly key: string } | undefined {
    const open = redisKey.indexOf('{', this.#root.length);
    const close = redisKey.indexOf('}', open);
    if (!redisKey.startsWith(this.#root) || open < 0 || close < 0) return undefined;
    const names = redisKey.slice(this.#root.length, open);
    // No name holds a colon: this is the key of another cache, whose prefix begins with all of this one.
    if (names.includes(':')) return undefined;
    const path = names.split('/').slice(0, -1).map(unescapeKey);
    return { path, key: unescapeKey(redisKey.slice(open + 1, close)) };
  }

  /** The user's key of an entry's Redis key. */
  userKey(entryKey: string): string {
    return unescapeKey(entryKey.slice(this.#start.length, -1));
  }

  /** A pattern for SCAN that matches the entries of this space and of the namespaces below. */
  get wholePattern(): string {
    return `${escapeGlob(this.#root + this.#path)}*`;
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
