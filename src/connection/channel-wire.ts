import type { Clock } from '../clock.js';
import type { BorrowedClient } from './borrowed-client.js';
import { ownView, type CommandClient } from './client.js';
import type { Link, LinkListener } from './link.js';
import { OwnedLink } from './owned-link.js';
import type { RedisClient } from './redis-client.js';
import { TrySignal } from './try-signal.js';

/** What an invalidation channel needs of a client of its own, which is connected by the link that it gives. */
export interface ChannelWire {
  readonly commands: CommandClient;
  /** Makes what looks after the client's socket. */
  link(listener: LinkListener): Link;
  /** Calls `listener` with each key that Redis tells of by itself; `null` = all keys. Before the reply to a later command. */
  onChanged(listener: (key: Buffer | null) => void): void;
  /** Subscribes to a topic; asked again for one that it has, it does nothing. Answered before a later command. */
  subscribe(topic: string, listener: (message: Buffer) => void): Promise<unknown>;
}

const HANDSHAKE = 2_000;

/**
 * A further client to the server of `client`, by which Redis can tell of changes: it speaks RESP3 whatever the other one
 * does, and hands on what is told.
 */
export function channelWire(client: RedisClient | BorrowedClient, clock: Clock): ChannelWire {
  const abort = new TrySignal();
  const { socket } = optionsOf(client);
  const own = client.duplicate({
    RESP: 3,
    emitInvalidate: true,
    clientSideCache: undefined,
    socket: { ...socket, reconnectStrategy: false, signal: abort },
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    pingInterval: undefined,
  } as never) as RedisClient;
  // The client has begun to hand on what is told by now. Left so, it would ask for tracking of its own when it connects, and
  // not connect where that is refused.
  optionsOf(own).emitInvalidate = false;
  const handshake = socket?.connectTimeout ?? HANDSHAKE;
  return {
    commands: ownView(own),
    link: (listener) => new OwnedLink({ client: own, clock, handshake, abort }, listener),
    onChanged: (listener) => void own.on('invalidate', listener),
    subscribe: (topic, listener) => own.subscribe(topic, listener, true),
  };
}

interface ClientOptions {
  readonly socket?: { readonly connectTimeout?: number };
  emitInvalidate?: boolean;
}

function optionsOf(client: RedisClient | BorrowedClient): ClientOptions {
  return (client as { readonly options?: ClientOptions }).options ?? {};
}
