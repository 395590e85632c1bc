import { ConsoleLogger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { startSessionApp } from './session-app.js';
import { basicRoutes } from './session-routes.js';

/** Keeps warnings. */
class Warnings extends ConsoleLogger {
  readonly said: string[] = [];

  constructor() {
    super({ logLevels: ['warn'] });
  }

  override warn(message: unknown): void {
    this.said.push(String(message));
  }
}

describe('a Redis that evicts keys that expire', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ config: { maxmemory: '100mb', 'maxmemory-policy': 'volatile-lru' } });
  });
  afterAll(() => redis.stop());

  const warnings = async (allowEviction: boolean): Promise<string[]> => {
    const logger = new Warnings();
    const app = await startSessionApp({
      platform: 'express',
      redis: redis.url,
      controllers: [basicRoutes()],
      session: { allowEviction },
      logger,
    });
    await app.close();
    return logger.said.filter((line) => line.includes('evict'));
  };

  it('is warned of, though it lets nobody read its configuration, unless it was accepted', async () => {
    await redis.cli('ACL', 'SETUSER', 'default', '-config');
    expect(await warnings(false)).toEqual([expect.stringContaining('(maxmemory-policy volatile-lru)')]);
    expect(await warnings(true)).toEqual([]);
  });

  it('is not warned of as long as it has no limit', async () => {
    await redis.cli('ACL', 'SETUSER', 'default', '+config');
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect(await warnings(false)).toEqual([]);
  });
});
