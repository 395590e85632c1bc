import type { Clock } from '../clock.js';
import { CHANGE_TOPIC, MessageReader } from './change-message.js';
import type { ChannelWire } from './channel-wire.js';
import type { RedisArgument, RedisCommand } from './connection.js';
import { isDenial, kindOf, reasonOf } from './error-reply.js';
import { Exchange, type Replies } from './exchange.js';
import type { Link, LinkListener } from './link.js';
import { Pulse, type Obstacle, type PulseParts } from './pulse.js';
import { LONGEST_WAIT } from './redis-client.js';

/** How changes are told: Redis tracks keys for us, or writers publish messages. */
export type ChannelMode = 'tracking' | 'messages';

/** Hears what a session finds. */
export interface SessionListener {
  /** It cannot be relied on any more, or not in the same way: what may have changed meanwhile is not told. */
  moved(): void;
  /** From here on every change is told. To be relied on until `until`, by the monotonic clock. `reason` = how it came to it. */
  armed(mode: ChannelMode, until: number, reason: string): void;
  /** The node has answered: to be relied on for longer. */
  answered(until: number): void;
  /** Why it cannot be relied on. `final` = not before somebody changes a setting. Called again as long as it lasts. */
  down(reason: string, final: boolean): void;
  /** A key has changed; `null` = any may have. */
  changed(key: string | null): void;
}

/** What a session is made of. */
export interface SessionParts extends PulseParts {
  readonly wire: ChannelWire;
  readonly clock: Clock;
  /** The prefixes of the keys that are to be told of, at this moment. */
  readonly prefixes: () => readonly string[];
}

const INTERVAL = 500;
const LIMIT = 500;
/** Counted in turns of the event loop, so that a busy process misses no ping: 480 ms at most. */
const DEADLINE = 400;
const WAIT_WHEN_REFUSED = 30_000;

/**
 * One connection over which changes are told, from when somebody listens until nobody does. Each time that it has a socket
 * it has Redis tell of the keys, and sees by a ping every 500 ms whether it can be relied on.
 */
export class ChannelSession implements LinkListener {
  readonly #parts: SessionParts;
  readonly #listener: SessionListener;
  readonly #link: Link;
  readonly #exchange: Exchange;
  readonly #messages = new MessageReader();
  #pulse: Pulse;
  #state: 'down' | 'arming' | 'trusted' = 'down';
  #mode: ChannelMode = 'tracking';
  #cancelNext: (() => void) | undefined;
  #closed = false;

