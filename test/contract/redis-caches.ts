import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { CacheOptions } from '../../src/cache/cache-options.js';
import { systemClock } from '../../src/clock.js';
import type { ConnectionOptions } from '../../src/connection/connection-options.js';
import type { ManagedConnection } from '../../src/connection/managed-connection.js';
import { resolveConnectionOptions } from '../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../src/connection/standalone.js';
import { RecordingReporter } from '../../src/testing/recording-reporter.js';
import { openCaches } from '../../src/testing/open-caches.js';
import type { CacheSubject } from '../../src/testing/cache-subject.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

/** A connection of a test, with what it told. */
export interface TestConnection {
  readonly connection: ManagedConnection;
  readonly events: RecordingReporter;
}

/** Connects and waits until commands are sent. The deadline is long, since the machine may be busy. */
export async function connectTo(url: string, options: object = {}): Promise<TestConnection> {
  const events = new RecordingReporter();
  const raw: ConnectionOptions = { url, deadline: 5_000, connect: 'required', ...options };
  const resolved = resolveConnectionOptions('default', raw, 'connection');
  if (resolved.kind !== 'standalone') throw new Error('A URL leads to one server.');
  const connection = standaloneConnection(resolved, { reporter: events, probeKey: 'test:probe' });
  await connection.start();
  await eventually(() => {
    if (!connection.available) throw new Error('The connection is not up.');
  });
  return { connection, events };
}

let prefixes = 0;

/** Caches on a connection, under a key prefix that no other test has. `common` goes for each that says nothing else. */
export function cachesOn(
  connection: ManagedConnection,
  common: CacheOptions = {},
): CacheSubject & { readonly keyPrefix: string } {
  const keyPrefix = `test${++prefixes}`;
  const connections = new Map([['default', connection]]);
  const setup = openCaches({ store: 'redis', clock: systemClock, keyPrefix, connections });
  return {
    ...setup,
    cache: (options) => setup.cache({ ...common, ...options }),
    keyPrefix,
    pass: (milliseconds) => sleep(milliseconds),
  };
}

/** One server and one connection for the tests of a file. */
export class SharedRedis {
  #server: RedisServer | undefined;
  #connection: ManagedConnection | undefined;

  constructor() {
    beforeAll(async () => {
      this.#server = await startRedis();
      this.#connection = (await connectTo(this.#server.url)).connection;
    });
    afterAll(async () => {
      await this.#connection?.close();
      await this.#server?.stop();
    });
  }

  get server(): RedisServer {
    if (this.#server === undefined) throw new Error('The server is not started yet.');
    return this.#server;
  }

  get connection(): ManagedConnection {
    if (this.#connection === undefined) throw new Error('The connection is not made yet.');
    return this.#connection;
  }
}
