import type { RedisClientOptions, RedisClientType } from 'redis';
import type { ResolvedEndpoint, ResolvedStandalone } from './connection-options.js';
import type { TrySignal } from './try-signal.js';

/** A node-redis client to one server, with default replies. */
export type RedisClient = RedisClientType;

/** What makes a client: `createClient` of the package `redis`, of whichever major version. */
export type CreateClient = (options: RedisClientOptions) => unknown;

/** The longest wait between two tries to connect, in milliseconds. */
export const LONGEST_WAIT = 1_000;

const SHORTEST_WAIT = 50;

/** How long to wait before a try to connect, the first being number 0: 50 ms doubling up to 1 s, less up to half of it. */
export function waitBefore(tries: number): number {
  const wait = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.min(tries, 10));
  return wait * (1 - Math.random() / 2);
}

/**
 * Makes a client that never connects by itself, never queues what it cannot send, and starts no timer per command.
 * `abort` ends a try to connect that is under way, which the client cannot do by itself.
 *
 * Its duplicates, which belong to users, reconnect by themselves and do not hear `abort`.
 */
export function makeRedisClient(
  options: ResolvedStandalone,
  create: CreateClient,
  abort: TrySignal,
): RedisClient {
  const { endpoint, username, password, database, clientName, maxPending } = options;
  const socket = socketOf(endpoint);
  const client = create({
    socket: { ...socket, reconnectStrategy: false, signal: abort } as never,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(clientName !== undefined && { name: clientName }),
    database,
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxPending,
    maintNotifications: 'disabled',
  }) as RedisClient;
  // The client has read these by now; from here on only duplicate() does.
  if (client.options) client.options.socket = { ...socket, reconnectStrategy: waitBefore } as never;
  return client;
}

function socketOf({ host, port, path, family, connectTimeout, tls }: ResolvedEndpoint): object {
  const place = path === undefined ? { host, port, ...(family !== undefined && { family }) } : { path };
  return { ...place, connectTimeout, ...(tls === undefined ? { tls: false } : { tls: true, ...tls }) };
}