  constructor(parts: SessionParts, listener: SessionListener) {
    const { wire, clock } = parts;
    this.#parts = parts;
    this.#listener = listener;
    this.#pulse = new Pulse(parts);
    this.#exchange = new Exchange({
      client: wire.commands,
      clock,
      deadline: DEADLINE,
      broken: (reason) => this.#link.replace(reason),
    });
    wire.onChanged((key) => listener.changed(key === null ? null : key.toString()));
    this.#link = wire.link(this);
  }

  open(): void {
    this.#link.open();
  }

  /** Has Redis tell of other keys than before. */
  rearm(): void {
    if (this.#state !== 'down') this.#arm();
  }

  /** The calls may go to another node than before. */
  compare(): void {
    const obstacle = this.#state === 'trusted' ? this.#pulse.elsewhere : undefined;
    if (obstacle === undefined) return;
    this.#cancelNext?.();
    this.#exchange.drop();
    this.#hinder(obstacle, this.#parts.clock.monotonic());
  }

  /** Lets go of the connection. Tells nobody. Never rejects. */
  close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext?.();
    this.#exchange.close();
    return this.#link.close();
  }

  connected(): void {
    this.#pulse = new Pulse(this.#parts);
    this.#arm();
  }

  lost(error: Error): void {
    this.#cancelNext?.();
    this.#exchange.drop();
    this.#become('down', reasonOf(error), isDenial(error));
  }

  #arm(): void {
    this.#become('arming');
    this.#mode = 'tracking';
    const tracked = this.#parts.prefixes().flatMap((prefix) => ['PREFIX', prefix]);
    const commands = [
      command('CLIENT', 'TRACKING', 'OFF'),
      command('CLIENT', 'TRACKING', 'ON', 'BCAST', ...tracked),
      ...this.#pulse.commands,
    ];
    this.#begin(commands, ([, tracking, ...pulse], sentAt) => {
      if (!(tracking instanceof Error)) this.#felt(pulse, sentAt, 'Redis tracks keys');
      else if (kindOf(tracking) === 'command') this.#subscribe(reasonOf(tracking));
      else this.#unfit(reasonOf(tracking), sentAt);
    });
  }

  /** Redis tracks no keys for us. */
  #subscribe(why: string): void {
    this.#mode = 'messages';
    this.#messages.begin();
    let refusal: Error | undefined;
    const subscribed = this.#parts.wire.subscribe(CHANGE_TOPIC, this.#onMessage).catch((error: Error) => {
      refusal = error;
    });
    // Where we are not permitted to publish, others are not either, and there is nothing to be heard.
    const commands = [command('PUBLISH', CHANGE_TOPIC, ''), ...this.#pulse.commands];
    this.#begin(
      commands,
      ([published, ...pulse], sentAt) => {
        refusal ??= published instanceof Error ? published : undefined;
        if (refusal === undefined) this.#felt(pulse, sentAt, why);
        else if (kindOf(refusal) === 'command') this.#refused(`${why}; ${reasonOf(refusal)}`);
        else this.#unfit(reasonOf(refusal), sentAt);
      },
      subscribed,
    );
  }

  readonly #onMessage = (message: Buffer): void => {
    if (this.#mode !== 'messages') return;
    for (const key of this.#messages.read(message) ?? [null]) this.#listener.changed(key);
  };

  #beat(): void {
    this.#begin(this.#pulse.commands, (replies, sentAt) => this.#felt(replies, sentAt, ''));
  }

  #felt(pulse: Replies, sentAt: number, reason: string): void {
    const obstacle = this.#pulse.judge(pulse, sentAt);
    if (obstacle !== undefined) return this.#hinder(obstacle, sentAt);
    // Whatever changes is told here within these times from when the ping was sent, or the ping is not answered.
    const until = sentAt + INTERVAL + LIMIT;
    if (this.#state === 'trusted') {
      this.#listener.answered(until);
    } else {
      this.#state = 'trusted';
      this.#listener.armed(this.#mode, until, reason);
    }
    this.#next(sentAt + INTERVAL, () => this.#beat());
  }

  #hinder({ reason, astray }: Obstacle, sentAt: number): void {
    if (!astray) return this.#unfit(reason, sentAt);
    this.#become('arming', reason);
    this.#next(sentAt + LONGEST_WAIT, () => this.#link.replace(reason));
  }

  #unfit(reason: string, sentAt: number): void {
    this.#become('arming', reason);
    this.#next(sentAt + INTERVAL, () => this.#arm());
  }

  #refused(reason: string): void {
    this.#become('arming', reason, true);
    this.#next(this.#parts.clock.monotonic() + WAIT_WHEN_REFUSED, () => this.#arm());
  }

  #become(state: 'down' | 'arming', reason?: string, final = false): void {
    if (this.#state !== state) {
      this.#state = state;
      this.#listener.moved();
    }
    if (reason !== undefined) this.#listener.down(reason, final);
  }

  #next(at: number, then: () => void): void {
    // Whoever is told something may go, and be the last.
    if (this.#closed) return;
    const { clock } = this.#parts;
    this.#cancelNext = clock.schedule(Math.max(0, at - clock.monotonic()), then);
  }

  /** Begins an exchange in place of what was to come next. */
  #begin(...lot: Parameters<Exchange['begin']>): void {
    this.#cancelNext?.();
    if (!this.#closed) this.#exchange.begin(...lot);
  }
}

function command(...args: RedisArgument[]): RedisCommand {
  return { key: '', args };
}
