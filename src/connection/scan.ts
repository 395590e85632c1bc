import type { RedisConnection, RedisReply } from './connection.js';

const COUNT = '500';

/** Walks the keys of one node that match a glob, in batches as SCAN gives them, without the empty ones. */
export async function* scanKeys(
  connection: Pick<RedisConnection, 'request'>,
  glob: string,
): AsyncGenerator<readonly Buffer[], void, undefined> {
  let cursor = '0';
  do {
    const reply = await connection.request({
      key: '',
      args: ['SCAN', cursor, 'MATCH', glob, 'COUNT', COUNT],
    });
    const [next, keys] = reply as readonly [RedisReply, readonly Buffer[]];
    cursor = String(next);
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}
