import type { RedisReply } from './connection.js';
import type { Awaited } from './deadline.js';

/** Gives the error with which a caller is rejected to whom no answer came in time. */
export type Expired = () => Error;

/** One command in flight. */
export class Call implements Awaited {
  due = 0;
  expired = false;
  previous: Awaited | undefined = undefined;
  next: Awaited | undefined = undefined;
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: Error) => void;
  readonly #expired: Expired;

  constructor(expired: Expired, resolve: (reply: RedisReply) => void, reject: (error: Error) => void) {
    this.#expired = expired;
    this.resolve = resolve;
    this.reject = reject;
  }

  expire(): void {
    this.reject(this.#expired());
  }
}

/** Several commands in flight that are answered as one. */
export class Batch implements Awaited {
  due = 0;
  expired = false;
  previous: Awaited | undefined = undefined;
  next: Awaited | undefined = undefined;
  readonly replies: (RedisReply | Error)[] = [];
  readonly resolve: (replies: (RedisReply | Error)[]) => void;
  readonly reject: (error: Error) => void;
  readonly #expired: Expired;
  #missing: number;
  #broken: Error | undefined;

  constructor(
    size: number,
    expired: Expired,
    resolve: (replies: (RedisReply | Error)[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#missing = size;
    this.#expired = expired;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Why it cannot be wholly answered any more. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  /** Takes the reply to one of its commands, and says whether it was the last that was missing. */
  take(index: number, reply: RedisReply | Error): boolean {
    this.replies[index] = reply;
    this.#missing -= 1;
    return this.#missing === 0;
  }

  /** As `take`, for a command that will not be answered. */
  breakBy(error: Error): boolean {
    this.#broken ??= error;
    this.#missing -= 1;
    return this.#missing === 0;
  }

  expire(): void {
    this.reject(this.#expired());
  }
}
