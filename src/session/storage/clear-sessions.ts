import type { LiveSessions, StorageContext } from './live-sessions.js';
import { SHARDS } from './session-keys.js';

/**
 * Ends all sessions of a prefix, those that the registry has first, then what SCAN still finds. Tombstones stay for a minute, so
 * that nothing that is under way comes after it, and so does what keeps logins from being late.
 */
export async function clearSessions(context: StorageContext, live: LiveSessions): Promise<void> {
  const { connection, index, keys } = context;
  const end = async (handle: string): Promise<void> => {
    await live.end(handle, 'revoked');
    // One whose time has passed is taken out as well.
    await index.leave(handle);
  };
  for (let shard = 0; shard < SHARDS; shard++) {
    for (let handles = await index.first(shard); handles.length > 0; handles = await index.first(shard)) {
      await Promise.all(handles.map(end));
    }
  }
  const [ofUsers, aside] = [keys.user('').slice(0, -1), keys.unreadable('')];
  for await (const batch of connection.scan(keys.everything)) {
    const found = batch.map(String);
    await endSessions(context, live, found);
    const rest = found.filter((key) => key.startsWith(ofUsers) || key.startsWith(aside));
    await connection.pipeline(rest.map((key) => ({ key, args: ['UNLINK', key] })));
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
