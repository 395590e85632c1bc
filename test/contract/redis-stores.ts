import { createClient } from 'redis';
import { systemClock } from '../../src/clock.js';
import type { RedisConnection } from '../../src/connection/connection.js';
import { KeySpace } from '../../src/key/key-space.js';
import { redisStore, type RedisStoreContext } from '../../src/store/redis-store.js';
import type { RedisServer } from '../support/redis-server.js';
import { plainCodec } from './contract-codec.js';

let spaces = 0;

/** A store under a prefix that no other test has, and the Redis keys of what it writes. */
export function storeOn(connection: RedisConnection, options: Partial<RedisStoreContext> = {}) {
  const space = options.space ?? KeySpace.of({ keyPrefix: `own${++spaces}`, cache: 'c', version: undefined });
  const unreadable: string[] = [];
  const context: RedisStoreContext = {
    cache: 'c',
    space,
    codec: plainCodec,
    clock: systemClock,
    connection,
    unreadable: (key) => unreadable.push(key),
    ...options,
  };
  return {
    store: redisStore(context),
    /** Another process on the same entries. */
    again: (other: Partial<RedisStoreContext> = {}) => redisStore({ ...context, ...other }),
    space,
    unreadable,
    entry: (key: string) => space.entryKey(key),
    lease: (key: string) => space.leaseKey(space.entryKey(key)),
    barrier: (key: string) => space.barrierKey(space.entryKey(key)),
  };
}

/** The Redis keys that a client which tracks a prefix is told of while `work` runs, and for as long as `until` says no. */
export async function toldOf(
  server: RedisServer,
  prefix: string,
  work: () => Promise<unknown>,
  until: (keys: readonly string[]) => boolean,
): Promise<string[]> {
  const client = createClient({ url: server.url, RESP: 3, emitInvalidate: true });
  const keys: string[] = [];
  client.on('invalidate', (key: Buffer | string | null) => keys.push(String(key)));
  await client.connect();
  try {
    await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
    await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', prefix]);
    await work();
    // The pushes that are on their way stand in front of the answer.
    for (let tries = 0; tries < 100 && !until(keys); tries++) await client.ping();
    return keys;
  } finally {
    client.destroy();
  }
}
