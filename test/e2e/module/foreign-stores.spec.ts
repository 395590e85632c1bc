import { Injectable, Module } from '@nestjs/common';
import KeyvRedis from '@keyv/redis';
import { Test } from '@nestjs/testing';
import { redisInsStore, redisStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheRegistry,
  fromCacheManager,
  plainJsonStore,
  RedisCacheModule,
  type CacheOptions,
} from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

@Injectable()
class Products {
  loads = 0;
  @Cacheable({ cache: 'foreign', key: (id: number) => `product:${id}` })
  async find(id: number): Promise<{ id: number; tags: string[] }> {
    this.loads += 1;
    return { id, tags: ['a', 'ü'] };
  }
}

@Module({ providers: [Products] })
class ProductsModule {}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Clients at the server, this look at them not counted. */
const clients = async (): Promise<number> =>
  String(await redis.cli('CLIENT', 'LIST'))
    .split('\n')
    .filter((line) => line !== '' && !line.includes('cmd=client')).length;

const STORES: [string, () => NonNullable<CacheOptions['store']>][] = [
  ['a Keyv in memory', () => new Keyv()],
  ['a Keyv on Redis', () => new Keyv(new KeyvRedis(redis.url), { namespace: 'keyv-app' })],
  ["redis-yet's redisStore()", () => fromCacheManager(redisStore({ url: redis.url, keyPrefix: 'own' }))],
  [
    "redis-yet's redisInsStore() over our client",
    () => fromCacheManager((client) => redisInsStore(client as never, { keyPrefix: 'ins' })),
  ],
  ['plain JSON', () => plainJsonStore({ prefix: 'plain:' })],
];

describe.each(STORES)('a cache in %s', (_, store) => {
  it('serves decorated methods and named caches, and is closed with the application', async () => {
    const before = await clients();
    const module = await Test.createTestingModule({
      imports: [
        RedisCacheModule.forRoot({
          connection: redis.url,
          caches: { foreign: { store: store(), ttl: '1m' } },
        }),
        ProductsModule,
      ],
    }).compile();
    const app = await module.init();
    const products = app.get(Products, { strict: false });
    const cache = app.get(CacheRegistry).get('foreign');
    expect(await products.find(1)).toEqual({ id: 1, tags: ['a', 'ü'] });
    expect(await products.find(1)).toEqual({ id: 1, tags: ['a', 'ü'] });
    expect(products.loads).toBe(1);
    expect(await cache.get('product:1')).toEqual({ id: 1, tags: ['a', 'ü'] });
    expect(await cache.has('product:1')).toBe(true);
    expect(await cache.remainingTtl('product:1')).toBeGreaterThan(50_000);
    await redis.cli('SET', 'foreign', 'untouched');
    await cache.clear();
    expect(await cache.get('product:1')).toBeUndefined();
    expect(await redis.cli('GET', 'foreign')).toBe('untouched');
    await app.close();
    await eventually(async () => expect(await clients()).toBe(before));
  });
});
