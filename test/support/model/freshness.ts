import { KEYS, tagsOf, type Key } from './programs.js';

/** What is cached: which version of its key it was made of, and by whom. */
export interface Reading {
  readonly key: Key;
  readonly version: number;
  /** The number of the `set` that wrote it; absent = a loader has read it. */
  readonly set?: number;
}

/** A node, as far as it matters for what it may still serve. */
export interface Reader {
  readonly name: string;
  readonly servesStale: boolean;
  /** Whether it knows of a change of Redis, given by its number. */
  knows(serial: number): boolean;
}

/** What the keys of an invalidation were when it was called. */
interface Floor {
  readonly node: string;
  readonly what: string;
  readonly versions: ReadonlyMap<Key, number>;
  readonly called: number;
  /** Whether what it has made stale may be served as such. */
  readonly leavesStale: boolean;
  /** What has to be known of Redis to know of it; `undefined` = only its own node does. */
  serial: number | undefined;
}

/** What becomes of an invalidation. */
export interface Invalidation {
  /** `serial` = the last change of Redis that belongs to it. */
  acknowledged(serial: number): void;
  failed(): void;
}

/**
 * The database, and what it says of the caches in front of it: no read that began after an acknowledged invalidation gives
 * what was made of older data. On another node that remembers, from when it has heard of it. An invalidation that has failed
 * counts for its own node at once, and for the others as soon as it was repeated.
 */
export class Freshness {
  readonly #versions = new Map<Key, number>(KEYS.map((key) => [key, 1]));
  readonly #floors: Floor[] = [];
  /** When each `set` was acknowledged. */
  readonly #sets: number[] = [];
  readonly violations: string[] = [];
  #now = 0;

  versionOf(key: Key): number {
    return this.#versions.get(key) as number;
  }

  /** The keys that a change of these keys and tags concerns. */
  static concerned(keys: readonly Key[], tags: readonly string[]): Key[] {
    return KEYS.filter((key) => keys.includes(key) || tagsOf(key).some((tag) => tags.includes(tag)));
  }

  /** The data of these keys change. */
  commit(keys: readonly Key[]): void {
    for (const key of keys) this.#versions.set(key, this.versionOf(key) + 1);
  }

  /** The keys, as they are now, are invalidated by a node. */
  invalidate(node: Reader, what: string, keys: readonly Key[]): Invalidation {
    const versions = new Map(keys.map((key) => [key, this.versionOf(key)]));
    const called = ++this.#now;
    const stands = (serial: number | undefined): void => {
      this.#now += 1;
      this.#floors.push({ node: node.name, what, versions, called, leavesStale: what === 'expire', serial });
    };
    return { acknowledged: stands, failed: () => stands(undefined) };
  }

  /** What a node had failed to invalidate was invalidated, which ended with this change of Redis. */
  settled(node: string, serial: number): void {
    for (const floor of this.#floors) if (floor.node === node) floor.serial ??= serial;
  }

  /** Something is written by `set`; call what it gives when that is acknowledged. */
  set(key: Key): { readonly value: Reading; acknowledged(): void } {
    const set = this.#sets.push(Infinity) - 1;
    return {
      value: { key, version: this.versionOf(key), set },
      acknowledged: () => void (this.#sets[set] = ++this.#now),
    };
  }

  /** A node reads a key; what it gives is to be called with what came of it. `stale` = stale values are welcome. */
  read(node: Reader, what: string, key: Key, stale: boolean): (value: unknown) => void {
    const floors = this.#floors.filter((one) => applies(one, node, stale && node.servesStale));
    return (value) => this.#judge(`${node.name} ${what}`, key, value, floors);
  }

  /** The same when everybody knows of everything. */
  readAtLast(node: Reader, key: Key): (value: unknown) => void {
    return (value) => this.#judge(`${node.name} at last`, key, value, this.#floors);
  }

  #judge(what: string, key: Key, value: unknown, floors: readonly Floor[]): void {
    if (value === undefined || value === null) return;
    const reading = value as Reading;
    if (reading.key !== key) this.violations.push(`${what} ${key}: the value of ${reading.key}`);
    for (const floor of floors) {
      const least = floor.versions.get(key) ?? 0;
      const written = reading.set === undefined ? 0 : (this.#sets[reading.set] as number);
      if (reading.version >= least || written > floor.called) continue;
      this.violations.push(`${what} ${key}: ${reading.version}, after ${floor.what} at ${least}`);
      return;
    }
  }
}

function applies(floor: Floor, node: Reader, stale: boolean): boolean {
  if (stale && floor.leavesStale) return false;
  return floor.node === node.name || (floor.serial !== undefined && node.knows(floor.serial));
}
