import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { RedisConnection } from '../../src/connection/connection.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { KeySpace } from '../../src/key/key-space.js';
import { redisStore } from '../../src/store/redis-store.js';
import type { CoherentStore } from '../../src/store/store.js';
import { plainCodec } from './contract-codec.js';
import { connectTo, SharedRedis } from './redis-caches.js';

/** Stores of two processes over the same entries, and the names of these. */
export interface Processes {
  readonly stores: readonly [CoherentStore, CoherentStore];
  readonly space: KeySpace;
}

let prefixes = 0;

/** A store over the entries of a key space. */
export function storeOn(connection: RedisConnection, space: KeySpace): CoherentStore {
  return redisStore({
    cache: 'test',
    space,
    codec: plainCodec,
    clock: systemClock,
    connection,
    unreadable: (key, reason) => {
      throw new Error(`${key}: ${reason}`);
    },
  });
}

/** A key space that no other test has. */
export function newSpace(): KeySpace {
  return KeySpace.of({ keyPrefix: `coherence${++prefixes}`, cache: 'test', version: undefined });
}

/** One server and two connections, as of two processes, for the tests of a file. */
export class TwoProcesses extends SharedRedis {
  #second: ManagedConnection | undefined;

  constructor() {
    super();
    beforeAll(async () => {
      this.#second = (await connectTo(this.server.url)).connection;
    });
    afterAll(() => this.#second?.close());
  }

  get second(): ManagedConnection {
    if (this.#second === undefined) throw new Error('The connection is not made yet.');
    return this.#second;
  }

  /** Two stores with no entry. */
  open(): Processes {
    const space = newSpace();
    return { space, stores: [storeOn(this.connection, space), storeOn(this.second, space)] };
  }
}
