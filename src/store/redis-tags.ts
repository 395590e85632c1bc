import type { TagVersion } from '../codec/envelope.js';
import { GENERATION_LENGTH, newGeneration } from '../codec/generation.js';
import type { RedisCommand, RedisConnection, RedisReply, RedisScript } from '../connection/connection.js';
import type { KeySpace } from '../key/key-space.js';
import { ADOPT_TAGS, BARRED, BUMP_TAGS, CREATE_TAGS, LENGTHEN_TAGS } from './redis-tag-scripts.js';
import { lifeFor, TAG_LIFE, TagLives } from './tag-lives.js';
import type { Tier } from './tier.js';

/** How tags stand in Redis. */
export interface TagState {
  /** Changes with each invalidation of any tag. */
  readonly sequence: string;
  /** `undefined` for a tag that is missing or barred. */
  readonly versions: ReadonlyMap<string, string | undefined>;
}

/**
 * The tags of one cache. An entry that carries a tag is valid while the version that it carries stands in Redis, so that an
 * invalidation is one write at any number of entries. A missing tag makes them invalid: eviction costs misses only.
 */
export class RedisTags {
  readonly #connection: RedisConnection;
  readonly #space: KeySpace;
  readonly #tier: Tier | undefined;
  readonly #lives = new TagLives();

  /** `tier` = the memory of this process in front of Redis, if the cache has one. */
  constructor(connection: RedisConnection, space: KeySpace, tier?: Tier) {
    this.#connection = connection;
    this.#space = space;
    this.#tier = tier;
  }

  /** The Redis keys of tags. */
  keysOf(tags: readonly string[]): string[] {
    return tags.map((tag) => this.#space.tagKey(tag));
  }

  /** The Redis key of the sequence, whose value is another after each invalidation of any tag. */
  get sequenceKey(): string {
    return this.#space.sequenceKey;
  }

  /** The command that reads tags, at least one: an MGET, whose replies `versionOf` understands. */
  read(tags: readonly string[]): RedisCommand {
    const keys = this.keysOf(tags);
    return { key: keys[0] as string, args: ['MGET', ...keys] };
  }

  /** The version in the value of a tag; `undefined` = it is missing or barred, and every entry that carries it invalid. */
  versionOf(reply: RedisReply | undefined): string | undefined {
    if (!Buffer.isBuffer(reply) || reply.length < GENERATION_LENGTH) return undefined;
    const version = reply.toString('latin1', 0, GENERATION_LENGTH);
    return version.startsWith(BARRED) ? undefined : version;
  }

  /** The versions in the values of tags, as `versionOf` tells them. */
  versionsOf(
    tags: readonly string[],
    replies: readonly (RedisReply | undefined)[],
  ): ReadonlyMap<string, string | undefined> {
    return new Map(tags.map((tag, index) => [tag, this.versionOf(replies[index])]));
  }

  /**
   * The versions of tags for an entry that is to live for `life` milliseconds (`null` = for ever), its grace included. Those
   * that are missing are made. `undefined` = one of them is barred. One round trip, one more for tags that are used for the
   * first time or have to live longer.
   */
  async capture(tags: readonly string[], life: number | null): Promise<readonly TagVersion[] | undefined> {
    if (tags.length === 0) return [];
    const replies = (await this.#connection.request(this.read(tags))) as readonly RedisReply[];
    const found = this.versionsOf(tags, replies);
    const captured = allOf(tags, found) ?? allOf(tags, (await this.create(tags, life)).versions);
    if (captured === undefined) return undefined;
    const now = this.#connection.now();
    for (const one of captured) {
      if (found.get(one.tag) === undefined) this.#lives.learn(one, lifeFor(life), now);
    }
    await this.lengthen(captured, life);
    return captured;
  }

  /** Makes the tags that are missing, and the sequence, and tells how they stand then. One round trip. */
  async create(tags: readonly string[], life: number | null): Promise<TagState> {
    const reply = await this.#evaluate(CREATE_TAGS, tags, [lifetime(lifeFor(life))]);
    const [sequence, ...values] = reply as readonly RedisReply[];
    return { sequence: String(sequence), versions: this.versionsOf(tags, values) };
  }

  /**
   * The versions of tags that a load names at its end, given the sequence as it stood in Redis before the load began. Those
   * that are missing are made, and all live for `life`. `undefined` = it is not certain that none of them was invalidated
   * since. One round trip.
   */
  async adopt(
    tags: readonly string[],
    sequence: string,
    life: number | null,
  ): Promise<readonly TagVersion[] | undefined> {
    const reply = await this.#evaluate(ADOPT_TAGS, tags, [lifetime(lifeFor(life)), sequence, lifetime(life)]);
    if (!Array.isArray(reply)) return undefined;
    return allOf(tags, this.versionsOf(tags, reply as readonly RedisReply[]));
  }

  /**
   * Lets tags live for `life` milliseconds at least (`null` = for ever). Asks Redis only about those of which this process
   * does not know that they do: then one round trip, else none.
   */
  async lengthen(tags: readonly TagVersion[], life: number | null): Promise<void> {
    const due = this.#lives.due(tags, life, this.#connection.now());
    if (due.length === 0) return;
    const keys = this.keysOf(due.map(({ tag }) => tag));
    const args = [lifetime(life), lifetime(lifeFor(life))];
    const reply = await this.#connection.evaluate(LENGTHEN_TAGS, keys, args);
    const now = this.#connection.now();
    for (const [index, one] of due.entries()) {
      const left = Number((reply as readonly RedisReply[])[index]);
      this.#lives.learn(one, left === -1 ? null : left, now);
    }
  }

  /**
   * Makes every entry that carries one of the tags invalid, all of the tags at one moment. This process remembers nothing of
   * them, from before it is sent until after it is answered. One round trip.
   */
  bump(tags: readonly string[]): Promise<void> {
    return this.change(BUMP_TAGS, tags, []);
  }

  /** The same by a script of barriers, with its further arguments. */
  async change(script: RedisScript, tags: readonly string[], args: readonly string[]): Promise<void> {
    if (tags.length === 0) return;
    const keys = this.keysOf(tags);
    this.#tier?.dropVersions(keys);
    try {
      await this.#evaluate(script, tags, [String(TAG_LIFE), ...args]);
    } finally {
      this.#tier?.dropVersions(keys);
    }
  }

  /** Runs a script of tags: `args` stand behind topic, message, the new version and the new nonce that each is given. */
  #evaluate(script: RedisScript, tags: readonly string[], args: readonly string[]): Promise<RedisReply> {
    const barriers = tags.map((tag) => this.#space.tagBarrierKey(tag));
    const keys = [this.sequenceKey, ...this.keysOf(tags), ...barriers];
    const { voice } = this.#connection.changes;
    // Only who remembers something has to be told.
    const told = this.#tier === undefined ? ['', ''] : [voice.topic, voice.next()];
    return this.#connection.evaluate(script, keys, [...told, newGeneration(), newGeneration(), ...args]);
  }
}

/** The versions of tags; `undefined` when one of them has none. */
export function allOf(
  tags: readonly string[],
  versions: ReadonlyMap<string, string | undefined>,
): readonly TagVersion[] | undefined {
  const all: TagVersion[] = [];
  for (const tag of tags) {
    const version = versions.get(tag);
    if (version === undefined) return undefined;
    all.push({ tag, version });
  }
  return all;
}

function lifetime(life: number | null): string {
  return life === null ? '' : String(life);
}
