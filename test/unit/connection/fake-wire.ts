import { RedisChangeChannel } from '../../../src/connection/change-channel.js';
import type { ChannelWire } from '../../../src/connection/channel-wire.js';
import type { RedisArgument, RedisReply } from '../../../src/connection/connection.js';
import type { LinkListener } from '../../../src/connection/link.js';
import type { CacheEvent } from '../../../src/event/cache-event.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

interface Waiting {
  readonly command: string;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What a server of this `run_id` answers to `INFO server`. */
export function infoOf(server: string): Buffer {
  return Buffer.from(`# Server\r\nredis_version:7.0.15\r\nrun_id:${server}\r\ntcp_port:6379\r\n`);
}

/** A node as a channel sees it: what it answers to a command whose text begins with a key of `answers`. */
export class FakeWire implements ChannelWire {
  /** All that was sent, in order. */
  readonly sent: string[] = [];
  readonly answers = new Map<string, RedisReply | Error>([
    ['CLIENT TRACKING', Buffer.from('OK')],
    ['SUBSCRIBE', Buffer.from('OK')],
    ['PUBLISH', 0],
    ['PING', Buffer.from('PONG')],
    ['ROLE', [Buffer.from('master'), 0, []]],
    ['TIME', [Buffer.from('1'), Buffer.from('500')]],
    ['INFO', infoOf('one')],
  ]);
  /** While false, nothing is answered. */
  answering = true;
  opened = 0;
  closed = 0;
  /** Why the socket was replaced. */
  readonly replaced: string[] = [];
  readonly #waiting: Waiting[] = [];
  #up = false;
  #listener: LinkListener | undefined;
  #changed: ((key: Buffer | null) => void) | undefined;
  #message: ((message: Buffer) => void) | undefined;

  readonly commands = {
    isReady: true,
    sendCommand: (args: readonly RedisArgument[]): Promise<unknown> => this.#send(args.join(' ')),
  };

  link(listener: LinkListener) {
    this.#listener = listener;
    return {
      open: () => void (this.opened += 1),
      replace: (reason: string) => {
        this.replaced.push(reason);
        this.lose(reason);
      },
      close: () => {
        this.closed += 1;
        this.#up = false;
        return Promise.resolve();
      },
    };
  }

  onChanged(listener: (key: Buffer | null) => void): void {
    this.#changed = listener;
  }

  subscribe(topic: string, listener: (message: Buffer) => void): Promise<unknown> {
    this.#message = listener;
    return this.#send(`SUBSCRIBE ${topic}`);
  }

  /** The socket is there. What is sent at once is answered, unless nothing is. */
  async connect(): Promise<void> {
    this.#up = true;
    this.#listener?.connected();
    await settled();
  }

  lose(reason: string): void {
    if (!this.#up) return;
    this.#up = false;
    const error = new Error(reason);
    this.#listener?.lost(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Answers what waits for it, or only so many commands, the oldest first. */
  async answer(count = Infinity): Promise<void> {
    for (const { command, resolve, reject } of this.#waiting.splice(0, count)) {
      const found = [...this.answers].find(([start]) => command.startsWith(start))?.[1];
      if (found === undefined) throw new Error(`No answer to ${command}`);
      if (found instanceof Error) reject(found);
      else resolve(found);
    }
    await settled();
  }

  /** Redis tells of a key. */
  push(key: string | null): void {
    this.#changed?.(key === null ? null : Buffer.from(key));
  }

  publish(message: string): void {
    this.#message?.(Buffer.from(message));
  }

  #send(command: string): Promise<unknown> {
    this.sent.push(command);
    const promise = new Promise((resolve, reject) => this.#waiting.push({ command, resolve, reject }));
    if (this.answering) queueMicrotask(() => void this.answer());
    return promise;
  }
}

/** Lets all promises settle that can. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** A hearer that writes down what it is told, and the state of the channel at that moment. */
export function setUpChannel() {
  const clock = new FakeClock();
  const wires: FakeWire[] = [];
  const events: string[] = [];
  const times: [number, RedisReply][] = [];
  /** Where calls go to. */
  const calls: { server: string | undefined } = { server: 'one' };
  const channel = new RedisChangeChannel({
    name: 'default',
    clock,
    reporter: { report: (event: CacheEvent) => void events.push(textOf(event)) },
    wire: () => {
      const wire = new FakeWire();
      wires.push(wire);
      return wire;
    },
    time: (sentAt, reply) => void times.push([sentAt, reply]),
    server: () => calls.server,
  });
  /** Listens and gives what is told. */
  function hear(...prefixes: string[]) {
    const told: string[] = [];
    const stop = channel.listen(prefixes, {
      changed: (key) => void told.push(key),
      lost: () => void told.push(`lost ${channel.epoch}${channel.trusted ? ' trusted' : ''}`),
    });
    return { told, stop };
  }
  /** Time passes, 10 ms at a time, and promises settle in between. */
  async function pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 10) {
      clock.advance(Math.min(10, left));
      await settled();
    }
  }
  const wire = (): FakeWire => {
    const last = wires.at(-1);
    if (last === undefined) throw new Error('Nobody listens.');
    return last;
  };
  return { clock, channel, wires, wire, events, times, calls, hear, pass };
}

function textOf(event: CacheEvent): string {
  return event.type === 'channel' ? `${event.state} (${event.mode}): ${event.reason}` : event.type;
}
