import type { BorrowedClient } from './borrowed-client.js';
import type { RedisConnection } from './connection.js';
import type { RedisClient } from './redis-client.js';

/** A connection with its life: what the module starts, injects and closes. */
export interface ManagedConnection extends RedisConnection {
  /**
   * The client that users share with us: one and the same object for life, with its own default replies. While Redis is
   * away its commands are rejected at once.
   */
  readonly client: RedisClient | BorrowedClient;
  /** How many answers came after their caller had been told that there was none. */
  readonly lateReplies: number;
  /**
   * Begins to connect. With `connect: 'background'` it resolves when the first try has ended, well or badly, after 2 s at
   * most; with `'required'`, as soon as Redis serves.
   *
   * @throws RedisUnavailableError with `'required'`: after 10 s, or at once when Redis or TLS does not accept us. The
   *   connection is closed then.
   */
  start(): Promise<void>;
  /**
   * Answers what is in flight for 500 ms at most, then lets go: of a client of our own altogether, of a borrowed one by
   * taking our listeners off. Leaves no handle open. Never rejects; may be called twice.
   */
  close(): Promise<void>;
  /**
   * A further client to the same server, for blocking commands and subscriptions: not connected yet. The caller connects
   * and closes it.
   */
  duplicate(): RedisClient;
}
