import type { EncodedValue } from '../codec/codec.js';
import type { TagVersion } from '../codec/envelope.js';
import type { RedisArgument, RedisReply } from '../connection/connection.js';
import { LEASE_TIME, type Fill, type LoadEnd } from './coherence.js';
import { encodeWrites } from './encode-writes.js';
import type { RedisEntries } from './redis-entries.js';
import { FILL, RELEASE, RENEW } from './redis-lease-scripts.js';
import { partsOf, type RedisLease } from './redis-lease.js';
import { runPipeline, scriptCommand, type ScriptCommand } from './redis-pipeline.js';
import { isUnchanged, readVersions, versionsIn, type Versions } from './redis-versions.js';
import { lifetime, serverError } from './redis-writer.js';
import type { StoreWrite } from './store.js';
import { TAG_LIFE } from './tag-lives.js';

/** A loaded value that is ready to be sent. */
interface ReadyFill {
  readonly lease: RedisLease;
  readonly write: StoreWrite;
  readonly encoded: EncodedValue;
  /** The versions of its tags; `undefined` = one of those that only the result names may have been invalidated meanwhile. */
  readonly tags: readonly TagVersion[] | undefined;
}

const OUTDATED: LoadEnd = Object.freeze({ stored: false, current: false });
const NO_TAGS: readonly TagVersion[] = [];

/**
 * What becomes of leases that are held. Whether a lease still is, one script decides for all; whether generations and tags
 * are as they were when it was acquired is read behind that: what the entry carries makes it invalid if they are not.
 */
export class RedisLeases {
  readonly #entries: RedisEntries;

  constructor(entries: RedisEntries) {
    this.#entries = entries;
  }

