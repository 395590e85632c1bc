import type { TagVersion } from '../codec/envelope.js';
import { GENERATION_LENGTH, newGeneration } from '../codec/generation.js';
import type { RedisCommand, RedisConnection, RedisReply, RedisScript } from '../connection/connection.js';
import type { KeySpace } from '../key/key-space.js';
import { ADOPT_TAGS, BARRED, BUMP_TAGS, CREATE_TAGS, LENGTHEN_TAGS } from './redis-tag-scripts.js';
import { lifeFor, TAG_LIFE, TagLives } from './tag-lives.js';

/**
 * The tags of one cache. An entry that carries a tag is valid while the version that it carries stands in Redis, so that an
 * invalidation is one write at any number of entries. A missing tag makes them invalid: eviction costs misses only.
 */
export class RedisTags {
  readonly #connection: RedisConnection;
  readonly #space: KeySpace;
  readonly #lives = new TagLives();

  constructor(connection: RedisConnection, space: KeySpace) {
    this.#connection = connection;
    this.#space = space;
  }

  /** The Redis keys of tags. */
  keysOf(tags: readonly string[]): string[] {
    return tags.map((tag) => this.#space.tagKey(tag));
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

  /** The versions in the values of tags; `undefined` when one of them has none. */
  versionsOf(
    tags: readonly string[],
    replies: readonly (RedisReply | undefined)[],
  ): readonly TagVersion[] | undefined {
    const versions: TagVersion[] = [];
    for (const [index, tag] of tags.entries()) {
      const version = this.versionOf(replies[index]);
      if (version === undefined) return undefined;
      versions.push({ tag, version });
    }
    return versions;
  }

  /**
   * The versions of tags for an entry that is to live for `life` milliseconds (`null` = for ever), its grace included. Those
   * that are missing are made. `undefined` = one of them is barred. One round trip, one more for tags that are used for the
   * first time or have to live longer.
   */
  async capture(tags: readonly string[], life: number | null): Promise<readonly TagVersion[] | undefined> {
    if (tags.length === 0) return [];
    const replies = (await this.#connection.request(this.read(tags))) as readonly RedisReply[];
    const captured = this.versionsOf(tags, replies) ?? (await this.create(tags, life));
    if (captured !== undefined) await this.lengthen(captured, life);
    return captured;
  }

  /** Makes the tags that are missing, and gives the versions of all; `undefined` = one of them is barred. One round trip. */
  async create(tags: readonly string[], life: number | null): Promise<readonly TagVersion[] | undefined> {
    const replies = await this.#evaluate(CREATE_TAGS, tags, [lifetime(lifeFor(life))]);
    return this.versionsOf(tags, replies as readonly RedisReply[]);
  }

  /**
   * The versions of tags that a load names at its end, given the sequence as it stood in Redis before the load began. Those
   * that are missing are made. `undefined` = it is not certain that none of them was invalidated since. One round trip.
   */
  async adopt(
    tags: readonly string[],
    sequence: string,
    life: number | null,
  ): Promise<readonly TagVersion[] | undefined> {
    const replies = await this.#evaluate(ADOPT_TAGS, tags, [lifetime(lifeFor(life)), sequence]);
    return Array.isArray(replies) ? this.versionsOf(tags, replies as readonly RedisReply[]) : undefined;
  }

  /**
   * Lets tags live for `life` milliseconds at least (`null` = for ever). Asks Redis only about those of which this process
   * does not know that they do: then one round trip, else none.
   */
  async lengthen(tags: readonly TagVersion[], life: number | null): Promise<void> {
    const due = this.#lives.due(tags, life, this.#connection.now());
    if (due.length === 0) return;
    const keys = this.keysOf(due.map(({ tag }) => tag));
    const replies = await this.#connection.evaluate(LENGTHEN_TAGS, keys, [
      lifetime(life),
      lifetime(lifeFor(life)),
    ]);
    const now = this.#connection.now();
    for (const [index, one] of due.entries()) {
      const left = Number((replies as readonly RedisReply[])[index]);
      this.#lives.learn(one, left === -1 ? null : left, now);
    }
  }

  /** Makes every entry that carries one of the tags invalid: all of the tags or, where it rejects, maybe none. One round trip. */
  async bump(tags: readonly string[]): Promise<void> {
    if (tags.length > 0) await this.#evaluate(BUMP_TAGS, tags, [String(TAG_LIFE)]);
  }

  /** Runs a script of tags: `args` stand behind the new version and the new nonce that each of them is given. */
  #evaluate(script: RedisScript, tags: readonly string[], args: readonly string[]): Promise<RedisReply> {
    const keys = [
      this.#space.sequenceKey,
      ...this.keysOf(tags),
      ...tags.map((tag) => this.#space.tagBarrierKey(tag)),
    ];
    return this.#connection.evaluate(script, keys, [newGeneration(), newGeneration(), ...args]);
  }
}

function lifetime(life: number | null): string {
  return life === null ? '' : String(life);
}
