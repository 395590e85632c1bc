import type { Clock } from '../clock.js';
import { RedisUnavailableError } from '../errors.js';
import { Breaker } from './breaker.js';
import { Batch, Call, type CallListener } from './call.js';
import { SEND_OPTIONS, type CommandClient } from './client.js';
import type { RedisArgument, RedisCommand, RedisReply } from './connection.js';
import { Deadlines } from './deadline.js';
import { isDenial, kindOf, reasonOf } from './error-reply.js';

/** Hears of a line. */
export interface LineListener {
  /** The line went up or down. Called once per change. `denied` = it stays down until a setting is changed. */
  changed(available: boolean, reason: string, denied: boolean): void;
  /** A command has been unanswered for so long that the socket is to be replaced. Called again on every tick. */
  stuck(reason: string): void;
  /** The node has refused a write because it is no primary, maybe not any more. */
  readOnly(reason: string): void;
}

/** What a line is made of. Times are in milliseconds. */
export interface LineOptions {
  readonly name: string;
  readonly client: CommandClient;
  readonly deadline: number;
  readonly breaker: { readonly timeouts: number; readonly reconnectAfter: number };
  /** The key that is read to find out whether Redis serves us. */
  readonly probeKey: string;
  readonly clock: Clock;
}

const KEYS_PER_DEADLINE = 100;
const BYTES_PER_MILLISECOND = 10 * 1024;
const PROBE_DELAYS = { first: 50, longest: 1_000, denied: 30_000 } as const;

/**
 * The line to one Redis node: sends commands over a client that others may use as well, gives each a deadline, and stops
 * sending while the node does not serve. It is told by its owner when the socket comes and goes, and finds out by a probe
 * whether Redis serves.
 */
export class Line implements CallListener {
  readonly #options: LineOptions;
  readonly #client: CommandClient;
  readonly #listener: LineListener;
  readonly #breaker: Breaker;
  readonly #deadlines: Deadlines;
  #available = false;
  #told: boolean | undefined;
  #denied = false;
  #closed = false;
  #probes = 0;
  #cancelProbe: (() => void) | undefined;
  #lateReplies = 0;
  #drained: (() => void) | undefined;

