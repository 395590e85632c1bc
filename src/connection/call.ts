import type { RedisReply } from './connection.js';
import type { Awaited } from './deadline.js';

/** Is told what became of the calls of one connection. */
export interface CallListener {
  /** No answer came in time: the error to reject the caller with. */
  expired(): Error;
}

/** One command in flight. */
export class Call implements Awaited {
  due = 0;
  expired = false;
  previous: Awaited | undefined = undefined;
  next: Awaited | undefined = undefined;
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: Error) => void;
  readonly #listener: CallListener;

  constructor(listener: CallListener, resolve: (reply: RedisReply) => void, reject: (error: Error) => void) {
    this.#listener = listener;
    this.resolve = resolve;
    this.reject = reject;
  }

  expire(): void {
    this.reject(this.#listener.expired());
  }
}

/** Several commands in flight that are answered as one. */
export class Batch implements Awaited {
  due = 0;
  expired = false;
  previous: Awaited | undefined = undefined;
  next: Awaited | undefined = undefined;
  readonly resolve: (replies: (RedisReply | Error)[]) => void;
  readonly reject: (error: Error) => void;
  readonly replies: (RedisReply | Error)[];
  /** How many of its commands have no reply yet. */
  missing: number;
  /** Why it cannot be wholly answered any more. */
  broken: Error | undefined = undefined;
  readonly #listener: CallListener;

  constructor(
    listener: CallListener,
    size: number,
    resolve: (replies: (RedisReply | Error)[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#listener = listener;
    this.resolve = resolve;
    this.reject = reject;
    this.replies = new Array<RedisReply | Error>(size);
    this.missing = size;
  }

  expire(): void {
    this.reject(this.#listener.expired());
  }
}
