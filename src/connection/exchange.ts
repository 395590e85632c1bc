import type { Clock } from '../clock.js';
import type { CommandClient } from './client.js';
import type { RedisCommand, RedisReply } from './connection.js';
import { kindOf, reasonOf } from './error-reply.js';
import { InFlight, type InFlightListener } from './in-flight.js';

/** The replies to commands that were sent together, an error reply as an `Error`. */
export type Replies = readonly (RedisReply | Error)[];

/** What exchanges are made over. `deadline` is in milliseconds; it is counted in turns of the event loop. */
export interface ExchangeOptions {
  readonly client: CommandClient;
  readonly clock: Clock;
  readonly deadline: number;
  /** Told when there was no answer, or when there will be none. */
  readonly broken: (reason: string) => void;
}

/** Sends commands together, lot after lot. What comes of a lot is told only as long as no other one was begun. */
export class Exchange implements InFlightListener {
  readonly #clock: Clock;
  readonly #broken: (reason: string) => void;
  readonly #inFlight: InFlight;
  #lot = 0;

  constructor({ client, clock, deadline, broken }: ExchangeOptions) {
    this.#clock = clock;
    this.#broken = broken;
    this.#inFlight = new InFlight({ client, clock, deadline, patience: Infinity }, this);
  }

  /** Calls `then` with the replies and the time of sending, by the monotonic clock, once `also` is settled as well. */
  begin(
    commands: readonly RedisCommand[],
    then: (replies: Replies, sentAt: number) => void,
    also?: Promise<unknown>,
  ): void {
    const lot = ++this.#lot;
    const sentAt = this.#clock.monotonic();
    Promise.all([this.#inFlight.sendAll(commands), also]).then(
      ([replies]) => {
        if (lot === this.#lot) then(replies, sentAt);
      },
      (error: Error) => {
        if (lot === this.#lot) this.#broken(reasonOf(error));
      },
    );
  }

  /** Nothing comes of what was begun. */
  drop(): void {
    this.#lot += 1;
  }

  /** The same, for good. */
  close(): void {
    this.drop();
    this.#inFlight.close();
  }

  failed(error: Error): Error | undefined {
    return kindOf(error) === 'transport' ? error : undefined;
  }

  expired(): Error {
    return new Error('no answer');
  }

  answered(): void {
    // A lot counts as a whole.
  }

  drained(): void {
    // Nobody waits for it.
  }

  stuck(): void {
    // What has expired was told already.
  }
}
