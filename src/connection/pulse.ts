import type { RedisCommand, RedisReply } from './connection.js';
import { kindOf, reasonOf } from './error-reply.js';
import { runIdIn } from './server-id.js';

/** What a node is asked for the sake of. */
export interface PulseParts {
  /** Takes what the node answers to `TIME`, sent at `sentAt` by the monotonic clock. */
  readonly time: (sentAt: number, reply: RedisReply) => void;
  /** The server that the calls of the connection go to, as `INFO` names it; `undefined` = not known. */
  readonly server: () => string | undefined;
}

/** Why a node cannot be relied on. */
export interface Obstacle {
  readonly reason: string;
  /** Whether it is the wrong node: another socket may lead to the right one. */
  readonly astray: boolean;
}

const COMMANDS = { PING: ['PING'], ROLE: ['ROLE'], TIME: ['TIME'], INFO: ['INFO', 'server'] } as const;

/**
 * Asks a node whether it can be relied on: it answers, it serves, it is a primary, and it is the one that the calls go to.
 * What it refuses to tell is not asked for again.
 */
export class Pulse {
  readonly #parts: PulseParts;
  #asked: readonly (keyof typeof COMMANDS)[] = ['PING', 'ROLE', 'TIME', 'INFO'];
  #id: string | undefined;

  constructor(parts: PulseParts) {
    this.#parts = parts;
  }

  get commands(): readonly RedisCommand[] {
    return this.#asked.map((name) => ({ key: '', args: COMMANDS[name] }));
  }

  /** Why the node cannot be relied on, judged by its replies to `commands`; `undefined` = it can. */
  judge(replies: readonly (RedisReply | Error)[], sentAt: number): Obstacle | undefined {
    const asked = this.#asked;
    let time: RedisReply | undefined;
    for (const [index, name] of asked.entries()) {
      const reply = replies[index] ?? null;
      if (reply instanceof Error) {
        if (kindOf(reply) !== 'command') return { reason: reasonOf(reply), astray: false };
        // Refusing is answering, too.
        if (name !== 'PING') this.#askNoMore(name);
      } else if (name === 'ROLE') {
        const role = roleIn(reply);
        if (role !== 'master') return { reason: `the node is no primary (${role})`, astray: true };
      } else if (name === 'TIME') {
        time = reply;
      } else if (name === 'INFO') {
        this.#id = runIdIn(reply);
        this.#askNoMore(name);
      }
    }
    const { elsewhere } = this;
    if (elsewhere === undefined && time !== undefined) this.#parts.time(sentAt, time);
    return elsewhere;
  }

  /** What is wrong if the calls go to another node: what is read there may be older than what is told here. */
  get elsewhere(): Obstacle | undefined {
    const server = this.#parts.server();
    if (this.#id === undefined || server === undefined || this.#id === server) return undefined;
    return { reason: 'calls go to another node than the one that tells of changes', astray: true };
  }

  #askNoMore(name: keyof typeof COMMANDS): void {
    this.#asked = this.#asked.filter((one) => one !== name);
  }
}

function roleIn(reply: RedisReply): string {
  return Array.isArray(reply) ? String(reply[0]) : String(reply);
}