  constructor(options: LineOptions, listener: LineListener) {
    const { deadline, breaker, clock, client } = options;
    this.#options = options;
    this.#client = client;
    this.#listener = listener;
    this.#breaker = new Breaker(breaker.timeouts);
    this.#deadlines = new Deadlines({
      clock,
      deadline,
      patience: breaker.reconnectAfter,
      stuck: () =>
        this.#listener.stuck(this.#breaker.state === 'closed' ? 'no answer' : this.#breaker.reason),
    });
  }

  /** Whether commands are sent now. */
  get available(): boolean {
    return this.#available;
  }

  /** How many answers came after their deadline. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  request(args: readonly RedisArgument[]): Promise<RedisReply> {
    if (!this.#available) return Promise.reject(this.#unavailable(this.#breaker.reason));
    return this.#send(args);
  }

  pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    if (!this.#available) return Promise.reject(this.#unavailable(this.#breaker.reason));
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const batch = new Batch(this, commands.length, resolve, reject);
      let bytes = 0;
      for (const { args } of commands) bytes += size(args);
      this.#deadlines.add(batch, chunks(commands.length), overtime(bytes));
      for (let index = 0; index < commands.length; index += 1)
        this.#sendPart(batch, index, commands[index]!.args);
    });
  }

  /** The socket is there: nothing is sent but a probe until it succeeds. */
  connected(): void {
    this.#probes = 0;
    this.#probe();
  }

  /** The socket is gone, or there is none. */
  lost(error: Error): void {
    this.#stopProbing();
    this.#breaker.lost(reasonOf(error));
    this.#tell(isDenial(error));
  }

  /** Sends nothing from now on, and waits until all that is in flight is answered, `limit` milliseconds at most. */
  async close(limit: number): Promise<void> {
    this.#closed = true;
    this.#stopProbing();
    this.#available = false;
    this.#breaker.lost('it is closed');
    if (!this.#deadlines.idle) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.schedule(limit, resolve);
        this.#drained = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#deadlines.close();
  }

  expired(): Error {
    if (this.#breaker.timedOut()) this.#tell(false);
    return this.#unavailable(
      this.#closed ? this.#breaker.reason : `no answer within ${this.#options.deadline} ms`,
    );
  }

  #send(args: readonly RedisArgument[]): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      const call = new Call(this, resolve, reject);
      this.#deadlines.add(call, chunks(args.length - 1), overtime(size(args)));
      this.#client.sendCommand(args, SEND_OPTIONS).then(
        (reply) => {
          this.#answered(call);
          call.resolve(reply as RedisReply);
        },
        (error: Error) => this.#failed(call, error),
      );
    });
  }

  #sendPart(batch: Batch, index: number, args: readonly RedisArgument[]): void {
    this.#client.sendCommand(args, SEND_OPTIONS).then(
      (reply) => {
        this.#serves();
        this.#part(batch, index, reply as RedisReply);
      },
      (error: Error) => {
        const refused = this.#judge(error);
        if (refused === undefined) return this.#part(batch, index, error);
        batch.broken ??= refused;
        this.#part(batch, index, refused);
      },
    );
  }

  #part(batch: Batch, index: number, reply: RedisReply | Error): void {
    batch.replies[index] = reply;
    batch.missing -= 1;
    if (batch.missing > 0) return;
    if (batch.broken === undefined) {
      this.#answered(batch);
      batch.resolve(batch.replies);
    } else {
      this.#settle(batch);
      batch.reject(batch.broken);
    }
  }

  #answered(call: Call | Batch): void {
    if (call.expired) this.#lateReplies += 1;
    this.#settle(call);
    this.#serves();
  }

  #serves(): void {
    // An answer that was read just before its socket broke says nothing of the next socket.
    const current = this.#breaker.state === 'closed' || this.#client.isReady;
    if (current && this.#breaker.answered()) this.#tell(false);
  }

  #failed(call: Call, error: Error): void {
    const refused = this.#judge(error);
    if (refused === undefined) this.#answered(call);
    else this.#settle(call);
    call.reject(refused ?? error);
  }

  #settle(call: Call | Batch): void {
    this.#deadlines.settle(call);
    if (!this.#deadlines.idle) return;
    this.#drained?.();
    if (this.#breaker.state === 'open' && this.#client.isReady) this.#probeLater();
  }

  /** Gives the error that says Redis is unavailable, or nothing when Redis has refused the command alone. */
  #judge(error: Error): RedisUnavailableError | undefined {
    const kind = kindOf(error);
    // A command that is not permitted is the caller's affair, but a line on which not even the probe is, is of no use.
    const denied = isDenial(error) && (kind !== 'command' || this.#breaker.state === 'half-open');
    if (kind === 'command' && !denied) return undefined;
    if (kind === 'read-only') {
      this.#listener.readOnly(reasonOf(error));
      return undefined;
    }
    const reason =
      kind === 'transport' && this.#breaker.state !== 'closed' ? this.#breaker.reason : reasonOf(error);
    if (kind !== 'transport') {
      if (this.#breaker.refused(reason)) this.#tell(denied);
    } else if (this.#breaker.state === 'closed' && !this.#client.isReady) this.lost(error);
    return this.#unavailable(reason, error);
  }

  #probeLater(): void {
    if (this.#cancelProbe !== undefined || this.#closed) return;
    const { first, longest, denied } = PROBE_DELAYS;
    const delay = this.#denied ? denied : Math.min(longest, first * 2 ** this.#probes);
    this.#probes += 1;
    this.#cancelProbe = this.#options.clock.schedule(delay, () => this.#probe());
  }

  #probe(): void {
    this.#stopProbing();
    if (this.#closed || !this.#breaker.trying()) return;
    // What comes of it is heard by the breaker like the outcome of any command.
    this.#send(['GET', this.#options.probeKey]).catch(() => undefined);
  }

  #stopProbing(): void {
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
  }

  #tell(denied: boolean): void {
    const available = this.#breaker.state === 'closed' && !this.#closed;
    this.#available = available;
    if (this.#closed || this.#breaker.state === 'half-open') return;
    const known = this.#told === available && (this.#denied || !denied);
    this.#told = available;
    this.#denied = denied;
    if (known) return;
    if (available) this.#probes = 0;
    this.#listener.changed(available, this.#breaker.reason, denied);
  }

  #unavailable(reason: string, cause?: Error): RedisUnavailableError {
    return new RedisUnavailableError(this.#options.name, reason, cause);
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
