import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Cacheable,
  CacheRegistry,
  getCacheToken,
  InvalidOptionsError,
  RedisCacheModule,
  type AsyncOptions,
  type NamedCache,
  type RedisCacheOptionsFactory,
} from '../../../src/index.js';

/** A service that the options factory needs, and that has a cached method itself. */
@Injectable()
class Settings {
  reads = 0;
  @Cacheable()
  async version(): Promise<number> {
    this.reads += 1;
    return 7;
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsFromClass implements RedisCacheOptionsFactory {
  createRedisCacheOptions(): AsyncOptions {
    return { ttl: '1h', caches: { fromClass: { ttl: '10s' } } };
  }
}

@Module({ providers: [OptionsFromClass], exports: [OptionsFromClass] })
class OptionsModule {}

describe('RedisCacheModule.forRootAsync', () => {
  let app: INestApplicationContext | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  const start = async (...imports: Parameters<typeof Test.createTestingModule>[0]['imports'] & object[]) => {
    const module = await Test.createTestingModule({ imports }).compile();
    app = await module.init();
    return app;
  };

  it('runs a factory that needs a service with cached methods, which are cached once the module is there', async () => {
    const one = await start(
      RedisCacheModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        caches: ['products'],
        useFactory: async (settings: Settings) => ({
          caches: { products: { version: await settings.version() } },
        }),
      }),
    );
    const settings = one.get(Settings, { strict: false });
    expect(settings.reads).toBe(1);
    await settings.version();
    await settings.version();
    expect(settings.reads).toBe(2);
  });

  it('gives a listed cache that the factory omits the defaults, and reaches an unlisted one by the registry', async () => {
    const one = await start(
      RedisCacheModule.forRootAsync({
        caches: ['listed'],
        useFactory: () => ({ ttl: '3s', caches: { unlisted: { ttl: '1s' } } }),
      }),
    );
    const listed = one.get<NamedCache>(getCacheToken('listed'));
    await listed.set('k', 1);
    expect(await listed.remainingTtl('k')).toBeLessThanOrEqual(3_000);
    expect(one.get(CacheRegistry).names().toSorted()).toEqual(['default', 'listed', 'unlisted']);
    expect(() => one.get(getCacheToken('unlisted'))).toThrow();
  });

  it.each(['useClass', 'useExisting'] as const)('takes %s', async (how) => {
    const one = await start(
      RedisCacheModule.forRootAsync({ imports: [OptionsModule], [how]: OptionsFromClass }),
    );
    const cache = one.get(CacheRegistry).get('fromClass');
    await cache.set('k', 1);
    expect(await cache.remainingTtl('k')).toBeLessThanOrEqual(10_000);
  });

  it.each([
    [{}, 'exactly one'],
    [{ useFactory: () => ({}), useClass: OptionsFromClass }, 'exactly one'],
    [{ useFactory: 'no' }, 'must be a function'],
    [{ useFactory: () => ({}), cachs: ['a'] }, 'options.cachs: is no option'],
  ])('refuses %o', (options, rule) => {
    expect(() => RedisCacheModule.forRootAsync(options as never)).toThrow(rule);
  });

  it('refuses "global" from the factory, since it is decided before', async () => {
    await expect(
      start(RedisCacheModule.forRootAsync({ useFactory: () => ({ global: false }) as never })),
    ).rejects.toThrow(InvalidOptionsError);
  });

  it.each([null, 'redis://localhost', ['default']])(
    'refuses %o from the factory, which is no options',
    async (made) => {
      await expect(start(RedisCacheModule.forRootAsync({ useFactory: () => made as never }))).rejects.toThrow(
        'options: must be an object',
      );
    },
  );

  it('fails the start with the path, the rule and the value of a bad option', async () => {
    await expect(
      start(
        RedisCacheModule.forRootAsync({ useFactory: () => ({ caches: { products: { ttl: '5 minutes' } } }) }),
      ),
    ).rejects.toThrow(/caches\.products\.ttl: must be .* received "5 minutes"/);
  });
});
