import type { Clock } from '../clock.js';
import { isDenial } from './error-reply.js';
import type { Link, LinkListener } from './link.js';
import { LONGEST_WAIT, waitBefore, type RedisClient } from './redis-client.js';
import type { TrySignal } from './try-signal.js';

/** What an owned link is made of. `handshake` is in milliseconds. */
export interface OwnedLinkOptions {
  readonly client: RedisClient;
  readonly clock: Clock;
  /** How long Redis may take to greet us after the socket is open. */
  readonly handshake: number;
  /** Ends a try to connect that is under way. */
  readonly abort: TrySignal;
}

const WAIT_WHEN_DENIED = 30_000;
const CLOSE_LIMIT = 2_500;

/**
 * Keeps a client of our own connected, for as long as it is not closed. The client never reconnects by itself: each try
 * is one `connect()` on the same object, so that there is never more than one, and a hung one can be ended.
 */
export class OwnedLink implements Link {
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #handshake: number;
  readonly #abort: TrySignal;
  readonly #listener: LinkListener;
  /** The try that is under way. Never rejects. */
  #attempt: Promise<void> | undefined;
  /** Why the try that is under way has failed, where the client's own error says less. */
  #cause: Error | undefined;
  #tries = 0;
  #up = false;
  #since = 0;
  #closed = false;
  #cancelRetry: (() => void) | undefined;
  #cancelHandshake: (() => void) | undefined;

  constructor({ client, clock, handshake, abort }: OwnedLinkOptions, listener: LinkListener) {
    this.#client = client;
    this.#clock = clock;
    this.#handshake = handshake;
    this.#abort = abort;
    this.#listener = listener;
    client.on('connect', () => this.#awaitGreeting());
    client.on('error', (error: Error) => this.#broke(error));
    client.on('end', () => this.#broke(new Error('the client was closed by the application')));
  }

  open(): void {
    if (this.#closed || this.#attempt !== undefined || this.#up) return;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#cause = undefined;
    this.#attempt = this.#connect();
  }

  replace(reason: string): void {
    if (this.#closed || !this.#up) return;
    this.#fell(new Error(`${reason}; connecting anew`));
    this.#destroy();
    this.open();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelHandshake?.();
    this.#destroy();
    this.#abort.abort();
    if (this.#attempt === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.schedule(CLOSE_LIMIT, resolve);
      void this.#attempt?.then(resolve).finally(cancel);
    });
    // A try that has ended well after all has given the client a new socket.
    this.#destroy();
  }

  async #connect(): Promise<void> {
    let failure: Error | undefined;
    this.#abort.renew();
    try {
      // The application may have connected the client that it shares with us.
      await (this.#client.isOpen ? undefined : this.#client.connect());
      if (!this.#client.isReady) failure = this.#cause ?? new Error('the connection broke while it was made');
    } catch (error) {
      failure = this.#cause ?? (error as Error);
    }
    this.#attempt = undefined;
    this.#cancelHandshake?.();
    if (this.#closed) return;
    if (failure === undefined) this.#connected();
    else this.#fell(failure);
  }

  #connected(): void {
    this.#up = true;
    this.#since = this.#clock.monotonic();
    this.#listener.connected();
  }

  /** The socket is open. From here on the client would wait for ever for a server that hangs. */
  #awaitGreeting(): void {
    this.#cancelHandshake?.();
    this.#cancelHandshake = this.#clock.schedule(this.#handshake, () => {
      // What a busy process has not read yet is no silence of Redis.
      this.#clock.afterInput(() => {
        if (this.#attempt === undefined || this.#client.isReady) return;
        this.#giveUp(new Error('Redis accepts connections and does not answer'));
      });
    });
  }

  /** The client has told of an error, or of its end. */
  #broke(error: Error): void {
    if (this.#closed) return;
    if (this.#attempt !== undefined) return this.#giveUp(error);
    if (!this.#up) return;
    // With the socket still there, replies could not be read: the next ones may belong to other commands.
    const unreadable = this.#client.isReady;
    this.#fell(error);
    if (unreadable) this.#destroy();
  }

  #giveUp(error: Error): void {
    this.#cause ??= error;
    if (this.#client.isOpen) this.#destroy();
  }

  #fell(error: Error): void {
    // A server that greets and then hangs up is no reason to try without pause.
    if (this.#up && this.#clock.monotonic() - this.#since > LONGEST_WAIT) this.#tries = 0;
    this.#up = false;
    this.#listener.lost(error);
    if (this.#closed) return;
    const wait = isDenial(error) ? WAIT_WHEN_DENIED : waitBefore(this.#tries);
    this.#tries += 1;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.schedule(wait, () => this.open());
  }

  #destroy(): void {
    try {
      this.#client.destroy();
    } catch {
      // Client 5 throws where there is nothing to destroy.
    }
  }
}
