import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import type { CacheOptions } from '../../src/cache/cache-options.js';
import type { NamedCache } from '../../src/cache/named-cache.js';
import { systemClock } from '../../src/clock.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { openCaches, type CacheSetup, type CacheSubject } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { connectTo, SharedRedis } from './redis-caches.js';

let prefixes = 0;
let marked = 0;

/** One server and two connections, as of two processes, for the caches of a file. */
export class RedisProcesses extends SharedRedis {
  #second: ManagedConnection | undefined;

  constructor() {
    super();
    beforeAll(async () => {
      this.#second = (await connectTo(this.server.url)).connection;
    });
    afterAll(() => this.#second?.close());
  }

  /** Caches of two processes, under a key prefix that no other test has. `common` goes for each that says nothing else. */
  open(common: CacheOptions = {}): Promise<CacheSubject> {
    return cachesOfTwo([this.connection, this.#second as ManagedConnection], common);
  }
}

/** Caches of two processes, each with a connection and perhaps a memory of its own. */
export async function cachesOfTwo(
  connections: readonly [ManagedConnection, ManagedConnection],
  common: CacheOptions,
): Promise<CacheSubject> {
  const keyPrefix = `processes${++prefixes}`;
  const setups = connections.map((connection) => cachesOf(connection, keyPrefix, common));
  const [here, there] = setups as [CacheSetup, CacheSetup];
  const subject: CacheSubject = {
    ...here,
    another: () => there,
    pass: (milliseconds) => sleep(milliseconds),
    close: async () => void (await Promise.all([here.close(), there.close()])),
  };
  if (common.memory === undefined) return subject;
  const marks = [await here.cache({ name: 'mark' }), await there.cache({ name: 'mark' })] as const;
  const heard = async (): Promise<void> => {
    await Promise.all([hears(marks[0], marks[1]), hears(marks[1], marks[0])]);
  };
  return { ...subject, heard };
}

/** The caches of one process. A memory of theirs may be used as soon as they are there. */
function cachesOf(connection: ManagedConnection, keyPrefix: string, common: CacheOptions): CacheSetup {
  const connections = new Map([['default', connection]]);
  const setup = openCaches({ store: 'redis', clock: systemClock, keyPrefix, connections });
  return {
    ...setup,
    async cache(options) {
      const cache = await setup.cache({ ...common, ...options });
      if (common.memory !== undefined) {
        await eventually(() => expect(connection.changes.trusted).toBe(true), { timeout: 10_000 });
      }
      return cache;
    },
  };
}

/**
 * Waits until one process has heard what the other has changed before. The channel tells in order: what is told of a key
 * that nobody has used before comes after that.
 */
async function hears(by: NamedCache, from: NamedCache): Promise<void> {
  const key = `mark ${++marked}`;
  await from.set(key, 'first');
  await eventually(async () => {
    await by.get(key);
    expect(by.peek(key)).toBe('first');
  });
  await from.set(key, 'second');
  await eventually(() => expect(by.peek(key)).not.toBe('first'));
}
