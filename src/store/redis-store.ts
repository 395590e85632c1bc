import { MAX_GENERATIONS } from '../codec/envelope.js';
import type { RedisConnection } from '../connection/connection.js';
import { InvalidOptionsError } from '../errors.js';
import { globMatcher } from '../key/glob.js';
import type { Coherence } from './coherence.js';
import { redisCoherence } from './redis-coherence.js';
import { RedisEntries } from './redis-entries.js';
import { readHeaders } from './redis-entry-headers.js';
import { reclaimEntries } from './redis-entry-reclaim.js';
import { EntrySteps } from './redis-entry-steps.js';
import { clearEntries, EntryWrites, removeEntries } from './redis-entry-writes.js';
import { RedisReader } from './redis-reader.js';
import { RedisTags } from './redis-tags.js';
import type { CoherentStore } from './coherent-store.js';
import type { ClosableStore, ReclaimingStore, StoreContext, StoredEntry, StoreWrite } from './store.js';
import type { Tier } from './tier.js';
import { Unsettled } from './unsettled.js';

/** What a Redis store stands on. */
export type RedisStoreContext = Omit<StoreContext, 'connection' | 'client'> & {
  readonly connection: RedisConnection;
  /** The memory of this process in front of Redis; absent = none. It is closed with the store. */
  readonly tier?: Tier | undefined;
  /** Told when nobody can tell any more what Redis holds of some keys, and when that is over. */
  readonly unsettled?: ((pending: boolean) => void) | undefined;
};

const PARTS_REMEMBERED = 1_000;
const KEYS_REMEMBERED = 4_096;

/**
 * A store in Redis. Reads are one round trip, one more for entries that carry tags; writes are one, two for the first write
 * after a `clear` elsewhere. What it holds open is closed with the whole, not with a part.
 */
export function redisStore(context: RedisStoreContext): CoherentStore & ReclaimingStore & ClosableStore {
  const { connection, codec, clock, space, tier, unreadable } = context;
  const tags = new RedisTags(connection, space, tier);
  const unsettled: Unsettled = new Unsettled({
    connection,
    clock,
    repeat: {
      keys: (keys) => root.dropping(keys, () => removeEntries(root, keys)),
      tags: (names) => tags.bump(names),
      all: () => clearEntries(root),
    },
    told: context.unsettled ?? (() => undefined),
  });
  const root: RedisEntries = new RedisEntries(
    { connection, codec, clock, tags, tier, unsettled, unreadable },
    space,
  );
  return new RedisStore(root);
}

class RedisStore implements CoherentStore, ReclaimingStore, ClosableStore {
  readonly #entries: RedisEntries;
  readonly #reader: RedisReader;
  readonly #steps: EntrySteps;
  readonly #writes: EntryWrites;
  /** Parts that were asked for lately: they remember their generations, and batch the lookups of a turn. */
  readonly #parts = new Map<string, RedisStore>();
  /** The Redis keys of entries that were found in memory: to make one and hash it takes longer than all else of a hit. */
  readonly #peeked = new Map<string, string>();

  #coherence: Coherence | undefined;

  constructor(entries: RedisEntries) {
    this.#entries = entries;
    this.#reader = new RedisReader(entries);
    this.#steps = new EntrySteps(entries);
    this.#writes = new EntryWrites(entries, this.#steps);
  }

  get coherence(): Coherence {
    this.#coherence ??= redisCoherence(this.#entries, this.#writes);
    return this.#coherence;
  }

  namespace(name: string): RedisStore {
    const { shared, space } = this.#entries;
    if (space.generationKeys.length >= MAX_GENERATIONS) {
      throw new InvalidOptionsError(
        'namespace',
        `must not be nested deeper than ${MAX_GENERATIONS - 1} levels`,
        name,
      );
    }
    let part = this.#parts.get(name);
    if (part === undefined) {
      part = new RedisStore(new RedisEntries(shared, space.namespace(name)));
      // An LRU cache would take 23 KB at once, for each part again.
      if (this.#parts.size >= PARTS_REMEMBERED) this.#parts.clear();
      this.#parts.set(name, part);
    }
    return part;
  }

