import type { TagVersion } from '../codec/envelope.js';
import type { RedisCommand, RedisReply } from '../connection/connection.js';
import type { RedisEntries } from './redis-entries.js';
import { underGenerations } from './redis-generations.js';
import type { RedisLease } from './redis-lease.js';

/** What decides in Redis whether entries are valid, as it stood at one moment. */
export interface Versions {
  /** Put together; `undefined` = one is missing. */
  readonly generations: string | undefined;
  /** `undefined` = it is missing. */
  readonly sequence: string | undefined;
  /** Those of the tags that were asked for; `undefined` for one that is missing or barred. */
  readonly tags: ReadonlyMap<string, string | undefined>;
}

/** The command that reads the generations, the sequence and some tags. */
export function readVersions({ generations, shared }: RedisEntries, tags: readonly string[]): RedisCommand {
  const keys = [...generations.keys, shared.tags.sequenceKey, ...shared.tags.keysOf(tags)];
  return { key: keys[0] as string, args: ['MGET', ...keys] };
}

/** What the reply to `readVersions` says. */
export function versionsIn(
  { generations, shared }: RedisEntries,
  tags: readonly string[],
  reply: RedisReply | Error | undefined,
): Versions {
  const known = generations.learnFrom(reply);
  const rest = (reply as readonly RedisReply[]).slice(generations.keys.length);
  const [sequence] = rest;
  return {
    generations: known,
    sequence: Buffer.isBuffer(sequence) ? sequence.toString('latin1') : undefined,
    tags: shared.tags.versionsOf(tags, rest.slice(1)),
  };
}

/** Makes what is missing. No round trip where nothing is, else one, as long as nobody clears the cache meanwhile. */
export async function completeVersions(entries: RedisEntries, versions: Versions): Promise<Versions> {
  const { connection, tags } = entries.shared;
  const missing = [...versions.tags.keys()].filter((tag) => versions.tags.get(tag) === undefined);
  const [generations, made] = await Promise.all([
    versions.generations ??
      underGenerations(connection, entries.generations, (known) => Promise.resolve({ result: known })),
    versions.sequence !== undefined && missing.length === 0 ? undefined : tags.create(missing, 0),
  ]);
  if (made === undefined) return { ...versions, generations };
  return { generations, sequence: made.sequence, tags: new Map([...versions.tags, ...made.versions]) };
}

/** Whether nothing has happened since a lease was acquired to the generations, nor to its tags and `more` of them. */
export function isUnchanged(
  { shared: { unsettled } }: RedisEntries,
  { entryKey, generations, tags }: RedisLease,
  versions: Versions,
  more: readonly TagVersion[],
): boolean {
  const holds = ({ tag, version }: TagVersion): boolean =>
    versions.tags.get(tag) === version && !unsettled.hasTag(tag);
  return (
    versions.generations === generations && !unsettled.has(entryKey) && tags.every(holds) && more.every(holds)
  );
}
