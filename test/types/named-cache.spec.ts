import type { Cache } from 'cache-manager';
import { Cache as CacheToken } from '@nestjs/cache-manager';
import { describe, expectTypeOf, it } from 'vitest';
import { defineKey, type NamedCache } from '../../src/index.js';

describe('NamedCache', () => {
  it("is assignable to cache-manager's Cache, and to the class of @nestjs/cache-manager", () => {
    expectTypeOf<NamedCache>().toExtend<Cache>();
    expectTypeOf<NamedCache>().toExtend<CacheToken>();
  });
});

describe('typed keys', () => {
  interface Product {
    id: number;
  }
  const product = defineKey<Product>('product').by((id: number) => [id]);
  // Never called: the compiler is what checks.
  const uses = async (cache: NamedCache): Promise<void> => {
    expectTypeOf(await cache.get(product(1))).toEqualTypeOf<Product | undefined>();
    expectTypeOf((await cache.getEntry(product(1)))?.value).toEqualTypeOf<Product | undefined>();
    expectTypeOf(await cache.set(product(1), { id: 1 })).toEqualTypeOf<Product>();
    expectTypeOf(await cache.getOrSet(product(1), () => ({ id: 1 }))).toEqualTypeOf<Product>();
    expectTypeOf(await cache.getOrSet(product(1), () => undefined)).toEqualTypeOf<Product | undefined>();
    expectTypeOf(await cache.get<string>('plain')).toEqualTypeOf<string | undefined>();
    expectTypeOf(await cache.set('plain', 5)).toEqualTypeOf<number>();
    await cache.del(product(1));
    // @ts-expect-error -- a value of another type
    await cache.set(product(1), 'text');
    // @ts-expect-error -- a value of another type
    await cache.add(product(1), 5);
    // @ts-expect-error -- a loader of another type
    await cache.getOrSet(product(1), async () => ({ id: 'one' }));
    // @ts-expect-error -- a parameter of another type
    await cache.get(product('1'));
    // @ts-expect-error -- a key that is no string
    await cache.get(1);
  };

  it('carry the type of their value into every method', () => {
    expectTypeOf(uses).toBeFunction();
  });
});
