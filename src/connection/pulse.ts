import type { RedisCommand, RedisReply } from './connection.js';
import { kindOf, reasonOf } from './error-reply.js';

/**
 * Asks a node whether it can be relied on: it answers, it serves, and it is a primary. What it refuses to tell is not asked
 * for again.
 */
export class Pulse {
  readonly #time: (sentAt: number, reply: RedisReply) => void;
  #asked: readonly ('PING' | 'ROLE' | 'TIME')[] = ['PING', 'ROLE', 'TIME'];

  /** `time` takes what the node answers to `TIME`. */
  constructor(time: (sentAt: number, reply: RedisReply) => void) {
    this.#time = time;
  }

  get commands(): readonly RedisCommand[] {
    return this.#asked.map((name) => ({ key: '', args: [name] }));
  }

  /** Why the node cannot be relied on, judged by its replies to `commands`; `undefined` = it can. */
  judge(replies: readonly (RedisReply | Error)[], sentAt: number): string | undefined {
    const asked = this.#asked;
    for (const [index, name] of asked.entries()) {
      const reply = replies[index] ?? null;
      if (reply instanceof Error) {
        if (kindOf(reply) !== 'command') return reasonOf(reply);
        // Refusing is answering, too.
        if (name !== 'PING') this.#asked = this.#asked.filter((one) => one !== name);
      } else if (name === 'ROLE') {
        const role = roleIn(reply);
        if (role !== 'master') return `the node is no primary (${role})`;
      } else if (name === 'TIME') {
        this.#time(sentAt, reply);
      }
    }
    return undefined;
  }
}

function roleIn(reply: RedisReply): string {
  return Array.isArray(reply) ? String(reply[0]) : String(reply);
}
