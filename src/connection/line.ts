import type { Clock } from '../clock.js';
import { RedisUnavailableError } from '../errors.js';
import { Breaker } from './breaker.js';
import type { CommandClient } from './client.js';
import type { RedisArgument, RedisCommand, RedisReply } from './connection.js';
import { isDenial, kindOf, reasonOf } from './error-reply.js';
import { InFlight, type InFlightListener } from './in-flight.js';
import type { LinkListener } from './link.js';

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

const PROBE_WAITS = { first: 50, longest: 1_000, denied: 30_000 } as const;

/**
 * The line to one Redis node: sends commands over a client that others may use as well, and stops sending while the node
 * does not serve. It is told when the socket comes and goes, and finds out by a probe whether Redis serves.
 */
export class Line implements LinkListener, InFlightListener {
  readonly #options: LineOptions;
  readonly #listener: LineListener;
  readonly #breaker: Breaker;
  readonly #inFlight: InFlight;
  #available = false;
  #told: boolean | undefined;
  #denied = false;
  #closed = false;
  #probes = 0;
  #cancelProbe: (() => void) | undefined;
  #whenDrained: (() => void) | undefined;

  constructor(options: LineOptions, listener: LineListener) {
    const { client, clock, deadline, breaker } = options;
    this.#options = options;
    this.#listener = listener;
    this.#breaker = new Breaker(breaker.timeouts);
    this.#inFlight = new InFlight({ client, clock, deadline, patience: breaker.reconnectAfter }, this);
  }

  /** Whether commands are sent now. */
  get available(): boolean {
    return this.#available;
  }

  /** How many answers came after their deadline. */
  get lateReplies(): number {
    return this.#inFlight.lateReplies;
  }

  /** Sends one command, as `RedisConnection.request` does. */
  request(args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#available ? this.#inFlight.send(args) : this.#refuse();
  }

  /** Sends several, as `RedisConnection.pipeline` does. */
  pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    if (!this.#available) return this.#refuse();
    return commands.length === 0 ? Promise.resolve([]) : this.#inFlight.sendAll(commands);
  }

  /** Sends nothing from now on, and waits until all that is in flight is answered, `limit` milliseconds at most. */
  async close(limit: number): Promise<void> {
    this.#closed = true;
    this.#available = false;
    this.#stopProbing();
    this.#breaker.lost('it is closed');
    if (!this.#inFlight.idle) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.schedule(limit, resolve);
        this.#whenDrained = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#inFlight.close();
  }

  connected(): void {
    this.#probes = 0;
    this.#probe();
  }

  lost(error: Error): void {
    if (this.#closed) return;
    this.#stopProbing();
    this.#breaker.lost(reasonOf(error));
    this.#tell(isDenial(error));
  }

  answered(): void {
    // A reply that was read just before its socket broke says nothing of the next socket.
    const current = this.#breaker.state === 'closed' || this.#options.client.isReady;
    if (current && this.#breaker.answered()) this.#tell(false);
  }

  failed(error: Error): Error | undefined {
    const kind = kindOf(error);
    if (kind === 'transport') return this.#broke(error);
    // A command that is not permitted is the caller's affair, but a line on which not even the probe is, is of no use.
    const denied = isDenial(error) && (kind !== 'command' || this.#breaker.state === 'half-open');
    if (denied || kind === 'unavailable') {
      if (this.#breaker.refused(reasonOf(error))) this.#tell(denied);
      return this.#unavailable(this.#breaker.reason, error);
    }
    this.answered();
    if (kind === 'read-only') this.#listener.readOnly(reasonOf(error));
    return undefined;
  }

  expired(): Error {
    if (this.#breaker.timedOut()) this.#tell(false);
    const { reason } = this.#breaker;
    return this.#unavailable(this.#closed ? reason : `no answer within ${this.#options.deadline} ms`);
  }

  drained(): void {
    this.#whenDrained?.();
    if (this.#breaker.state === 'open' && this.#options.client.isReady) this.#probeLater();
  }

  stuck(): void {
    this.#listener.stuck(this.#breaker.state === 'closed' ? 'no answer' : this.#breaker.reason);
  }

  #refuse(): Promise<never> {
    return Promise.reject(this.#unavailable(this.#breaker.reason));
  }

  #broke(error: Error): Error {
    const known = this.#breaker.state !== 'closed';
    const reason = known ? this.#breaker.reason : reasonOf(error);
    if (!known && !this.#options.client.isReady) this.lost(error);
    return this.#unavailable(reason, error);
  }

  #probeLater(): void {
    if (this.#cancelProbe !== undefined || this.#closed) return;
    const { first, longest, denied } = PROBE_WAITS;
    const wait = this.#denied ? denied : Math.min(longest, first * 2 ** this.#probes);
    this.#probes += 1;
    this.#cancelProbe = this.#options.clock.schedule(wait, () => this.#probe());
  }

  #probe(): void {
    this.#stopProbing();
    if (this.#closed || !this.#breaker.trying()) return;
    // What comes of it is heard by the breaker like the outcome of any command.
    this.#inFlight.send(['GET', this.#options.probeKey]).catch(() => undefined);
  }

  #stopProbing(): void {
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
  }

  #tell(denied: boolean): void {
    const available = this.#breaker.state === 'closed' && !this.#closed;
    this.#available = available;
    if (this.#closed) return;
    const known = this.#told === available && (this.#denied || !denied);
    this.#told = available;
    this.#denied = denied;
    if (!known) this.#listener.changed(available, this.#breaker.reason, denied);
  }

  #unavailable(reason: string, cause?: Error): RedisUnavailableError {
    return new RedisUnavailableError(this.#options.name, reason, cause);
  }
}
