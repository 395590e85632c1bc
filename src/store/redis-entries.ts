import type { Clock } from '../clock.js';
import type { Codec, EncodedValue } from '../codec/codec.js';
import {
  hasGenerations,
  openEntry,
  sealEntry,
  type OpenedEntry,
  type TagVersion,
} from '../codec/envelope.js';
import { isPlainJson } from '../codec/flags.js';
import type { RedisConnection, RedisReply } from '../connection/connection.js';
import type { KeySpace } from '../key/key-space.js';
import { Generations } from './redis-generations.js';
import type { RedisTags } from './redis-tags.js';
import type { StoredEntry } from './store.js';
import type { Look, Tier } from './tier.js';
import type { Unsettled } from './unsettled.js';

/** What a Redis store shares with its parts. */
export interface RedisShared {
  readonly connection: RedisConnection;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly tags: RedisTags;
  readonly tier: Tier | undefined;
  readonly unsettled: Unsettled;
  /** Told of an entry that could not be read and was treated as a miss. */
  readonly unreadable: (key: string, reason: string) => void;
}

/** What came of a look at some entries. */
export interface Fetched {
  /** The Redis keys of the entries. */
  readonly keys: readonly string[];
  readonly replies: readonly (RedisReply | Error | undefined)[];
  /** Where the bytes of the first entry stand in the replies; the others follow. They may end with the header. */
  readonly start: number;
  /** The generations that were read together with the entries, or behind them; `undefined` = one is missing. */
  readonly generations: string | undefined;
  /** The versions of tags that were read in the same way; `undefined` for a tag that is missing or barred. */
  readonly versions?: ReadonlyMap<string, string | undefined> | undefined;
  /** Whether nobody is to be told of what cannot be read: it was not asked for, or is told of elsewhere. */
  readonly quiet?: boolean;
}

/** An entry that carries the generations and the versions of tags that stand in Redis. It may be stale. */
export interface ValidEntry {
  readonly entryKey: string;
  readonly bytes: Buffer;
  readonly header: OpenedEntry;
  readonly generations: string;
  /** Whether nobody is to be told if the value cannot be read. */
  readonly quiet: boolean;
  /** What everybody shares once the memory of this process has it, where that can be shared. */
  shared: StoredEntry | undefined;
}

type Found<T> = (T | undefined)[];

/** Tags of one MGET. */
const MGET_TAGS = 512;
const SILENT = ['', ''] as const;

/** The entries of one key space, between the bytes in Redis and what is given to callers: what is valid, fresh, remembered. */
export class RedisEntries {
  readonly shared: RedisShared;
  readonly space: KeySpace;
  readonly generations: Generations;

  constructor(shared: RedisShared, space: KeySpace) {
    this.shared = shared;
    this.space = space;
    this.generations = new Generations(space.generationKeys);
  }

  /** The bytes of an entry that is written now. */
  seal(
    encoded: EncodedValue,
    ttl: number | null,
    generations: string,
    tags: readonly TagVersion[],
  ): string | Buffer {
    const createdAt = this.shared.connection.now();
    return sealEntry(encoded, {
      createdAt,
      expiresAt: ttl === null ? null : createdAt + ttl,
      generations,
      tags,
    });
  }

  /** Whether an entry is not stale yet. */
  isFresh({ expiresAt }: OpenedEntry): boolean {
    return expiresAt === null || this.shared.connection.now() < expiresAt;
  }

  /** Whether nobody can tell what Redis holds of an entry: it is to be treated as absent. */
  isUnsettled(entryKey: string): boolean {
    return this.shared.unsettled.has(entryKey);
  }

  /**
   * Picks the valid entries, in the order of the keys. A promise, of one more round trip, only where some carry tags whose
   * versions have not come along.
   */
  judge(fetched: Fetched): Found<ValidEntry> | Promise<Found<ValidEntry>> {
    const { keys, replies, start, versions } = fetched;
    const found: Found<ValidEntry> = [];
    let tagged = false;
    let unknown: Set<string> | undefined;
    for (let index = 0; index < keys.length; index++) {
      const entry = this.#open(keys[index] as string, replies[start + index], fetched);
      found.push(entry);
      if (entry === undefined || entry.header.tags.length === 0) continue;
      tagged = true;
      for (const { tag } of entry.header.tags) {
        if (versions?.has(tag) !== true) (unknown ??= new Set()).add(tag);
      }
    }
    if (!tagged) return found;
    if (unknown === undefined) return this.#underTags(found, versions);
    return this.#versionsOf([...unknown], versions).then((all) => this.#underTags(found, all));
  }

  /** The entry with its value; a promise only if it is compressed. It is remembered where `look` permits it. */
  decode(
    entry: ValidEntry,
    look: Look | undefined,
  ): StoredEntry | undefined | Promise<StoredEntry | undefined> {
    if (entry.shared !== undefined) return entry.shared;
    const { flags, payloadStart } = entry.header;
    try {
      const value = this.shared.codec.decode(flags, entry.bytes, payloadStart);
      if (!(value instanceof Promise)) return this.#stored(entry, value, look);
      return value.then(
        (one: unknown) => this.#stored(entry, one, look),
        (error: unknown) => this.#broken(entry.entryKey, error, entry.quiet),
      );
    } catch (error) {
      return this.#broken(entry.entryKey, error, entry.quiet);
    }
  }

