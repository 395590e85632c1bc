import type { LiveSessions, StorageContext } from './live-sessions.js';
import { SHARDS } from './session-keys.js';

/**
 * Ends all sessions of a prefix, those that the registry has first, then what SCAN still finds. Tombstones stay for a minute, so
 * that nothing that is under way comes after it, and so does what keeps logins from being late. What begins meanwhile is ended or
 * stays as it is, with its entries.
 */
export async function clearSessions(context: StorageContext, live: LiveSessions): Promise<void> {
  const { connection, index, keys } = context;
  for (let shard = 0; shard < SHARDS; shard++) await endEach(context, live, () => index.first(shard));
  const aside = keys.unreadable('');
  for await (const batch of connection.scan(keys.everything)) {
    const found = batch.map(String);
    await endSessions(context, live, found);
    for (const key of found) {
      const userKey = keys.userKeyIn(key);
      // Not by its key: a session that begins at this moment may be noted there.
      if (userKey !== undefined) await endEach(context, live, () => index.firstOf(userKey), userKey);
    }
    const rest = found.filter((key) => key.startsWith(aside));
    await connection.pipeline(rest.map((key) => ({ key, args: ['UNLINK', key] })));
  }
}

/** Ends what an index has, and takes it out there, until nothing is left. */
async function endEach(
  { index }: StorageContext,
  live: LiveSessions,
  first: () => Promise<readonly string[]>,
  userKey?: string,
): Promise<void> {
  for (let handles = await first(); handles.length > 0; handles = await first()) {
    await Promise.all(
      handles.map(async (handle) => {
        await live.end(handle, 'revoked');
        // One whose time has passed is taken out as well.
        await index.leave(handle, userKey);
      }),
    );
  }
}

/** Ends those of the keys that are sessions. */
async function endSessions(
  { keys }: StorageContext,
  live: LiveSessions,
  found: readonly string[],
): Promise<void> {
  const start = keys.session('');
  const handles = found.filter((key) => key.startsWith(start)).map((key) => keys.handleIn(key));
  const lives = await live.livesOf(handles);
  const left = handles.filter((_, at) => lives[at]?.state !== 'ended');
  await Promise.all(left.map((handle) => live.end(handle, 'revoked')));
}
