import { afterAll, beforeAll } from 'vitest';
import { startRedis, type RedisServer } from '../redis-server.js';
import { DURABLE } from './run-history.js';
import { ownHistory, type Outcome, type OwnHistoryOptions } from './own-history.js';
import { TcpProxy } from './tcp-proxy.js';

/** A server that keeps what it has acknowledged, and a way to it on which things go wrong, for the tests of a file. */
export class Playground {
  #redis: RedisServer | undefined;
  #proxy: TcpProxy | undefined;
  #prefixes = 0;

  constructor() {
    beforeAll(async () => {
      this.#redis = await startRedis(DURABLE);
      this.#proxy = await TcpProxy.open(this.#redis.port);
    });
    afterAll(async () => {
      await this.#proxy?.close();
      await this.#redis?.stop();
    });
  }

  get redis(): RedisServer {
    if (this.#redis === undefined) throw new Error('The server is not started yet.');
    return this.#redis;
  }

  get proxy(): TcpProxy {
    if (this.#proxy === undefined) throw new Error('The proxy is not open yet.');
    return this.#proxy;
  }

  /** A prefix of keys that nobody else has. */
  keyPrefix(): string {
    return `history${++this.#prefixes}`;
  }

  /** Lets nodes of ours work here. */
  run(options: Omit<OwnHistoryOptions, 'redis' | 'proxy' | 'keyPrefix'>): Promise<Outcome> {
    return ownHistory({ redis: this.redis, proxy: this.proxy, keyPrefix: this.keyPrefix(), ...options });
  }

  /** The leases and barriers that are in Redis. */
  async leasesAndBarriers(): Promise<string[]> {
    const [, keys] = (await this.redis.cli('SCAN', 0, 'COUNT', 1_000_000)) as [string, string[]];
    return keys.filter((key) => /:[lb]:/.test(key));
  }
}
