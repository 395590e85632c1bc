import type { Clock } from '../clock.js';
import type { Reporter } from '../event/reporter.js';
import type { BorrowedClient } from './borrowed-client.js';
import { RedisChangeChannel } from './change-channel.js';
import { channelWire } from './channel-wire.js';
import { ownView, SEND_OPTIONS } from './client.js';
import type { ResolvedBehaviour } from './connection-options.js';
import type { RedisArgument, RedisCommand, RedisReply, RedisScript } from './connection.js';
import { FormerSockets } from './former-sockets.js';
import { Line, type LineListener } from './line.js';
import type { Link, LinkListener } from './link.js';
import type { ManagedConnection } from './managed-connection.js';
import type { RedisClient } from './redis-client.js';
import { scanKeys } from './scan.js';
import { evaluateScript } from './script.js';
import { ServerId } from './server-id.js';
import { ServerTime } from './server-time.js';
import { Startup } from './startup.js';

/** What a connection to one node is made of. */
export interface NodeConnectionParts {
  readonly options: ResolvedBehaviour;
  readonly client: RedisClient | BorrowedClient;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly probeKey: string;
  /** Makes what looks after the client's socket. */
  readonly link: (listener: LinkListener) => Link;
}

const DRAIN_LIMIT = 500;
const READ_ONLY_PAUSE = 10_000;

/** A connection to one Redis node, over a client of our own or a borrowed one. */
export class NodeConnection implements ManagedConnection, LineListener {
  readonly name: string;
  readonly deadline: number;
  readonly client: RedisClient | BorrowedClient;
  readonly changes: RedisChangeChannel;
  readonly #required: boolean;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  readonly #line: Line;
  readonly #link: Link;
  readonly #time: ServerTime;
  readonly #server: ServerId;
  readonly #formerSockets: FormerSockets;
  readonly #upListeners = new Set<(voided: boolean) => void>();
  #startup: Startup | undefined;
  #ups = 0;
  #closing: Promise<void> | undefined;
  #replacedAt = -Infinity;

  constructor({ options, client, clock, reporter, probeKey, link }: NodeConnectionParts) {
    const { name, deadline, breaker, connect } = options;
    this.name = name;
    this.deadline = deadline;
    this.client = client;
    this.#required = connect === 'required';
    this.#clock = clock;
    this.#reporter = reporter;
    const commands = ownView(client);
    this.#line = new Line({ name, client: commands, deadline, breaker, probeKey, clock }, this);
    this.#time = new ServerTime(clock, () => commands.sendCommand(['TIME'], SEND_OPTIONS));
    this.#server = new ServerId(commands, () => this.changes.compare());
    this.#formerSockets = new FormerSockets(commands);
    this.changes = new RedisChangeChannel({
      name,
      clock,
      reporter,
      wire: () => channelWire(client, clock),
      time: (sentAt, reply) => this.#time.take(sentAt, reply),
      server: () => this.#server.current,
    });
    this.#link = link({
      connected: () => {
        // All of them are answered before what the line finds out, so before anybody's calls are sent.
        this.#formerSockets.connected();
        this.#server.connected();
        this.#time.connected();
        this.#line.connected();
      },
      lost: (error) => {
        this.#server.lost();
        this.#line.lost(error);
      },
    });
  }

  get available(): boolean {
    return this.#line.available;
  }

  get lateReplies(): number {
    return this.#line.lateReplies;
  }

  now(): number {
    return this.#time.now();
  }

  onUp(listener: (voided: boolean) => void): () => void {
    this.#upListeners.add(listener);
    return () => void this.#upListeners.delete(listener);
  }

  request(command: RedisCommand): Promise<RedisReply> {
    return this.#line.request(command.args);
  }

  pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    return this.#line.pipeline(commands);
  }

  evaluate(
    script: RedisScript,
    keys: readonly RedisArgument[],
    args: readonly RedisArgument[],
  ): Promise<RedisReply> {
    return evaluateScript(this, script, keys, args);
  }

  scan(glob: string): AsyncIterable<readonly Buffer[]> {
    return scanKeys(this, glob);
  }

  duplicate(): RedisClient {
    const client = this.client.duplicate() as RedisClient;
    // Without a listener, an error of a client ends the process.
    client.on('error', () => undefined);
    return client;
  }

  async start(): Promise<void> {
    this.#startup = new Startup(this.name, this.#required, this.#clock);
    this.#link.open();
    // A borrowed client that its owner has not begun to connect: there is no try to wait for.
    if (!this.#required && !this.client.isOpen) this.#startup.abandon();
    try {
      await this.#startup.ended;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#startup?.abandon();
    const channel = this.changes.close();
    await this.#line.close(DRAIN_LIMIT);
    await Promise.all([this.#link.close(), channel]);
  }

  changed(available: boolean, reason: string, denied: boolean): void {
    this.#reporter.report({
      type: 'connection',
      connection: this.name,
      state: available ? 'up' : 'down',
      reason,
    });
    this.#startup?.changed(available, reason, denied);
    if (available) void this.#cameUp();
  }

  async #cameUp(): Promise<void> {
    const time = ++this.#ups;
    const voided = await this.#formerSockets.close((commands) => this.pipeline(commands));
    if (time !== this.#ups || !this.available) return;
    this.#formerSockets.forget();
    for (const listener of [...this.#upListeners]) listener(voided);
  }

  stuck(reason: string): void {
    this.#link.replace(reason);
  }

  readOnly(reason: string): void {
    // After a failover behind one address, a new socket leads to the new primary. Where the node simply is a replica,
    // connecting anew for each write would be worse than the error.
    const now = this.#clock.monotonic();
    if (now - this.#replacedAt < READ_ONLY_PAUSE) return;
    this.#replacedAt = now;
    this.#clock.afterInput(() => this.#link.replace(reason));
  }
}
