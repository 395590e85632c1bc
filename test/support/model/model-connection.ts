import type {
  RedisArgument,
  RedisCommand,
  RedisConnection,
  RedisReply,
  RedisScript,
} from '../../../src/connection/connection.js';
import { evaluateScript } from '../../../src/connection/script.js';
import { RedisUnavailableError } from '../../../src/errors.js';
import type { Lane, Lanes } from './lanes.js';
import { ModelChannel } from './model-channel.js';
import type { ModelRedis } from './model-redis.js';
import { labelOf } from './labels.js';

/**
 * How the next call goes wrong. `dropped`: nothing of it arrives. `cut`: its first command arrives alone. `unanswered`: all
 * of it takes effect. `late`: its caller gives up before it arrives, and it takes effect all the same.
 */
export type Mishap = 'dropped' | 'cut' | 'unanswered' | 'late';

/** Commands that were sent together. */
interface Call {
  readonly commands: readonly RedisCommand[];
  readonly replies: (RedisReply | Error)[];
  /** How many of them arrive. */
  arriving: number;
  /** Settles it once. */
  end(error?: Error): void;
}

/** What answers commands. */
export interface Server {
  run(args: readonly RedisArgument[]): RedisReply | Error | Promise<RedisReply | Error>;
}

/**
 * A connection to a model of Redis. The arrival of each command is an event, and so is each answer: those of one connection
 * keep their order, and other connections come in between.
 */
export class ModelConnection implements RedisConnection {
  readonly name: string;
  readonly changes: ModelChannel;
  readonly #redis: ModelRedis;
  readonly #server: Server;
  readonly #lanes: Lanes;
  readonly #out: Lane;
  readonly #in: Lane;
  readonly #open = new Set<Call>();
  readonly #listeners = new Set<(voided: boolean) => void>();
  readonly #mishaps: Mishap[] = [];
  readonly deadline = 250;
  available = true;

  /** `server` = what answers in the place of the model, and changes it in the same way. */
  constructor(name: string, redis: ModelRedis, lanes: Lanes, server: Server = redis) {
    this.name = name;
    this.#redis = redis;
    this.#server = server;
    this.#lanes = lanes;
    this.#out = lanes.lane();
    this.#in = lanes.lane();
    this.changes = new ModelChannel(name, redis, lanes);
  }

  now(): number {
    return this.#redis.clock.now();
  }

  onUp(listener: (voided: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async request(command: RedisCommand): Promise<RedisReply> {
    const [reply] = await this.pipeline([command]);
    if (reply instanceof Error) throw reply;
    return reply as RedisReply;
  }

  pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    if (!this.available) return Promise.reject(new RedisUnavailableError(this.name, 'it is down'));
    return new Promise((resolve, reject) => {
      const replies: (RedisReply | Error)[] = [];
      const end = (error?: Error): void => {
        if (!this.#open.delete(call)) return;
        if (error === undefined) resolve(replies);
        else reject(error);
      };
      const call: Call = { commands, replies, arriving: commands.length, end };
      this.#open.add(call);
      this.#send(call, this.#mishaps.shift());
    });
  }

  evaluate(
    script: RedisScript,
    keys: readonly RedisArgument[],
    args: readonly RedisArgument[],
  ): Promise<RedisReply> {
    return evaluateScript(this, script, keys, args);
  }

  scan(): AsyncIterable<readonly Buffer[]> {
    throw new Error('The model is not walked.');
  }

  /** The next call goes wrong. */
  mishap(kind: Mishap): void {
    this.#mishaps.push(kind);
  }

  /** The socket breaks: what has not arrived never does, and nothing is answered. It comes up some time later. */
  break(): void {
    if (!this.available) return;
    this.available = false;
    for (const call of this.#open) {
      call.arriving = 0;
      call.end(new RedisUnavailableError(this.name, 'the socket has broken'));
    }
    void this.#lanes.turn(`${this.name} is up again`).then(() => {
      this.available = true;
      for (const listener of [...this.#listeners]) listener(true);
    });
  }

  #send(call: Call, mishap: Mishap | undefined): void {
    const { commands } = call;
    if (mishap !== undefined)
      call.arriving = { dropped: 0, cut: 1, unanswered: Infinity, late: Infinity }[mishap];
    const lost = new RedisUnavailableError(this.name, 'no answer');
    const answer = (): void => {
      if (mishap === undefined) this.#in.push(`${this.name} is answered`, () => call.end());
      else this.#in.push(`${this.name} gets no answer`, () => call.end(lost));
    };
    for (const [index, { args }] of commands.entries()) {
      this.#out.push(`${this.name}: ${labelOf(args)}`, async () => {
        if (index < call.arriving) call.replies.push(await this.#server.run(args));
        if (index === commands.length - 1) answer();
      });
    }
    if (mishap === 'late') void this.#lanes.turn(`${this.name} gives up`).then(() => call.end(lost));
  }
}
