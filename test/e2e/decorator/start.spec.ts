import {
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  Scope,
  UseGuards,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { Cacheable, CacheEvict, RedisCacheModule } from '../../../src/index.js';

@Injectable()
class Products {
  @Cacheable()
  async find(id: number): Promise<number> {
    return id;
  }
}

/** Starts an application, ends it, and gives what starting it gave. */
async function start(metadata: {
  providers?: unknown[];
  controllers?: Type[];
  imports?: Type[];
}): Promise<void> {
  const testing = await Test.createTestingModule({
    ...(metadata as object),
    imports: [RedisCacheModule.forRoot({ caches: { products: {} } }), ...(metadata.imports ?? [])],
  }).compile();
  try {
    await testing.createNestApplication().init();
  } finally {
    await testing.close();
  }
}

describe('an application does not start with', () => {
  it('a method that names an unknown cache', async () => {
    @Injectable()
    class Lost {
      @CacheEvict({ cache: 'product', key: 'a' })
      async drop(): Promise<void> {}
    }
    await expect(start({ providers: [Lost] })).rejects.toThrow(
      'Lost.drop: No cache is named "product". Declared: "default", "products"',
    );
  });

  it('a default key in a class that is made per request, directly or by what it depends on', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}
    @Injectable()
    class Orders {
      readonly tenant: Tenant;
      constructor(tenant: Tenant) {
        this.tenant = tenant;
      }
      @Cacheable()
      async find(id: number): Promise<number> {
        return id;
      }
    }
    await expect(start({ providers: [Tenant, Orders] })).rejects.toThrow(
      'Orders.find: the class is request-scoped',
    );
  });

  it('a default key in a transient class', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    class Short extends Products {}
    await expect(start({ providers: [Short] })).rejects.toThrow('Short.find: the class is transient-scoped');
  });

  it('a default key in a class that two modules provide', async () => {
    @Module({ providers: [Products] })
    class One {}
    @Module({ providers: [Products] })
    class Two {}
    await expect(start({ imports: [One, Two] })).rejects.toThrow(
      'Products.find: there are several instances',
    );
  });

  it('default keys in two instances made by factories', async () => {
    const make = (provide: string) => ({ provide, useFactory: () => new Products() });
    await expect(start({ providers: [make('a'), make('b')] })).rejects.toThrow('there are several instances');
  });

  it('default keys in two classes of one name', async () => {
    const Other = (() => {
      // oxlint-disable-next-line eslint/no-shadow -- that it is the name of another is what is tested
      class Products {
        @Cacheable()
        async find(id: number): Promise<number> {
          return id;
        }
      }
      return Products;
    })();
    await expect(start({ providers: [Products, Other] })).rejects.toThrow(
      'Products.find: another class of this name',
    );
  });

  it('a guard with a default key that Nest makes once per module', async () => {
    @Injectable()
    class Guard implements CanActivate {
      @Cacheable()
      async canEnter(): Promise<boolean> {
        return true;
      }
      canActivate(): Promise<boolean> {
        return this.canEnter();
      }
    }
    @UseGuards(Guard)
    @Controller('a')
    class A {}
    @UseGuards(Guard)
    @Controller('b')
    class B {}
    @Module({ controllers: [B] })
    class BModule {}
    await expect(start({ controllers: [A], imports: [BModule] })).rejects.toThrow(
      'Guard.canEnter: there are several',
    );
  });

  it('a function of the arguments on a route, also one that a controller inherits', async () => {
    abstract class Listing {
      @Get(':id')
      @Cacheable({ key: (id: string) => id })
      async find(@Param('id') id: string): Promise<string> {
        return id;
      }
    }
    @Controller()
    class Pages extends Listing {}
    await expect(start({ controllers: [Pages] })).rejects.toThrow(
      'Pages.find @Cacheable.key: cannot be a function',
    );
  });

  it('a provider’s method whose result type says that it is no promise', async () => {
    @Injectable()
    class Sync {
      @Cacheable()
      count(): number {
        return 1;
      }
    }
    await expect(start({ providers: [Sync] })).rejects.toThrow('Sync.count: gives its result at once');
  });
});

describe('an application starts with', () => {
  it('one instance under several tokens, and a class beside its subclass', async () => {
    @Injectable()
    class Special extends Products {}
    const providers = [Products, Special, { provide: 'alias', useExisting: Products }];
    await expect(start({ providers })).resolves.toBeUndefined();
  });

  it('a controller made per request whose routes are cached', async () => {
    @Controller({ scope: Scope.REQUEST })
    class Pages {
      @Get()
      @Cacheable()
      list(): string[] {
        return [];
      }
    }
    await expect(start({ controllers: [Pages] })).resolves.toBeUndefined();
  });
});
