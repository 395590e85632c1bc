import { createClient } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { expect, onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../../src/clock.js';
import { borrowedConnection } from '../../../src/connection/borrowed.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import type { CreateClient, RedisClient } from '../../../src/connection/redis-client.js';
import { resolveConnectionOptions } from '../../../src/connection/resolve-connection-options.js';
import { standaloneConnection } from '../../../src/connection/standalone.js';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../../support/redis-server.js';

/** The client versions that differ in what they do when things go wrong. */
export const CLIENTS: readonly (readonly [string, CreateClient])[] = [
  ['redis 6', createClient],
  ['redis 5', createClient5 as CreateClient],
];

/** The key that connections under test are probed by. */
const PROBE_KEY = 'cache:#probe';

/** A connection under test and what it has told. */
export interface Opened {
  readonly connection: ManagedConnection;
  /** `up: Redis answers`, `down: …`, in order. */
  readonly events: string[];
}

/** A redis-server that ends with the test. */
export async function redis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.kill());
  return server;
}

/** Makes a connection that is closed with the test, and does not start it. */
export function make(raw: unknown, { client, clock }: { client?: CreateClient; clock?: Clock } = {}): Opened {
  const events: string[] = [];
  const context = {
    reporter: { report: (event: CacheEvent) => void events.push(textOf(event)) },
    probeKey: PROBE_KEY,
    ...(clock && { clock }),
    ...(client && { createClient: client }),
  };
  const options = resolveConnectionOptions('default', raw, 'connection');
  const connection =
    options.kind === 'borrowed'
      ? borrowedConnection(options, context)
      : standaloneConnection(options, context);
  onTestFinished(() => connection.close());
  return { connection, events };
}

/** Makes a connection, starts it and waits until it is up. */
export async function open(raw: unknown, parts?: Parameters<typeof make>[1]): Promise<Opened> {
  const opened = make(raw, parts);
  await opened.connection.start();
  await isUp(opened.connection);
  return opened;
}

/** A client of the application, connected, that is destroyed with the test. */
export async function applicationClient(create: CreateClient, url: string): Promise<RedisClient> {
  const client = create({ url }) as RedisClient;
  client.on('error', () => undefined);
  onTestFinished(() => {
    if (client.isOpen) client.destroy();
  });
  await client.connect();
  return client;
}

/** Waits until commands are sent. */
export function isUp(connection: ManagedConnection): Promise<void> {
  return eventually(() => expect(connection.available).toBe(true), { timeout: 10_000 });
}

/** Waits until commands are not sent. */
export function isDown(connection: ManagedConnection): Promise<void> {
  return eventually(() => expect(connection.available).toBe(false), { timeout: 10_000 });
}

/** Listens to the changes of keys, and gives what is told: keys, and `lost`. */
export function hear(connection: ManagedConnection, ...prefixes: string[]): string[] {
  const told: string[] = [];
  const stop = connection.changes.listen(prefixes, {
    changed: (key) => void told.push(key),
    lost: () => void told.push('lost'),
  });
  onTestFinished(stop);
  return told;
}

/** Waits until what the connection's invalidation channel tells can be relied on. */
export function isTrusted(connection: ManagedConnection): Promise<void> {
  return eventually(() => expect(connection.changes.trusted).toBe(true), { timeout: 10_000 });
}

/** Waits until it cannot. */
export function isUntrusted(connection: ManagedConnection): Promise<void> {
  return eventually(() => expect(connection.changes.trusted).toBe(false), { timeout: 10_000 });
}

/** Sends `GET key` and gives the value as text. */
export async function get(connection: ManagedConnection, key: string): Promise<string | null> {
  const reply = await connection.request({ key, args: ['GET', key] });
  return reply === null ? null : (reply as Buffer).toString();
}

/** Sends `SET key value`. */
export async function set(connection: ManagedConnection, key: string, value: string): Promise<void> {
  await connection.request({ key, args: ['SET', key, value] });
}

/** The messages of the errors with which the calls of one after the other are rejected; `ok` for those that are not. */
export async function outcomes(count: number, call: () => Promise<unknown>): Promise<string[]> {
  const found: string[] = [];
  for (let index = 0; index < count; index += 1) {
    found.push(
      await call().then(
        () => 'ok',
        (error: Error) => error.message,
      ),
    );
  }
  return found;
}

/** The clock of this machine, on which what takes longer than 5 s takes a fiftieth of it. */
export const impatientClock: Clock = {
  ...systemClock,
  schedule: (delay, callback, awake) =>
    systemClock.schedule(delay > 5_000 ? delay / 50 : delay, callback, awake),
};

function textOf(event: CacheEvent): string {
  if (event.type === 'channel') return `channel ${event.state} (${event.mode}): ${event.reason}`;
  return event.type === 'connection' ? `${event.state}: ${event.reason}` : event.type;
}
