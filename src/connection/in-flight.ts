import type { Clock } from '../clock.js';
import { Batch, Call } from './call.js';
import { SEND_OPTIONS, type CommandClient } from './client.js';
import type { RedisArgument, RedisCommand, RedisReply } from './connection.js';
import { Deadlines } from './deadline.js';

/** Hears what comes of commands. */
export interface InFlightListener {
  /** A reply came. */
  answered(): void;
  /**
   * A command failed. Gives the error that its caller is to see in place of it; `undefined` when Redis has refused this
   * command alone, which is an answer.
   */
  failed(error: Error): Error | undefined;
  /** No answer came in time. Gives the error for the caller. */
  expired(): Error;
  /** The last answer that was waited for is there, or will not come. */
  drained(): void;
  /** Nothing was answered for much longer than the deadline. Called again on every tick. */
  stuck(): void;
}

/** Times are in milliseconds. */
export interface InFlightOptions {
  readonly client: CommandClient;
  readonly clock: Clock;
  readonly deadline: number;
  /** How long after its deadline a command may stay unanswered before `stuck` is called. */
  readonly patience: number;
}

const KEYS_PER_DEADLINE = 100;
const BYTES_PER_MILLISECOND = 10 * 1024;

/** Sends commands over a client and answers each caller within the deadline, whether a reply comes or not. */
export class InFlight {
  readonly #client: CommandClient;
  readonly #listener: InFlightListener;
  readonly #deadlines: Deadlines;
  readonly #expired: () => Error;
  #lateReplies = 0;

  constructor({ client, clock, deadline, patience }: InFlightOptions, listener: InFlightListener) {
    this.#client = client;
    this.#listener = listener;
    this.#deadlines = new Deadlines({ clock, deadline, patience, stuck: () => listener.stuck() });
    this.#expired = () => listener.expired();
  }

  /** Whether nothing waits for an answer. What has expired still waits: its answer tells that Redis serves again. */
  get idle(): boolean {
    return this.#deadlines.idle;
  }

  /** How many answers came after their deadline. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  /** Sends one command. */
  send(args: readonly RedisArgument[]): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      const call = new Call(this.#expired, resolve, reject);
      this.#deadlines.add(call, chunks(args.length - 1), overtime(size(args)));
      this.#client.sendCommand(args, SEND_OPTIONS).then(
        (reply) => this.#replied(call, reply as RedisReply),
        (error: Error) => this.#failed(call, error),
      );
    });
  }

  /** Sends commands together; they have one deadline. */
  sendAll(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    return new Promise((resolve, reject) => {
      const batch = new Batch(commands.length, this.#expired, resolve, reject);
      let bytes = 0;
      for (const { args } of commands) bytes += size(args);
      this.#deadlines.add(batch, chunks(commands.length), overtime(bytes));
      let index = 0;
      for (const { args } of commands) this.#sendPart(batch, index++, args);
    });
  }

  /** Rejects all callers that still wait. Nothing may be sent afterwards. */
  close(): void {
    this.#deadlines.close();
  }

  #replied(call: Call, reply: RedisReply): void {
    this.#settle(call);
    this.#listener.answered();
    call.resolve(reply);
  }

  #failed(call: Call, error: Error): void {
    const replacement = this.#listener.failed(error);
    this.#settle(call);
    call.reject(replacement ?? error);
  }

  #sendPart(batch: Batch, index: number, args: readonly RedisArgument[]): void {
    this.#client.sendCommand(args, SEND_OPTIONS).then(
      (reply) => this.#partReplied(batch, index, reply as RedisReply),
      (error: Error) => this.#partFailed(batch, index, error),
    );
  }

  #partReplied(batch: Batch, index: number, reply: RedisReply): void {
    this.#listener.answered();
    if (batch.take(index, reply)) this.#finish(batch);
  }

  #partFailed(batch: Batch, index: number, error: Error): void {
    const replacement = this.#listener.failed(error);
    const last = replacement === undefined ? batch.take(index, error) : batch.breakBy(replacement);
    if (last) this.#finish(batch);
  }

  #finish(batch: Batch): void {
    this.#settle(batch);
    if (batch.broken === undefined) batch.resolve(batch.replies);
    else batch.reject(batch.broken);
  }

  #settle(call: Call | Batch): void {
    if (call.expired) this.#lateReplies += 1;
    this.#deadlines.settle(call);
    if (this.#deadlines.idle) this.#listener.drained();
  }
}

function chunks(keys: number): number {
  return keys <= KEYS_PER_DEADLINE ? 1 : Math.ceil(keys / KEYS_PER_DEADLINE);
}

function overtime(bytes: number): number {
  return bytes < BYTES_PER_MILLISECOND ? 0 : bytes / BYTES_PER_MILLISECOND;
}

function size(args: readonly RedisArgument[]): number {
  let bytes = 0;
  for (const arg of args) bytes += arg.length;
  return bytes;
}
