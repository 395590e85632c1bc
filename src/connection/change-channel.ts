import type { Clock } from '../clock.js';
import type { CacheEvent } from '../event/cache-event.js';
import type { Reporter } from '../event/reporter.js';
import { Voice } from './change-message.js';
import { ChannelSession, type ChannelMode, type SessionListener } from './channel-session.js';
import type { ChannelWire } from './channel-wire.js';
import type { ChangeChannel, ChangeHearer } from './connection.js';
import { Hearers } from './hearers.js';
import type { PulseParts } from './pulse.js';

/** What an invalidation channel is made of. */
export interface ChangeChannelParts extends PulseParts {
  /** The name of the connection. */
  readonly name: string;
  readonly clock: Clock;
  readonly reporter: Reporter;
  /** Makes a client for the channel. Called each time that somebody listens after nobody did. */
  readonly wire: () => ChannelWire;
}

/** What was reported last. */
type Told = Pick<Extract<CacheEvent, { type: 'channel' }>, 'state' | 'mode' | 'reason'>;

/** The invalidation channel of a connection to one node. It is open only while somebody listens. */
export class RedisChangeChannel implements ChangeChannel, SessionListener {
  readonly voice: Voice;
  readonly #parts: ChangeChannelParts;
  readonly #clock: Clock;
  readonly #hearers = new Hearers();
  #session: ChannelSession | undefined;
  #mode: ChannelMode | undefined;
  #epoch = 0;
  #until = -Infinity;
  #told: Told | undefined;
  #closed = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(parts: ChangeChannelParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.voice = new Voice(() => this.#mode === 'tracking');
  }

  get epoch(): number {
    return this.#epoch;
  }

  get trustedUntil(): number {
    return this.#until;
  }

  get trusted(): boolean {
    return this.#clock.monotonic() < this.#until;
  }

  listen(prefixes: readonly string[], hearer: ChangeHearer): () => void {
    if (this.#closed) return () => undefined;
    const before = this.#hearers.prefixes;
    const remove = this.#hearers.add(prefixes, hearer);
    if (this.#session === undefined) this.#open();
    else if (this.#hearers.prefixes.some((prefix) => !before.includes(prefix))) this.#session.rearm();
    return () => {
      remove();
      if (this.#hearers.size === 0) this.#end();
    };
  }

  /** The server that the calls go to is known: there is no trust in what another one tells. */
  compare(): void {
    this.#session?.compare();
  }

  /** Closes it for good: it is never trusted again. Leaves nothing open. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#end();
    await this.#closing;
  }

  #open(): void {
    const { wire, clock, time, server } = this.#parts;
    this.#session = new ChannelSession(
      { wire: wire(), clock, time, server, prefixes: () => this.#hearers.prefixes },
      this,
    );
    this.#session.open();
  }

  #end(): void {
    if (this.#session === undefined) return;
    const before = this.#closing;
    this.#closing = this.#session.close().then(() => before);
    this.#session = undefined;
    this.moved();
  }

  moved(): void {
    this.#until = -Infinity;
    this.#lose();
  }

  armed(mode: ChannelMode, until: number, reason: string): void {
    this.#lose();
    if (this.#session === undefined) return;
    this.#mode = mode;
    this.#until = until;
    this.#tell('trusted', mode, reason);
  }

  answered(until: number): void {
    this.#until = until;
  }

  down(reason: string, final: boolean): void {
    this.#tell('down', 'none', reason, final);
  }

  changed(key: string | null): void {
    if (key === null) this.#lose();
    else this.#hearers.changed(key);
  }

  #lose(): void {
    this.#epoch += 1;
    this.#hearers.lost();
  }

  /** Tells of a change. Another reason is none, unless there is something to be mended. */
  #tell(state: Told['state'], mode: Told['mode'], reason: string, final = false): void {
    const last = this.#told;
    if (last?.state === state && last.mode === mode && (!final || last.reason === reason)) return;
    this.#told = { state, mode, reason };
    this.#parts.reporter.report({ type: 'channel', connection: this.#parts.name, ...this.#told });
  }
}