  /** As `Coherence.fill`. Where Redis does not answer, the leases are given back behind that. */
  async fill(fills: readonly Fill[]): Promise<LoadEnd[]> {
    if (fills.length === 0) return [];
    const all = fills.flatMap(({ lease, write, beside }) => [
      { lease, write },
      // Behind it, and so in the same script: of the parts in which they go, one ends by the bytes of its last value only.
      ...(beside === undefined ? [] : [{ lease, write: beside, isBeside: true }]),
    ]);
    const writes = all.map(({ write }) => write);
    const encoded = await encodeWrites(this.#entries.shared.codec, writes);
    const ready = all.map((one, index) => this.#ready(one, encoded[index] as EncodedValue));
    try {
      const ends = await this.#fill(await Promise.all(ready));
      return ends.filter((_, index) => all[index]?.isBeside !== true);
    } catch (error) {
      void this.release(fills.map(({ lease }) => lease as RedisLease)).catch(() => {});
      throw error;
    }
  }

  /** As `Coherence.release`. */
  async release(leases: readonly RedisLease[], pause?: number): Promise<LoadEnd[]> {
    if (leases.length === 0) return [];
    const { answers, versions } = await this.#end(leases, [], NO_TAGS, this.#releases(leases, pause));
    return leases.map((lease, index) => {
      // Which tags the result would have named, nobody knows: it may be any that was invalidated.
      const same =
        versions.sequence === lease.sequence && isUnchanged(this.#entries, lease, versions, NO_TAGS);
      return { stored: false, current: answers[index] === 1 && same };
    });
  }

  /** As `Coherence.renew`. */
  async renew(leases: readonly RedisLease[]): Promise<boolean[]> {
    if (leases.length === 0) return [];
    const commands = partsOf(leases).map((part) => {
      const tokens = part.map(({ token }) => token);
      return scriptCommand(
        RENEW,
        part.map(({ leaseKey }) => leaseKey),
        [String(LEASE_TIME), ...tokens],
      );
    });
    const { connection, tags } = this.#entries.shared;
    // A load may take longer than a tag lives that was made for it.
    const carried = new Map(leases.flatMap((one) => one.tags).map((one) => [one.tag, one]));
    void tags.lengthen([...carried.values()], TAG_LIFE / 2).catch(() => {});
    const replies = await runPipeline(connection, commands);
    return answersIn(replies).map((one) => one === 1);
  }

  /** Sees to it that every tag of a load has a version, and lives as long as the entry. */
  async #ready(
    { lease: held, write }: Pick<Fill, 'lease' | 'write'>,
    encoded: EncodedValue,
  ): Promise<ReadyFill> {
    const lease = held as RedisLease;
    const { tags } = this.#entries.shared;
    const life = write.ttl === null ? null : write.ttl + (write.grace ?? 0);
    const named = new Set(write.tags);
    const known = lease.tags.filter(({ tag }) => named.delete(tag));
    const others = [...named];
    // That a tag may expire before the entry costs misses: not worth failing, nor waiting for.
    void tags.lengthen(known, life).catch(() => {});
    const adopted = others.length === 0 ? NO_TAGS : await tags.adopt(others, lease.sequence, life);
    // Of one that was missing nobody can tell what became of it meanwhile. The next load is to find it.
    if (adopted === undefined) void tags.create(others, 0).catch(() => {});
    return { lease, write, encoded, tags: adopted && [...known, ...adopted] };
  }

  async #fill(all: readonly ReadyFill[]): Promise<LoadEnd[]> {
    const wanted = all.filter(({ write, tags }) => tags !== undefined && write.wanted?.() !== false);
    const rest = all.filter((one) => !wanted.includes(one));
    const { answers, versions } = await this.#end(
      all.map(({ lease }) => lease),
      wanted.map((one) => this.#entryKeyOf(one)),
      wanted.flatMap(({ tags }) => tags as readonly TagVersion[]),
      [
        ...partsOf(wanted, bytesOf).map((part) => this.#fillCommand(part)),
        ...this.#releases(rest.map(({ lease }) => lease)),
      ],
    );
    const ends = new Map<ReadyFill, LoadEnd>();
    for (const [index, one] of wanted.entries()) {
      ends.set(one, this.#endOf(one, answers[index] as RedisReply, versions));
    }
    return all.map((one) => ends.get(one) ?? OUTDATED);
  }

  #endOf({ lease, tags }: ReadyFill, answer: RedisReply, versions: Versions): LoadEnd {
    const current = answer !== 0 && isUnchanged(this.#entries, lease, versions, tags ?? NO_TAGS);
    if (Buffer.isBuffer(answer)) return { stored: false, current, error: serverError(answer) };
    return { stored: current, current };
  }

  #fillCommand(part: readonly ReadyFill[]): ScriptCommand {
    const args: RedisArgument[] = [...this.#entries.voice()];
    const keys: string[] = [];
    for (const one of part) {
      const { lease, write, encoded, tags } = one;
      const entry = this.#entries.seal(encoded, write.ttl, lease.generations, tags ?? NO_TAGS);
      args.push(lease.token, entry, lifetime(write.ttl, write.grace));
      keys.push(this.#entryKeyOf(one), lease.leaseKey);
    }
    return scriptCommand(FILL, keys, args);
  }

  #entryKeyOf({ lease, write }: ReadyFill): string {
    return write.key === lease.key ? lease.entryKey : this.#entries.space.entryKey(write.key);
  }

  #releases(leases: readonly RedisLease[], pause?: number): ScriptCommand[] {
    return partsOf(leases).map((part) => {
      const tokens = part.map(({ token }) => token);
      const length = pause === undefined ? '' : String(pause);
      return scriptCommand(RELEASE, keysOf(part), [...this.#entries.voice(), length, ...tokens]);
    });
  }

  /** Sends what ends leases and writes `entryKeys`, and reads the versions of their tags and of `more` behind it. */
  async #end(
    leases: readonly RedisLease[],
    entryKeys: readonly string[],
    more: readonly TagVersion[],
    commands: readonly ScriptCommand[],
  ): Promise<{ readonly answers: readonly RedisReply[]; readonly versions: Versions }> {
    const entries = this.#entries;
    const tags = [...new Set([...leases.flatMap((one) => one.tags), ...more].map(({ tag }) => tag))];
    const replies = await entries.dropping(
      [...new Set([...leases.map(({ entryKey }) => entryKey), ...entryKeys])],
      () => runPipeline(entries.shared.connection, [...commands, readVersions(entries, tags)]),
    );
    const versions = versionsIn(entries, tags, replies.pop());
    return { answers: answersIn(replies), versions };
  }
}

function bytesOf({ encoded }: ReadyFill): number {
  return encoded.payload.length;
}

function keysOf(leases: readonly RedisLease[]): string[] {
  return leases.flatMap(({ entryKey, leaseKey }) => [entryKey, leaseKey]);
}

/** What scripts answer for each of the leases of their parts, in order. */
function answersIn(replies: readonly (RedisReply | Error)[]): RedisReply[] {
  return replies.flatMap((reply) => {
    if (reply instanceof Error) throw reply;
    return reply;
  });
}
