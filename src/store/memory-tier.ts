import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';
import type { Codec } from '../codec/codec.js';
import { SERIALIZATION } from '../codec/flags.js';
import { GENERATION_LENGTH } from '../codec/generation.js';
import type { ChangeChannel } from '../connection/connection.js';
import type { KeySpace } from '../key/key-space.js';
import type { EntryListener } from './coherence.js';
import type { MemoryBounds } from './memory-store.js';
import { MemoryWatchers } from './memory-watchers.js';
import type { StoredEntry } from './store.js';
import { keptValue, type KeptEntry } from './tier-entry.js';
import { Looks } from './tier-looks.js';
import { Versions, type FoundVersion } from './tier-versions.js';
import type { FetchedEntry, Look, Tier } from './tier.js';

/** What a memory tier stands on. */
export interface MemoryTierContext {
  /** The space of the whole cache. */
  readonly space: KeySpace;
  readonly channel: ChangeChannel;
  /** That of the channel: both go by its monotonic time. */
  readonly clock: Clock;
  readonly bounds: MemoryBounds;
  /** The longest that an entry is remembered, in milliseconds; `null` = as long as it is fresh. */
  readonly ttl: number | null;
  /** One that compresses nothing: what it encodes is read again at once. */
  readonly codec: Codec;
  /** The time by which entries expire: that of Redis. */
  readonly now: () => number;
  /** Told of every entry of this cache that the channel tells of. */
  readonly changed: EntryListener;
}

/** What a memory tier holds at this moment. */
export interface TierSizes {
  readonly entries: number;
  /** Of keys and serialised values. */
  readonly bytes: number;
  /** Entries that had to go for others, since the tier was made. */
  readonly evictions: number;
  /** Versions of tags and generations that entries depend on. */
  readonly versions: number;
  /** Looks under way, and what has changed since they began. */
  readonly looks: number;
  readonly touched: number;
  /** Entries that somebody waits for. */
  readonly watched: number;
}

/** A memory tier that tells what it holds. */
export interface MemoryTier extends Tier {
  sizes(): TierSizes;
}

/** The memory of this process in front of Redis, for one cache. Opens the connection's invalidation channel. */
export function memoryTier(context: MemoryTierContext): MemoryTier {
  return new ChannelledTier(context);
}

