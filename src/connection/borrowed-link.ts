import type { Clock } from '../clock.js';
import type { BorrowedClient } from './borrowed-client.js';
import type { Link, LinkListener } from './link.js';

const PATIENCE = 2_000;

/**
 * Watches a client that belongs to the application. It is neither connected nor closed here, and nobody's commands but
 * our own are touched: a late answer or a new socket ends an outage.
 */
export class BorrowedLink implements Link {
  readonly #client: BorrowedClient;
  readonly #clock: Clock;
  readonly #listener: LinkListener;
  #cancelPatience: (() => void) | undefined;

  constructor(client: BorrowedClient, clock: Clock, listener: LinkListener) {
    this.#client = client;
    this.#clock = clock;
    this.#listener = listener;
  }

  open(): void {
    this.#client.on('ready', this.#onReady);
    this.#client.on('error', this.#onError);
    this.#client.on('end', this.#onEnd);
    if (this.#client.isReady) this.#listener.connected();
    else this.#cancelPatience = this.#clock.schedule(PATIENCE, () => this.#complain());
  }

  replace(): void {
    // Others may be waiting on this socket.
  }

  close(): Promise<void> {
    this.#cancelPatience?.();
    this.#client.off('ready', this.#onReady);
    this.#client.off('error', this.#onError);
    this.#client.off('end', this.#onEnd);
    return Promise.resolve();
  }

  #complain(): void {
    if (this.#client.isReady) return;
    const reason = this.#client.isOpen
      ? 'the client is still connecting'
      : 'the client is closed: call its connect()';
    this.#listener.lost(new Error(reason));
  }

  readonly #onReady = (): void => {
    this.#cancelPatience?.();
    this.#listener.connected();
  };

  readonly #onError = (error: Error): void => {
    // With the socket still there, an error of this kind means that replies could not be read: the next ones may belong
    // to other commands. An error of the client's own ping means nothing.
    const unreadable = error instanceof TypeError || error.message.startsWith('Unknown RESP');
    if (!this.#client.isReady || unreadable) this.#listener.lost(error);
  };

  readonly #onEnd = (): void => this.#listener.lost(new Error('the application has closed its client'));
}
