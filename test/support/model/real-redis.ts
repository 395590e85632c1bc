import type { RedisArgument, RedisReply } from '../../../src/connection/connection.js';
import type { ManagedConnection } from '../../../src/connection/managed-connection.js';
import { connectTo } from '../../contract/redis-caches.js';
import { eventually } from '../eventually.js';
import { startRedis, type RedisServer } from '../redis-server.js';

const FENCE = 'fence';

/** A real Redis, and what it tells on a channel. */
export class RealRedis {
  readonly #server: RedisServer;
  readonly #connection: ManagedConnection;
  readonly #prefixes: readonly string[];
  readonly #told = new Set<string>();
  #fence: () => void = () => undefined;
  #lost = false;

  private constructor(server: RedisServer, connection: ManagedConnection, prefixes: readonly string[]) {
    this.#server = server;
    this.#connection = connection;
    this.#prefixes = prefixes;
    connection.changes.listen([...prefixes, FENCE], {
      changed: (key) => (key === FENCE ? this.#fence() : this.#told.add(key)),
      lost: () => {
        this.#lost = true;
        this.#fence();
      },
    });
  }

  /** Starts a server that tells of the keys that begin with one of the prefixes. */
  static async start(prefixes: readonly string[]): Promise<RealRedis> {
    const server = await startRedis();
    const { connection } = await connectTo(server.url);
    return new RealRedis(server, connection, prefixes);
  }

  async stop(): Promise<void> {
    await this.#connection.close();
    await this.#server.stop();
  }

  /** Removes everything, scripts included, and waits until it tells of what changes from now on. */
  async empty(): Promise<void> {
    await this.send(['FLUSHALL']);
    await this.send(['SCRIPT', 'FLUSH']);
    const isTrusted = (): void => {
      if (!this.#connection.changes.trusted) throw new Error('The channel is not trusted.');
    };
    await eventually(isTrusted, { timeout: 15_000 });
    this.#lost = false;
  }

  /** Whether it may have told of something since it was emptied that was not heard. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Whether it tells of a key. */
  tells(key: string): boolean {
    return this.#prefixes.some((prefix) => key.startsWith(prefix));
  }

  /** Sends a command. An error that Redis answers is given. */
  async send(args: readonly RedisArgument[]): Promise<RedisReply | Error> {
    const [reply] = await this.#connection.pipeline([{ key: '', args }]);
    return reply as RedisReply | Error;
  }

  /** The same, and waits for what it tells of since the last one: `told` are the keys that were changed. */
  async sendAndHear(
    args: readonly RedisArgument[],
  ): Promise<{ readonly reply: RedisReply | Error; readonly told: readonly string[] }> {
    this.#told.clear();
    const fenced = new Promise<void>((resolve) => (this.#fence = resolve));
    // What was changed before the fence is told before it.
    const [reply] = await Promise.all([this.send(args), this.send(['SET', FENCE, ''])]);
    if (!this.#lost) await fenced;
    return { reply, told: [...this.#told] };
  }
}
