import { CacheInterceptor, CacheKey, CacheTTL } from '@nestjs/cache-manager';
import { Controller, Get, Module, UseInterceptors, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CacheRegistry, RedisCacheModule } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

@Controller()
@UseInterceptors(CacheInterceptor)
class NewsController {
  runs = 0;
  @Get('news')
  list(): { run: number } {
    return { run: (this.runs += 1) };
  }
  @Get('keyed')
  @CacheKey('the-key')
  @CacheTTL(60_000)
  keyed(): { run: number } {
    return { run: (this.runs += 1) };
  }
  @Get('forever')
  @CacheKey('forever')
  @CacheTTL(0)
  forever(): { run: number } {
    return { run: (this.runs += 1) };
  }
}

@Module({ controllers: [NewsController] })
class NewsModule {}

describe("the stock CacheInterceptor of @nestjs/cache-manager on the cache 'default'", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  let app: INestApplication;
  afterEach(() => app.close());

  describe.each(['memory', 'redis'])('%s', (place) => {
    const start = async (): Promise<ReturnType<INestApplication['getHttpServer']>> => {
      const options = place === 'redis' ? { connection: redis.url } : {};
      const module = await Test.createTestingModule({
        imports: [RedisCacheModule.forRoot(options), NewsModule],
      }).compile();
      app = await module.createNestApplication().init();
      return app.getHttpServer();
    };

    it('serves the second request from the cache', async () => {
      const server = await start();
      const first = await request(server).get('/news');
      const second = await request(server).get('/news');
      expect([first.headers['x-cache'], second.headers['x-cache']]).toEqual(['MISS', 'HIT']);
      expect(second.body).toEqual(first.body);
    });

    it('keeps @CacheKey and @CacheTTL, 0 meaning no expiry', async () => {
      const server = await start();
      await request(server).get('/keyed');
      await request(server).get('/forever');
      const cache = app.get(CacheRegistry).get('default');
      expect(await cache.get('the-key')).toEqual({ run: 1 });
      expect(await cache.remainingTtl('the-key')).toBeLessThanOrEqual(60_000);
      expect(await cache.remainingTtl('forever')).toBeNull();
    });
  });
});
