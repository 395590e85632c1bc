import { RespClient } from '../resp-client.js';
import { allTagsOf, type Change } from './world.js';

/**
 * The database behind the caches, as far as they matter to it: each change has a number, and what is read of a key is the
 * number of the last change that concerned it. Reads see all changes that were committed before they began.
 */
export interface Database {
  /** Gives the number of the change. */
  commit(change: Change): Promise<number>;
  /** The numbers of several keys, of one moment. */
  read(keys: readonly string[]): Promise<number[]>;
  close(): void;
}

/** A database in the memory of this process. */
export function memoryDatabase(): Database {
  const last = new Map<string, number>();
  let changes = 0;
  return {
    async commit(change) {
      changes += 1;
      for (const row of rowsOf(change)) last.set(row, changes);
      return changes;
    },
    async read(keys) {
      return keys.map((key) => Math.max(...rowsBehind(key).map((row) => last.get(row) ?? 0)));
    },
    close() {},
  };
}

const COMMIT = `local number = redis.call('INCR', 'changes')
for _, row in ipairs(KEYS) do redis.call('SET', row, number) end
return number`;

/** A database that several processes share: a redis-server of its own, given by its port. */
export async function sharedDatabase(port: number): Promise<Database> {
  const client = await RespClient.open(port);
  return {
    async commit(change) {
      const rows = rowsOf(change);
      return Number(await client.send(['EVAL', COMMIT, rows.length, ...rows]));
    },
    async read(keys) {
      const rows = keys.map(rowsBehind);
      const reply = (await client.send(['MGET', ...rows.flat()])) as readonly (Buffer | null)[];
      let at = 0;
      return rows.map((one) => Math.max(...one.map(() => Number(reply[at++]?.toString() ?? 0))));
    },
    close: () => client.close(),
  };
}

function rowsOf({ keys, tags, all }: Change): string[] {
  return [...keys, ...tags, ...(all ? ['all'] : [])];
}

function rowsBehind(key: string): string[] {
  return [key, ...allTagsOf(key), 'all'];
}
