/** The version of a tag or of a generation, shared by all entries that were found to be valid under it. */
export interface Version {
  /** The Redis key it stands under. */
  readonly key: string;
  readonly text: string;
  /** Whether it still stands there, for all that was heard. Once false, it stays false. */
  current: boolean;
  uses: number;
}

/** A version as it was found in Redis. */
export type FoundVersion = Pick<Version, 'key' | 'text'>;

/**
 * The versions of tags and generations that remembered entries were made under. Each is held as long as an entry needs it.
 */
export class Versions {
  readonly #current = new Map<string, Version>();

  /** How many versions are held. */
  get size(): number {
    return this.#current.size;
  }

  /** Whether no other version of the same key is held to be the current one. */
  agreesWith(found: FoundVersion): boolean {
    const known = this.#current.get(found.key);
    return known === undefined || known.text === found.text;
  }

  /** Holds a version, which must agree with what is known, for one entry more. */
  take({ key, text }: FoundVersion): Version {
    let version = this.#current.get(key);
    if (version === undefined) {
      version = { key, text, current: true, uses: 0 };
      this.#current.set(key, version);
    }
    version.uses += 1;
    return version;
  }

  /** An entry needs these no more. */
  release(versions: readonly Version[]): void {
    for (const version of versions) {
      version.uses -= 1;
      if (version.uses === 0 && version.current) this.#current.delete(version.key);
    }
  }

  /** What stands under a key is no longer what it was. Whether any entry is concerned. */
  retire(key: string): boolean {
    const version = this.#current.get(key);
    if (version === undefined) return false;
    version.current = false;
    return this.#current.delete(key);
  }
}
