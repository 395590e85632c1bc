import { Inject, Injectable, Module, type ModuleMetadata } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cacheable, CacheRegistry, getRedisToken, RedisCacheModule } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

@Injectable()
class AsksForNoCache {
  @Cacheable('missing')
  async find(): Promise<number> {
    return 1;
  }
}

@Injectable()
class AsksForNoClient {
  constructor(@Inject(getRedisToken('second')) readonly client: unknown) {}
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** The connections of others than the test itself. */
async function clients(): Promise<number> {
  return (
    String(await redis.cli('CLIENT', 'LIST'))
      .trim()
      .split('\n').length - 1
  );
}

describe('an application that does not start leaves no connection open, since nobody could close it', () => {
  const root = () => RedisCacheModule.forRoot({ connection: redis.url });
  const faults: Record<string, () => ModuleMetadata> = {
    'forRoot() twice': () => {
      @Module({ imports: [RedisCacheModule.forRoot({ connection: redis.url, global: false })] })
      class Second {}
      return { imports: [root(), Second] };
    },
    'a decorator that names no cache': () => ({ imports: [root()], providers: [AsksForNoCache] }),
    'a feature with a wrong option': () => ({
      imports: [root(), RedisCacheModule.forFeature({ a: { ttl: 'soon' } })],
    }),
    'a feature whose factory fails': () => ({
      imports: [
        root(),
        RedisCacheModule.forFeatureAsync({ caches: ['a'], useFactory: () => ({ a: { ttl: 'soon' } }) }),
      ],
    }),
    'a connection that is listed and not made': () => ({
      imports: [
        RedisCacheModule.forRootAsync({
          connections: ['second'],
          useFactory: () => ({ connection: redis.url }),
        }),
      ],
      providers: [AsksForNoClient],
    }),
  };

  it.each(Object.entries(faults))('%s', async (_, metadata) => {
    const starting = Test.createTestingModule(metadata())
      .compile()
      .then((app) => app.init());
    await expect(starting).rejects.toThrow(/[a-z]/);
    await eventually(async () => expect(await clients()).toBe(0));
  });

  it('but a module that is loaded later and fails leaves the running application alone', async () => {
    const app = await Test.createTestingModule({ imports: [root()] }).compile();
    await app.init();
    const loading = app
      .get(LazyModuleLoader)
      .load(() => RedisCacheModule.forFeature({ late: { ttl: 'soon' } }));
    await expect(loading).rejects.toThrow('caches.late.ttl');
    const cache = app.get(CacheRegistry).get();
    await cache.set('key', 1);
    expect(await cache.get('key')).toBe(1);
    await app.close();
    await eventually(async () => expect(await clients()).toBe(0));
  });
});