class ChannelledTier implements MemoryTier {
  readonly #context: MemoryTierContext;
  readonly #channel: ChangeChannel;
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, KeptEntry>;
  readonly #versions = new Versions();
  readonly #looks = new Looks();
  readonly #watchers = new MemoryWatchers();
  readonly #stopListening: () => void;
  /** What it finds is not remembered, but is newer than what is remembered from before. */
  readonly #blindLook: Look = {
    keep: (entryKey) => {
      this.drop([entryKey]);
      return undefined;
    },
    end: () => undefined,
  };
  /** Another number whenever versions may have changed: an entry that was valid under the same one still is. */
  #epoch = 0;
  #evictions = 0;
  #closed = false;

  constructor(context: MemoryTierContext) {
    this.#context = context;
    this.#channel = context.channel;
    this.#clock = context.clock;
    this.#entries = new LRUCache<string, KeptEntry>({
      max: context.bounds.max,
      maxSize: context.bounds.maxBytes,
      sizeCalculation: sizeOf,
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') this.#evictions += 1;
        this.#versions.release(entry.versions);
      },
    });
    this.#stopListening = context.channel.listen(context.space.tracked, {
      changed: (key) => this.#heard(key),
      lost: () => this.#lost(),
    });
  }

  get(entryKey: string): StoredEntry | undefined {
    const kept = this.#find(entryKey);
    if (kept === undefined) return undefined;
    return kept.payload === undefined ? kept.entry : this.#decoded(entryKey, kept, kept.payload);
  }

  bytesOf(entryKey: string): Buffer | undefined {
    const kept = this.#find(entryKey);
    return kept?.flags === SERIALIZATION.bytes ? kept.payload : undefined;
  }

  #find(entryKey: string): KeptEntry | undefined {
    // One reading of the clock for both: it takes longer than all the rest.
    const now = this.#clock.monotonic();
    if (now >= this.#channel.trustedUntil) return undefined;
    const entry = this.#entries.get(entryKey);
    if (entry === undefined) return undefined;
    if (entry.deadline <= now || !this.#isValid(entry)) {
      this.#entries.delete(entryKey);
      return undefined;
    }
    return entry;
  }

  #isValid(kept: KeptEntry): boolean {
    if (kept.epoch === this.#epoch) return true;
    for (const version of kept.versions) if (!version.current) return false;
    kept.epoch = this.#epoch;
    return true;
  }

  #decoded(entryKey: string, kept: KeptEntry, payload: Buffer): StoredEntry | undefined {
    try {
      return { ...kept.entry, value: this.#context.codec.decode(kept.flags, payload) };
    } catch {
      // Whoever reads it from Redis tells of it.
      this.#entries.delete(entryKey);
      return undefined;
    }
  }

  look(): Look {
    if (!this.#channel.trusted || this.#closed) return this.#blindLook;
    const { epoch } = this.#channel;
    const look = this.#looks.begin();
    let over = false;
    return {
      keep: (entryKey, fetched) => {
        if (over || epoch !== this.#channel.epoch) return undefined;
        return this.#keep(entryKey, fetched, look);
      },
      end: () => {
        if (!over) this.#looks.end();
        over = true;
      },
    };
  }

  #keep(entryKey: string, fetched: FetchedEntry, look: number): StoredEntry | undefined {
    if (!this.#looks.untouched(entryKey, look)) return undefined;
    // What was fetched is newer than what is remembered, whether it can be remembered or not.
    this.#looks.supersede(entryKey, look);
    this.#entries.delete(entryKey);
    const deadline = this.#deadline(fetched.expiresAt);
    if (deadline <= this.#clock.monotonic()) return undefined;
    const found = this.#versionsOf(fetched);
    if (!this.#areCurrent(found, look)) return undefined;
    const value = keptValue(fetched, this.#context.codec);
    if (value === undefined || sizeOf(value, entryKey) > this.#context.bounds.maxBytes) return undefined;
    const { entry, payload, flags, bytes } = value;
    const versions = found.map((one) => this.#versions.take(one));
    const kept = { entry, payload, flags, bytes, deadline, versions, epoch: this.#epoch };
    this.#entries.set(entryKey, kept);
    return payload === undefined ? entry : { ...entry, value: fetched.value };
  }

  #deadline(expiresAt: number | null): number {
    const { now, ttl } = this.#context;
    const fresh = expiresAt === null ? Infinity : expiresAt - now();
    return this.#clock.monotonic() + Math.min(fresh, ttl ?? Infinity);
  }

  #versionsOf({ generationKeys, generations, tags }: FetchedEntry): FoundVersion[] {
    const found = generationKeys.map((key, at) => ({
      key,
      text: generations.slice(at * GENERATION_LENGTH, (at + 1) * GENERATION_LENGTH),
    }));
    for (const { tag, version } of tags) found.push({ key: this.#context.space.tagKey(tag), text: version });
    return found;
  }

  /** Whether what was found by a look still stands in Redis, for all that was heard. */
  #areCurrent(found: readonly FoundVersion[], look: number): boolean {
    let current = true;
    for (const one of found) {
      if (this.#versions.agreesWith(one)) {
        if (!this.#looks.untouched(one.key, look)) current = false;
      } else {
        // Redis knows of a change that the channel has not told of yet.
        this.#retire(one.key);
        current = false;
      }
    }
    return current;
  }

  #retire(versionKey: string): void {
    this.#looks.touch(versionKey);
    if (this.#versions.retire(versionKey)) this.#epoch += 1;
  }

  drop(entryKeys: readonly string[]): void {
    for (const key of entryKeys) {
      this.#looks.touch(key);
      this.#entries.delete(key);
    }
  }

  dropVersions(keys: readonly string[]): void {
    for (const key of keys) this.#retire(key);
  }

  watch(entryKey: string, wake: () => void): (() => void) | undefined {
    return this.#closed || !this.#channel.trusted ? undefined : this.#watchers.watch(entryKey, wake);
  }

  #heard(key: string): void {
    const { space, changed } = this.#context;
    // Behind the key of an entry stands `!` where something has happened to it that Redis tells nobody of.
    const entryKey = key.endsWith('}!') ? key.slice(0, -1) : key;
    const entry = space.locateEntry(entryKey);
    if (entry === undefined) {
      this.#retire(key);
    } else {
      this.drop([entryKey]);
      changed(entry.path, entry.key);
      this.#watchers.wake(entryKey);
    }
  }

  #lost(): void {
    this.#looks.touchAll();
    this.#entries.clear();
    this.#epoch += 1;
    this.#watchers.wakeBelow('');
  }

  sizes(): TierSizes {
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      evictions: this.#evictions,
      versions: this.#versions.size,
      looks: this.#looks.open,
      touched: this.#looks.touched,
      watched: this.#watchers.size,
    };
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#looks.touchAll();
    this.#entries.clear();
    this.#watchers.wakeBelow('');
  }
}

function sizeOf(value: { readonly bytes: number }, entryKey: string): number {
  return value.bytes + entryKey.length;
}
