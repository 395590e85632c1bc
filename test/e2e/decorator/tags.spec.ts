import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ResponseStorage } from '../../../src/http/engine/response-storage.js';
import { CacheRegistry, RedisCacheModule, type NamedCache } from '../../../src/index.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { ProductPages, productKey, Products, Shop, type Product } from './tags-app.js';

/** One process of an application. */
interface Process {
  readonly app: INestApplication;
  readonly cache: NamedCache;
  readonly products: Products;
  readonly shop: Shop;
  /** The body of a response, once everything that was to be stored is. */
  get(path: string): Promise<Product>;
}

let tests = 0;

async function start(platform: string, redis: RedisServer | undefined, keyPrefix: string): Promise<Process> {
  const options = redis && { connection: { url: redis.url, connect: 'required' as const }, keyPrefix };
  const testing = await Test.createTestingModule({
    imports: [RedisCacheModule.forRoot(options)],
    controllers: [ProductPages],
    providers: [Products, Shop],
  }).compile();
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = testing.createNestApplication(adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  const cache = app.get(CacheRegistry).get();
  return {
    app,
    cache,
    products: app.get(Products),
    shop: app.get(Shop),
    async get(path) {
      const { body } = await request(app.getHttpServer() as never).get(path);
      await app.get(ResponseStorage).drain();
      return body as Product;
    },
  };
}

describe.each([
  ['memory', 'express'],
  ['memory', 'fastify'],
  ['Redis', 'express'],
  ['Redis', 'fastify'],
])('tags in %s, on %s', (place, platform) => {
  let redis: RedisServer | undefined;
  let one: Process;
  beforeAll(async () => {
    redis = place === 'Redis' ? await startRedis() : undefined;
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    tests += 1;
    one = await start(platform, redis, `test${tests}`);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    return one.app.close();
  });

  it('of a method are those of its key, its options and its result', async () => {
    await one.products.find(1, 'red');
    const entry = await one.cache.getEntry(productKey(1));
    expect(entry?.tags.toSorted()).toEqual(['brand:red', 'product:1', 'products']);
    for (const tag of ['brand:red', 'product:1', 'products']) {
      const before = await one.products.find(1, 'red');
      expect(await one.products.find(1, 'red')).toEqual(before);
      await one.cache.invalidateTags(tag);
      expect((await one.products.find(1, 'red')).run).toBe(before.run + 1);
    }
  });

  it('of @CachePut and @CacheEvict work together with them', async () => {
    await one.products.save(1, 'red');
    await one.products.save(2, 'blue');
    await one.cache.set('list', 'of all', { tags: ['lists'] });
    await one.products.dropBrand('red');
    expect(await one.cache.mget([productKey(1), 'list'])).toEqual([undefined, 'of all']);
    expect((await one.products.find(2, 'blue')).run).toBe(2);
    await one.products.dropOne(2);
    expect(await one.cache.mget([productKey(2), 'list'])).toEqual([undefined, undefined]);
  });

  it('of a route drop its responses, however they were named, and no others', async () => {
    const pages = ['/list', '/products/1?brand=red', '/products/2?brand=blue'];
    const stored = async (): Promise<number[]> => {
      const runs: number[] = [];
      for (const page of pages) runs.push((await one.get(page)).run);
      return runs;
    };
    expect(await stored()).toEqual([1, 2, 3]);
    expect(await stored()).toEqual([1, 2, 3]);
    await one.cache.invalidateTags('lists');
    expect(await stored()).toEqual([4, 2, 3]);
    await one.cache.invalidateTags('product:1');
    expect(await stored()).toEqual([4, 5, 3]);
    await one.products.dropBrand('blue');
    expect(await stored()).toEqual([4, 5, 6]);
    await request(one.app.getHttpServer() as never)
      .post('/brands/red')
      .expect(201);
    expect(await stored()).toEqual([4, 7, 6]);
    await one.cache.clear();
    expect(await stored()).toEqual([8, 9, 10]);
  });

  it('of a route do not store what `unless` rejects', async () => {
    expect((await one.get('/products/1?brand=draft')).run).toBe(1);
    expect((await one.get('/products/1?brand=draft')).run).toBe(2);
  });

  it.each([
    ['that every response has', '/list', 'lists'],
    ['made of the arguments', '/products/1?brand=red', 'product:1'],
    ['named by the result', '/products/1?brand=red', 'brand:red'],
  ])('invalidated while the handler runs keep its response out: a tag %s', async (_name, path, tag) => {
    one.shop.meanwhile = () => one.cache.invalidateTags(tag);
    expect((await one.get(path)).run).toBe(1);
    one.shop.meanwhile = () => undefined;
    expect((await one.get(path)).run).toBe(2);
    expect((await one.get(path)).run).toBe(2);
  });

  it('of a route whose handler failed store the next response; where one was private, nobody waits for the next', async () => {
    await one.get('/fragile');
    expect((await one.get('/fragile')).run).toBe(2);
    expect((await one.get('/fragile')).run).toBe(2);
    one.shop.runs = 0;
    // Chance lets one request in eight try again sooner.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    for (const run of [1, 2, 3]) expect((await one.get('/private')).run).toBe(run);
  });

  it('that are none fail the request, and nothing is stored', async () => {
    await request(one.app.getHttpServer() as never)
      .get('/wrong')
      .expect(500);
    await one.get('/wrong');
    expect(one.shop.runs).toBe(2);
  });
});

describe.each(['express', 'fastify'])('tags of two processes, on %s', (platform) => {
  let redis: RedisServer;
  let one: Process;
  let two: Process;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    tests += 1;
    one = await start(platform, redis, `test${tests}`);
    two = await start(platform, redis, `test${tests}`);
  });
  afterEach(() => Promise.all([one.app.close(), two.app.close()]));

  it('invalidated by another process drop what this one stored', async () => {
    await one.products.find(1, 'red');
    expect((await one.get('/products/1?brand=red')).run).toBe(2);
    expect([(await two.products.find(1, 'red')).run, two.shop.runs]).toEqual([1, 0]);
    expect([(await two.get('/products/1?brand=red')).run, two.shop.runs]).toEqual([2, 0]);
    await two.products.dropBrand('red');
    expect((await one.products.find(1, 'red')).run).toBe(3);
    expect((await one.get('/products/1?brand=red')).run).toBe(4);
  });

  it.each([
    ['an invalidation', (cache: NamedCache) => cache.invalidateTags('brand:red')],
    ['a clear', (cache: NamedCache) => cache.clear()],
  ])('keep a response out after %s by another process while its handler ran', async (_name, invalidate) => {
    one.shop.meanwhile = () => invalidate(two.cache);
    expect((await one.get('/products/1?brand=red')).run).toBe(1);
    one.shop.meanwhile = () => undefined;
    expect((await one.get('/products/1?brand=red')).run).toBe(2);
    expect((await two.get('/products/1?brand=red')).run).toBe(2);
  });
});