  /** The fresh entry of a Redis key as this process remembers it. */
  remembered(entryKey: string): StoredEntry | undefined {
    const { tier, unsettled } = this.shared;
    const entry = tier?.get(entryKey);
    if (entry === undefined || !unsettled.pending) return entry;
    const isUnsettled = unsettled.has(entryKey) || entry.tags?.some((tag) => unsettled.hasTag(tag)) === true;
    return isUnsettled ? undefined : entry;
  }

  /** The same for a value of bytes, as `Tier.bytesOf`. */
  rememberedBytes(entryKey: string): Buffer | undefined {
    const { tier, unsettled } = this.shared;
    return unsettled.pending ? undefined : tier?.bytesOf(entryKey);
  }

  /** Announces a look at entries, before it is sent. Its owner ends it. */
  look(entryKeys: readonly string[]): Look | undefined {
    return this.shared.tier?.look(entryKeys);
  }

  /**
   * Runs what changes entries: this process remembers nothing of them, from before it is sent until after it is answered,
   * and treats them as absent if nobody can tell what became of it.
   */
  changing<T>(entryKeys: readonly string[], run: () => Promise<T>): Promise<T> {
    const { tier, unsettled } = this.shared;
    if (tier === undefined) return unsettled.guardKeys(entryKeys, run);
    return this.dropping(entryKeys, () => unsettled.guardKeys(entryKeys, run));
  }

  /** As `changing`, for what leaves no older data behind when nobody can tell what became of it. */
  async dropping<T>(entryKeys: readonly string[], run: () => Promise<T>): Promise<T> {
    const { tier } = this.shared;
    tier?.drop(entryKeys);
    try {
      return await run();
    } finally {
      tier?.drop(entryKeys);
    }
  }

  /** As `dropping`, for what changes tags or generations, given by their Redis keys. */
  async droppingVersions<T>(keys: readonly string[], run: () => Promise<T>): Promise<T> {
    const { tier } = this.shared;
    tier?.dropVersions(keys);
    try {
      return await run();
    } finally {
      tier?.dropVersions(keys);
    }
  }

  /** The first two arguments of every script that changes entries: the topic and the message to tell it with. */
  voice(): readonly [topic: string, message: string] {
    const { tier, connection } = this.shared;
    if (tier === undefined) return SILENT;
    const { voice } = connection.changes;
    return [voice.topic, voice.next()];
  }

  #open(
    entryKey: string,
    bytes: RedisReply | Error | undefined,
    { generations, quiet = false }: Fetched,
  ): ValidEntry | undefined {
    if (generations === undefined || !Buffer.isBuffer(bytes) || this.isUnsettled(entryKey)) return undefined;
    const header = openEntry(bytes);
    if (header === undefined) {
      return this.#broken(entryKey, 'not an entry of this library, or one of another format', quiet);
    }
    if (!hasGenerations(bytes, generations)) return undefined;
    return { entryKey, bytes, header, generations, quiet, shared: undefined };
  }

  async #versionsOf(
    tags: readonly string[],
    known: ReadonlyMap<string, string | undefined> | undefined,
  ): Promise<ReadonlyMap<string, string | undefined>> {
    const versions = new Map(known);
    for (let at = 0; at < tags.length; at += MGET_TAGS) {
      const part = tags.slice(at, at + MGET_TAGS);
      const replies = (await this.shared.connection.request(this.shared.tags.read(part))) as RedisReply[];
      for (const [index, tag] of part.entries()) {
        versions.set(tag, this.shared.tags.versionOf(replies[index]));
      }
    }
    return versions;
  }

  #underTags(
    found: Found<ValidEntry>,
    versions: ReadonlyMap<string, string | undefined> | undefined,
  ): Found<ValidEntry> {
    const { unsettled } = this.shared;
    const holds = ({ tag, version }: TagVersion): boolean =>
      versions?.get(tag) === version && !unsettled.hasTag(tag);
    return found.map((entry) => (entry?.header.tags.every(holds) === true ? entry : undefined));
  }

  #stored(entry: ValidEntry, value: unknown, look: Look | undefined): StoredEntry {
    const { createdAt, expiresAt, tags } = entry.header;
    const late = expiresAt === null ? -1 : this.shared.connection.now() - expiresAt;
    if (look !== undefined && late < 0) {
      const kept = this.#remember(entry, value, look);
      if (isPlainJson(entry.header.flags)) entry.shared = kept;
      if (kept !== undefined) return kept;
    }
    if (tags.length === 0 && late < 0) return { value, createdAt, expiresAt };
    return {
      value,
      createdAt,
      expiresAt,
      ...(late < 0 ? undefined : { staleFor: late }),
      ...(tags.length === 0 ? undefined : { tags: tags.map(({ tag }) => tag) }),
    };
  }

  #remember(
    { entryKey, bytes, header, generations }: ValidEntry,
    value: unknown,
    look: Look,
  ): StoredEntry | undefined {
    const { flags, payloadStart, createdAt, expiresAt, tags } = header;
    const generationKeys = this.generations.keys;
    return look.keep(entryKey, {
      bytes,
      flags,
      payloadStart,
      createdAt,
      expiresAt,
      generationKeys,
      generations,
      tags,
      value,
    });
  }

  #broken(entryKey: string, reason: unknown, quiet: boolean): undefined {
    if (quiet) return;
    const key = this.space.userKey(entryKey);
    this.shared.unreadable(key, reason instanceof Error ? reason.message : String(reason));
  }
}
