import type { RedisArgument, RedisConnection, RedisReply } from '../connection/connection.js';
import { scanKeys } from '../connection/scan.js';
import { evaluateScript } from '../connection/script.js';
import type { ForeignCalls } from './foreign-calls.js';

type Send = (args: readonly RedisArgument[]) => Promise<unknown>;
type ErrorListener = (error: unknown) => void;

/** A client that a store brings along: of node-redis (4 and later), or of ioredis. */
export interface ForeignClient {
  /** node-redis: whether it can send now. */
  readonly isReady?: boolean;
  /** node-redis: whether it is connected or tries to be. */
  readonly isOpen?: boolean;
  readonly sendCommand?: Send;
  /** ioredis only. */
  readonly call?: (name: string, ...args: RedisArgument[]) => Promise<unknown>;
  on?(event: 'error', listener: ErrorListener): unknown;
  off?(event: 'error', listener: ErrorListener): unknown;
  close?(): Promise<unknown>;
  quit?(): Promise<unknown>;
  destroy?(): unknown;
  disconnect?(): unknown;
}

/** The client of a store; `undefined` where it has none, or one of a cluster, which sends commands in another way. */
export function foreignClient(client: unknown): ForeignClient | undefined {
  if (typeof client !== 'object' || client === null) return undefined;
  if ('slots' in client || 'masters' in client || 'getMasters' in client) return undefined;
  const { call, sendCommand } = client as ForeignClient;
  return typeof call === 'function' || typeof sendCommand === 'function' ? client : undefined;
}

/** Listens for a client's errors, which would end the process otherwise. The returned function stops it. */
export function silence(client: unknown): () => void {
  if (typeof client !== 'object' || client === null) return () => {};
  const emitter = client as ForeignClient;
  if (typeof emitter.on !== 'function' || typeof emitter.off !== 'function') return () => {};
  emitter.on('error', ignore);
  return () => void emitter.off?.('error', ignore);
}

/** What a call suffers reaches its caller; the rest concerns the application, which may listen too. */
function ignore(): void {}

/** Ends a client: with what it has still to do, or at once when it does not come to that. Never rejects. */
export async function endClient(client: ForeignClient, calls: ForeignCalls): Promise<void> {
  if (client.isOpen === false) return;
  try {
    await calls.run(async () => (client.close ? client.close() : client.quit?.()));
  } catch {
    try {
      if (client.destroy) client.destroy();
      else await client.disconnect?.();
    } catch {
      // It was closed already.
    }
  }
}

/** Commands over a foreign client. Bulk strings are given as `Buffer`, as by a connection of our own. */
export function clientConnection(
  client: ForeignClient,
  calls: ForeignCalls,
): Pick<RedisConnection, 'request' | 'pipeline' | 'evaluate' | 'scan'> {
  const request: RedisConnection['request'] = async ({ args }) => {
    if (client.isReady === false) throw calls.unavailable('the client of the store is not connected');
    return bytesOf(await calls.run(() => send(client, args)));
  };
  // When such a client connects anew, nobody tells: a server that does not know a script any more says so.
  const requests = { request, onUp: () => () => undefined };
  return {
    request,
    // Both clients send what is asked for in one turn together.
    pipeline: (commands) =>
      Promise.all(commands.map((command) => request(command).catch((error: Error) => error))),
    evaluate: (script, keys, args) => evaluateScript(requests, script, keys, args),
    scan: (glob) => scanKeys({ request }, glob),
  };
}

function send(client: ForeignClient, args: readonly RedisArgument[]): Promise<unknown> {
  const [name, ...rest] = args;
  if (typeof client.call === 'function') return client.call(String(name), ...rest);
  return (client.sendCommand as Send)(args);
}

function bytesOf(reply: unknown): RedisReply {
  if (typeof reply === 'string') return Buffer.from(reply);
  return Array.isArray(reply) ? reply.map(bytesOf) : (reply as RedisReply);
}
