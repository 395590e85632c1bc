import {
  hasGenerations,
  headerLength,
  headerLengthOf,
  MAX_GENERATIONS,
  TAGS_LENGTH_DIGITS,
} from '../codec/envelope.js';
import type { RedisReply } from '../connection/connection.js';
import type { RedisEntries } from './redis-entries.js';
import { RECLAIM } from './redis-scripts.js';

/** As much of an entry as says which generations it carries, at the most. */
const START_BYTES = headerLength(MAX_GENERATIONS) + TAGS_LENGTH_DIGITS;
/** Entries that are looked at together. */
const STEP = 32;
/** Between two steps, in milliseconds: the other clients of the server are to be served meanwhile. */
const PAUSE = 5;

/**
 * Removes the entries of a space and of those below whose generations are not current: `clear` has made them invalid for
 * ever. Says how many. It walks by SCAN, looks at 32 entries at a time, and rests after each.
 */
export async function reclaimEntries(entries: RedisEntries, signal?: AbortSignal): Promise<number> {
  const { clock, connection } = entries.shared;
  let removed = 0;
  for await (const batch of connection.scan(entries.space.wholePattern)) {
    const keys = batch.map(String);
    for (let at = 0; at < keys.length; at += STEP) {
      if (signal?.aborted === true) return removed;
      removed += await reclaimSome(entries, keys.slice(at, at + STEP));
      await new Promise<void>((resolve) => void clock.schedule(PAUSE, resolve, true));
    }
  }
  return removed;
}

async function reclaimSome(entries: RedisEntries, keys: readonly string[]): Promise<number> {
  const { connection } = entries.shared;
  const needed = keys.map((key) => generationKeysOf(entries, key));
  const versionKeys = [...new Set(needed.flat())];
  if (versionKeys.length === 0) return 0;
  // Behind the entries: one that is written after a clear has its generation in Redis by then.
  const replies = await connection.pipeline([
    ...keys.map((key) => ({ key, args: ['GETRANGE', key, '0', String(START_BYTES - 1)] })),
    { key: versionKeys[0] as string, args: ['MGET', ...versionKeys] },
  ]);
  const versions = replies.pop();
  if (versions instanceof Error) throw versions;
  const current = new Map(versionKeys.map((key, at) => [key, textOf((versions as RedisReply[])[at])]));
  const cleared: string[] = [];
  const starts: Buffer[] = [];
  for (const [at, key] of keys.entries()) {
    const start = replies[at];
    if (!Buffer.isBuffer(start) || headerLengthOf(start) === undefined) continue;
    const generations = (needed[at] as readonly string[]).map((one) => current.get(one));
    if (generations.length === 0) continue;
    if (!generations.includes('') && hasGenerations(start, generations.join(''))) continue;
    cleared.push(key);
    starts.push(start);
  }
  if (cleared.length === 0) return 0;
  return Number(await connection.evaluate(RECLAIM, cleared, starts));
}

/** The generations that an entry must carry; none for a key that is no entry's. */
function generationKeysOf({ space }: RedisEntries, entryKey: string): readonly string[] {
  const located = space.locateEntry(entryKey);
  if (located === undefined) return [];
  const below = located.path.slice(space.names.length);
  return below.reduce((part, name) => part.namespace(name), space).generationKeys;
}

function textOf(reply: RedisReply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : '';
}
