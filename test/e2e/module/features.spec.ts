import { Inject, Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { CACHE_MANAGER, Cache } from '@nestjs/cache-manager';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheRegistry,
  getCacheToken,
  InjectCache,
  InvalidOptionsError,
  NamedCache,
  RedisCacheModule,
  UnknownCacheError,
} from '../../../src/index.js';

@Injectable()
class Reviews {
  runs = 0;
  readonly cache: NamedCache;
  constructor(@InjectCache('reviews') cache: NamedCache) {
    this.cache = cache;
  }
  @Cacheable('reviews')
  async list(): Promise<string[]> {
    this.runs += 1;
    return ['good'];
  }
}

@Module({ imports: [RedisCacheModule.forFeature({ reviews: { ttl: '10m' } })], providers: [Reviews] })
class ReviewsModule {}

@Module({ imports: [RedisCacheModule.forFeature({ reviews: { ttl: '10m' } })] })
class SameReviewsModule {}

@Module({ imports: [RedisCacheModule.forFeature({ reviews: { ttl: '1m' } })] })
class OtherReviewsModule {}

describe('RedisCacheModule', () => {
  let apps: INestApplicationContext[] = [];
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
  });
  const start = async (
    ...imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>
  ) => {
    const module = await Test.createTestingModule({ imports }).compile();
    const app = await module.init();
    apps.push(app);
    return app;
  };

  it('declares caches beside the feature that uses them', async () => {
    const app = await start(RedisCacheModule.forRoot(), ReviewsModule);
    const reviews = app.get(Reviews, { strict: false });
    await reviews.list();
    await reviews.list();
    expect(reviews.runs).toBe(1);
    expect(app.get(CacheRegistry).get('reviews')).toBe(reviews.cache);
  });

  it('takes a cache that two features declare alike as one, and refuses different options', async () => {
    const app = await start(RedisCacheModule.forRoot(), ReviewsModule, SameReviewsModule);
    expect(app.get(CacheRegistry).names()).toEqual(['default', 'reviews']);
    await expect(start(RedisCacheModule.forRoot(), ReviewsModule, OtherReviewsModule)).rejects.toThrow(
      'caches.reviews: is declared twice, with different options',
    );
  });

  it('declares the caches of a feature from a factory', async () => {
    const app = await start(
      RedisCacheModule.forRoot(),
      RedisCacheModule.forFeatureAsync({
        caches: ['reviews', 'other'],
        useFactory: () => ({ reviews: { ttl: 2_000 } }),
      }),
    );
    const cache = app.get<NamedCache>(getCacheToken('reviews'), { strict: false });
    await cache.set('k', 1);
    expect(await cache.remainingTtl('k')).toBeLessThanOrEqual(2_000);
    expect(app.get(CacheRegistry).has('other')).toBe(true);
  });

  it('refuses forRoot twice', async () => {
    await expect(start(RedisCacheModule.forRoot(), RedisCacheModule.forRoot({ ttl: '1m' }))).rejects.toThrow(
      InvalidOptionsError,
    );
  });

  it('names class, method and the caches that exist when a method asks for an unknown one', async () => {
    @Injectable()
    class Lost {
      @Cacheable('nowhere')
      async find(): Promise<number> {
        return 1;
      }
    }
    const starting = start(RedisCacheModule.forRoot({ caches: { here: {} } }), {
      module: class {},
      providers: [Lost],
    });
    await expect(starting).rejects.toThrow(UnknownCacheError);
    await expect(starting).rejects.toThrow(/Lost\.find.*"default", "here"|"default", "here".*Lost\.find/s);
  });

  it('keeps two applications of one process apart', async () => {
    const [one, two] = [
      await start(RedisCacheModule.forRoot(), ReviewsModule),
      await start(RedisCacheModule.forRoot(), ReviewsModule),
    ];
    const [first, second] = [one.get(Reviews, { strict: false }), two.get(Reviews, { strict: false })];
    await first.list();
    await second.list();
    expect([first.runs, second.runs]).toEqual([1, 1]);
    expect(first.cache).not.toBe(second.cache);
  });

  it('is what CACHE_MANAGER and Cache resolve to', async () => {
    @Injectable()
    class Old {
      constructor(
        @Inject(CACHE_MANAGER) readonly byToken: Cache,
        readonly byClass: Cache,
      ) {}
    }
    const app = await start(RedisCacheModule.forRoot(), { module: class {}, providers: [Old] });
    const old = app.get(Old, { strict: false });
    expect(old.byToken).toBe(app.get(CacheRegistry).get('default'));
    expect(old.byClass).toBe(old.byToken);
    expect(old.byToken).toBeInstanceOf(NamedCache);
  });

  it('is not seen by modules that do not import it when it is not global', async () => {
    @Module({ providers: [Reviews] })
    class Outside {}
    await expect(
      start(RedisCacheModule.forRoot({ global: false, caches: { reviews: {} } }), Outside),
    ).rejects.toThrow(/reviews/);
  });
});
