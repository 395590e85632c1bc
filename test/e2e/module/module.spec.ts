import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheRegistry,
  getCacheToken,
  InjectCache,
  NamedCache,
  RedisCacheModule,
} from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

@Injectable()
class Products {
  loads = 0;
  readonly cache: NamedCache;
  constructor(@InjectCache('products') cache: NamedCache) {
    this.cache = cache;
  }
  @Cacheable('products')
  async find(id: number): Promise<{ id: number }> {
    this.loads += 1;
    return { id };
  }
}

@Module({ providers: [Products], exports: [Products] })
class ProductsModule {}

describe.each(['memory', 'redis'])('RedisCacheModule on %s', (place) => {
  let app: INestApplicationContext;
  afterEach(() => app.close());

  it('caches what a method returns, injects named caches and counts', async () => {
    const connection = place === 'redis' ? { connection: redis.url } : {};
    app = await Test.createTestingModule({
      imports: [
        RedisCacheModule.forRoot({ ...connection, caches: { products: { ttl: '1m' } } }),
        ProductsModule,
      ],
    }).compile();
    await app.init();
    const products = app.get(Products);
    expect(await products.find(1)).toEqual({ id: 1 });
    expect(await products.find(1)).toEqual({ id: 1 });
    expect(await products.find(2)).toEqual({ id: 2 });
    expect(products.loads).toBe(2);
    expect(app.get(getCacheToken('products'))).toBe(products.cache);
    expect(app.get(CacheRegistry).get('products').stats()).toMatchObject({ hits: 1, misses: 2, loads: 2 });
  });
});
