import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { closeShop, newDatabase, openShop, type Shop, type ShopOptions } from './shop.js';

/** A Redis for the tests of a file. Each test has a database of its own, and finds Redis empty. */
export class ShopTest {
  #redis: RedisServer | undefined;
  #database: { readonly file: string; remove(): void } | undefined;

  constructor() {
    beforeAll(async () => {
      this.#redis = await startRedis();
    });
    afterAll(() => this.redis.stop());
    beforeEach(async () => {
      const database = newDatabase();
      this.#database = database;
      onTestFinished(database.remove);
      if (!this.redis.running) await this.redis.start();
      await this.redis.cli('FLUSHALL');
    });
  }

  get redis(): RedisServer {
    if (this.#redis === undefined) throw new Error('Redis is not started yet.');
    return this.#redis;
  }

  get file(): string {
    if (this.#database === undefined) throw new Error('There is no database yet.');
    return this.#database.file;
  }

  /** One process of the shop; it ends with the test. */
  async open(options?: ShopOptions): Promise<Shop> {
    const shop = await openShop(this.redis.url, this.file, options);
    onTestFinished(() => closeShop(shop));
    return shop;
  }

  /** The barriers that stand, with the milliseconds that they have left. */
  async barriers(): Promise<Map<string, number>> {
    const keys = (await this.redis.cli('KEYS', 'shop:*:b:*')) as string[];
    const left = await Promise.all(keys.map((key) => this.redis.cli('PTTL', key) as Promise<number>));
    return new Map(keys.map((key, index) => [key, left[index] ?? 0]));
  }

  /** Lets the barriers stand for as long as the test needs, although nobody renews them. */
  async keepBarriers(): Promise<void> {
    for (const key of (await this.barriers()).keys()) await this.redis.cli('PERSIST', key);
  }

  /** Lets the barriers run out at once. */
  async endBarriers(): Promise<void> {
    const barriers = await this.barriers();
    if (barriers.size > 0) await this.redis.cli('DEL', ...barriers.keys());
  }
}