  read(keys: readonly string[], tags?: readonly string[]): Promise<(StoredEntry | undefined)[]> {
    if (keys.length === 0) return Promise.resolve([]);
    const entryKeys = keys.map((key) => this.#entries.space.entryKey(key));
    if (this.#entries.shared.tier === undefined) return this.#reader.fetch(entryKeys, tags);
    const found = entryKeys.map((key) => this.#entries.remembered(key));
    const missing = entryKeys.filter((_, index) => found[index] === undefined);
    return missing.length === 0 ? Promise.resolve(found) : this.#readMissing(found, missing, tags);
  }

  async #readMissing(
    found: (StoredEntry | undefined)[],
    missing: readonly string[],
    tags: readonly string[] | undefined,
  ): Promise<(StoredEntry | undefined)[]> {
    const fetched = await this.#reader.fetch(missing, tags);
    let next = 0;
    return found.map((entry) => entry ?? fetched[next++]);
  }

  peek(key: string): StoredEntry | undefined {
    return this.#peek(key, (entryKey) => this.#entries.remembered(entryKey));
  }

  peekBytes(key: string): Buffer | undefined {
    return this.#peek(key, (entryKey) => this.#entries.rememberedBytes(entryKey));
  }

  #peek<T>(key: string, find: (entryKey: string) => T | undefined): T | undefined {
    const { shared, space } = this.#entries;
    if (shared.tier === undefined) return undefined;
    const known = this.#peeked.get(key);
    const entryKey = known ?? space.entryKey(key);
    const found = find(entryKey);
    if (known === undefined && found !== undefined) this.#rememberKey(key, entryKey);
    return found;
  }

  #rememberKey(key: string, entryKey: string): void {
    if (this.#peeked.size >= KEYS_REMEMBERED) this.#peeked.clear();
    this.#peeked.set(key, entryKey);
  }

  write(writes: readonly StoreWrite[], mode: 'set' | 'add'): Promise<boolean[]> {
    return writes.length === 0 ? Promise.resolve([]) : this.#writes.write(writes, mode);
  }

  delete(keys: readonly string[]): Promise<number> {
    return keys.length === 0 ? Promise.resolve(0) : this.#writes.delete(keys);
  }

  touch(key: string, ttl: number | null): Promise<boolean> {
    this.#writes.flush();
    return this.#steps.touch(this.#entries.space.entryKey(key), ttl);
  }

  async ttl(key: string): Promise<number | null | undefined> {
    this.#writes.flush();
    const entryKey = this.#entries.space.entryKey(key);
    const pttl = { key: entryKey, args: ['PTTL', entryKey] };
    const { entries, extras } = await readHeaders(this.#entries, [entryKey], [pttl]);
    const header = entries[0]?.header;
    if (header === undefined || !this.#entries.isFresh(header) || extras[0] === -2) return undefined;
    if (header.expiresAt === null) return null;
    const left = header.expiresAt - this.#entries.shared.connection.now();
    // The time of Redis is known to some milliseconds only: no more than what Redis itself says.
    return Math.max(1, extras[0] === -1 ? left : Math.min(left, extras[0] as number));
  }

  increment(
    key: string,
    by: number,
    start: { readonly initial: number | undefined; readonly ttl: number | null },
  ): Promise<number | undefined> {
    this.#writes.flush();
    return this.#steps.increment(this.#entries.space.entryKey(key), by, start);
  }

  async *keys(glob: string, stale = false): AsyncIterable<string> {
    this.#writes.flush();
    const { space, shared } = this.#entries;
    const seen = new Set<string>();
    const matches = globMatcher(glob);
    for await (const batch of shared.connection.scan(space.scanPattern(glob))) {
      const entryKeys = batch.map((bytes) => bytes.toString()).filter((one) => !seen.has(one));
      const found = entryKeys.filter((one) => matches(space.userKey(one)));
      if (found.length === 0) continue;
      const { entries } = await readHeaders(this.#entries, found);
      for (const entry of entries) {
        if (entry === undefined || seen.has(entry.entryKey)) continue;
        if (!stale && !this.#entries.isFresh(entry.header)) continue;
        seen.add(entry.entryKey);
        yield space.userKey(entry.entryKey);
      }
    }
  }

  async clear(): Promise<void> {
    this.#writes.flush();
    this.#writes.overtakeAll();
    await this.#entries.shared.unsettled.guardAll(() => clearEntries(this.#entries));
  }

  reclaim(signal?: AbortSignal): Promise<number> {
    return reclaimEntries(this.#entries, signal);
  }

  async close(): Promise<void> {
    this.#entries.shared.unsettled.close();
    this.#entries.shared.tier?.close();
  }
}
