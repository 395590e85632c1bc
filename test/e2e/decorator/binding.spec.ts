import { Inject, Injectable, Logger, Module, Scope, type OnModuleInit } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cacheable, RedisCacheModule, type RedisCacheModuleOptions } from '../../../src/index.js';

@Injectable()
class Products {
  runs = 0;

  @Cacheable()
  async find(id: number): Promise<string> {
    this.runs += 1;
    return `product ${id}`;
  }
}

const open: TestingModule[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function start(builder: TestingModuleBuilder): Promise<TestingModule> {
  const testing = await builder.compile();
  open.push(testing);
  return testing.init();
}

async function runsOfTwoCalls(products: Products): Promise<number> {
  const before = products.runs;
  await products.find(1);
  await products.find(1);
  return products.runs - before;
}

/** Silences and collects what the module warns of. */
function warnings(): string[] {
  const heard: string[] = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(
    (message: unknown) => void heard.push(String(message)),
  );
  return heard;
}

describe('the binding of decorated classes', () => {
  it.each([
    ['useClass', { provide: 'products', useClass: Products }],
    ['useFactory', { provide: 'products', useFactory: () => new Products() }],
    ['an asynchronous factory', { provide: 'products', useFactory: async () => new Products() }],
    ['useValue', { provide: 'products', useValue: new Products() }],
  ])('reaches an instance provided by %s', async (_name, provider) => {
    const heard = warnings();
    const app = await start(
      Test.createTestingModule({ imports: [RedisCacheModule.forRoot()], providers: [provider] }),
    );
    expect(await runsOfTwoCalls(app.get('products'))).toBe(1);
    expect(heard).toEqual([]);
  });

  it('is there when other modules start', async () => {
    @Injectable()
    class Warmer implements OnModuleInit {
      runs = -1;
      readonly products: Products;
      constructor(products: Products) {
        this.products = products;
      }
      async onModuleInit(): Promise<void> {
        this.runs = await runsOfTwoCalls(this.products);
      }
    }
    const app = await start(
      Test.createTestingModule({ imports: [RedisCacheModule.forRoot()], providers: [Products, Warmer] }),
    );
    expect(app.get(Warmer).runs).toBe(1);
  });

  it('leaves a class uncached without the module, and one made by hand', async () => {
    const app = await start(Test.createTestingModule({ providers: [Products] }));
    expect(await runsOfTwoCalls(app.get(Products))).toBe(2);
    expect(await runsOfTwoCalls(new Products())).toBe(2);
  });

  it('does not mix two applications in one process', async () => {
    const make = () =>
      Test.createTestingModule({ imports: [RedisCacheModule.forRoot()], providers: [Products] });
    const [one, other] = await Promise.all([start(make()), start(make())]);
    expect(await runsOfTwoCalls(one.get(Products))).toBe(1);
    expect(await runsOfTwoCalls(other.get(Products))).toBe(1);
    expect(one.get(Products)).not.toBe(other.get(Products));
  });

  it('lets the options of the module come from a service that is decorated itself', async () => {
    @Injectable()
    class Settings {
      readonly products: Products;
      constructor(products: Products) {
        this.products = products;
      }
      @Cacheable({ key: 'options' })
      async options(): Promise<RedisCacheModuleOptions> {
        await this.products.find(0);
        return { ttl: '1m' };
      }
    }
    @Module({ providers: [Products, Settings], exports: [Products, Settings] })
    class SettingsModule {}
    const app = await start(
      Test.createTestingModule({
        imports: [
          RedisCacheModule.forRootAsync({
            imports: [SettingsModule],
            inject: [Settings],
            useFactory: (settings: Settings) => settings.options(),
          }),
        ],
      }),
    );
    expect(app.get(Products).runs).toBe(1);
    expect(await runsOfTwoCalls(app.get(Products))).toBe(1);
    expect(await app.get(Settings).options()).toEqual({ ttl: '1m' });
  });

  it('ignores what mocking tools inject in its place', async () => {
    const app = await start(Test.createTestingModule({ providers: [Products] }).useMocker(() => ({})));
    expect(await runsOfTwoCalls(app.get(Products))).toBe(2);
  });

  it('leaves mocks of decorated classes alone', async () => {
    const app = await start(
      Test.createTestingModule({ imports: [RedisCacheModule.forRoot()], providers: [Products] })
        .overrideProvider(Products)
        .useValue({ find: async () => 'mocked' }),
    );
    expect(await app.get(Products).find(1)).toBe('mocked');
  });

  it('works for a module loaded later', async () => {
    @Module({ providers: [Products] })
    class LateModule {}
    const app = await start(Test.createTestingModule({ imports: [RedisCacheModule.forRoot()] }));
    const late = await app.get(LazyModuleLoader).load(() => LateModule);
    expect(await runsOfTwoCalls(late.get(Products))).toBe(1);
  });

  it('reaches what the module that is not global does not see, where the instance exists at start', async () => {
    const heard = warnings();
    @Module({ imports: [RedisCacheModule.forRoot({ global: false })] })
    class CacheModule {}
    const app = await start(Test.createTestingModule({ imports: [CacheModule], providers: [Products] }));
    expect(await runsOfTwoCalls(app.get(Products))).toBe(1);
    expect(heard).toEqual([]);
  });

  it('warns once, with the reason, of classes that it cannot reach', async () => {
    const heard = warnings();
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @Cacheable({ key: 'one' })
      async one(): Promise<number> {
        return 1;
      }
    }
    class Frozen extends Products {}
    @Module({ imports: [RedisCacheModule.forRoot({ global: false })] })
    class CacheModule {}
    const app = await start(
      Test.createTestingModule({
        imports: [CacheModule],
        providers: [PerRequest, { provide: 'frozen', useValue: Object.freeze(new Frozen()) }],
      }),
    );
    expect(heard).toEqual([
      expect.stringMatching(/of PerRequest run uncached: .* cannot see RedisCacheModule/),
      expect.stringMatching(/of Frozen run uncached: the instance is frozen/),
    ]);
    expect(await (await app.resolve(PerRequest)).one()).toBe(1);
  });

  it('stands beside other injected properties, of parents and of children', async () => {
    @Injectable()
    class Config {
      readonly prefix = 'p';
    }
    class Parent {
      @Inject(Config) readonly parentConfig!: Config;
      @Cacheable()
      async one(): Promise<string> {
        return this.parentConfig.prefix;
      }
    }
    @Injectable()
    class Child extends Parent {
      @Inject(Config) readonly childConfig!: Config;
      @Cacheable()
      async two(): Promise<string> {
        return this.childConfig.prefix;
      }
    }
    const app = await start(
      Test.createTestingModule({ imports: [RedisCacheModule.forRoot()], providers: [Config, Child] }),
    );
    expect([await app.get(Child).one(), await app.get(Child).two()]).toEqual(['p', 'p']);
    expect(Object.keys(app.get(Child)).sort()).toEqual(['childConfig', 'parentConfig']);
    expect(Object.getOwnPropertySymbols({ ...app.get(Child) })).toEqual([]);
  });
});
