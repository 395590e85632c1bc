import type { Clock } from '../clock.js';

/** A connection of engine.io, which the sockets of a client share. */
export interface Connection {
  /** The request that it was opened by. */
  readonly request: object;
  close(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** So many of the sessions that ended last are remembered, for connections that are being opened meanwhile. */
const REMEMBERED = 1_024;

/** The open connections of sessions, by the sessions' handles. */
export class SessionConnections {
  readonly #clock: Clock;
  readonly #open = new Map<string, Set<Connection>>();
  readonly #ended = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps a connection until it closes. That of a session that has ended since it was read is closed. */
  add(handle: string, connection: Connection): void {
    if (this.#ended.has(handle)) return this.#close(connection);
    const connections = this.#open.get(handle) ?? new Set();
    this.#open.set(handle, connections.add(connection));
    connection.once('close', () => {
      connections.delete(connection);
      if (connections.size === 0) this.#open.delete(handle);
    });
  }

  /** Closes the connections of a session that has ended. */
  end(handle: string): void {
    this.#ended.add(handle);
    const [oldest] = this.#ended;
    if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
    for (const connection of this.#open.get(handle) ?? []) this.#close(connection);
  }

  /** What a gateway says to a reload that failed goes out first. */
  #close(connection: Connection): void {
    this.#clock.afterInput(() => connection.close());
  }
}
