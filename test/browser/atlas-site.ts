import { randomBytes } from 'node:crypto';
import { BuiltCities, type CitiesProcess } from '../e2e/cities/built-cities.js';
import { freePort, startRedis, type RedisServer } from '../support/redis-server.js';

/** The demo as `npm start` builds and runs it, at one address, on a Redis of its own that keeps what it was told. */
export class AtlasSite {
  readonly url: string;
  readonly redis: RedisServer;
  readonly #built: BuiltCities;
  readonly #env: Readonly<Record<string, string>>;
  #process: CitiesProcess | undefined;

  private constructor(built: BuiltCities, redis: RedisServer, port: number, platform: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.redis = redis;
    this.#built = built;
    this.#env = {
      HOST: '127.0.0.1',
      PORT: String(port),
      PLATFORM: platform,
      REDIS_URL: redis.url,
      SESSION_SECRET: randomBytes(32).toString('base64url'),
    };
  }

  static async open(built: BuiltCities, platform: string): Promise<AtlasSite> {
    const redis = await startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } });
    const site = new AtlasSite(built, redis, await freePort(), platform);
    await site.start();
    return site;
  }

  async start(): Promise<void> {
    this.#process = await this.#built.start(this.#env);
  }

  /** Ends the demo as an operator would. */
  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM');
    this.#process = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.redis.stop();
  }
}
