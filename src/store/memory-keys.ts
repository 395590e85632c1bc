/**
 * The keys of one part of a memory store: those of the root as they are, those of a namespace behind a prefix. It starts
 * with NUL, which stands doubled in front of a root key that has one.
 */
export class MemoryKeys {
  /** What all keys of this part and of the parts below begin with. */
  readonly prefix: string;

  constructor(prefix = '') {
    this.prefix = prefix;
  }

  /** The keys of a namespace inside this part. */
  namespace(name: string): MemoryKeys {
    return new MemoryKeys(`${this.prefix}\0${name.length}:${name}`);
  }

  /** What an entry is kept under. */
  entryKey(key: string): string {
    if (this.prefix === '') return key.charCodeAt(0) === 0 ? `\0\0${key}` : key;
    return `${this.prefix}\0/${key}`;
  }

  /** The user's key of an entry of this very part; `undefined` when it belongs to a namespace. */
  userKey(entryKey: string): string | undefined {
    if (this.prefix !== '') {
      const start = `${this.prefix}\0/`;
      return entryKey.startsWith(start) ? entryKey.slice(start.length) : undefined;
    }
    if (entryKey.charCodeAt(0) !== 0) return entryKey;
    return entryKey.startsWith('\0\0') ? entryKey.slice(2) : undefined;
  }
}
