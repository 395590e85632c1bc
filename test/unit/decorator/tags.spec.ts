import { describe, expect, it } from 'vitest';
import { CacheEvict } from '../../../src/decorator/cache-evict.decorator.js';
import { CachePut } from '../../../src/decorator/cache-put.decorator.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { LoadTimeoutError } from '../../../src/errors.js';
import { defineKey } from '../../../src/key/typed-key.js';
import { application } from './application.js';

interface Product {
  id: number;
  brand: string;
}

const productKey = defineKey<Product>('product', { tags: ['catalogue'] }).by((id: number) => [id], {
  tags: (id) => [`product:${id}`],
});

class Products {
  readonly calls: string[] = [];
  tenant = 'acme';
  /** Called by every method that loads. */
  meanwhile = async (): Promise<void> => {};

  @Cacheable({ key: 'all', tags: ['products'] })
  async list(): Promise<number> {
    this.calls.push('list');
    await this.meanwhile();
    return this.calls.length;
  }

  @Cacheable({
    key: (id: number) => `${id}`,
    tags(this: Products, id: number) {
      return [this.tenant, `product:${id}`];
    },
    resultTags(this: Products, found: Product, id: number) {
      this.calls.push(`tags ${id}`);
      return [`brand:${found.brand}`, `${this.tenant}:${found.brand}`];
    },
    unless: (found: Product | undefined) => found?.brand === 'draft',
  })
  async find(id: number, brand?: string): Promise<Product | undefined> {
    this.calls.push(`find ${id}`);
    await this.meanwhile();
    return brand === undefined ? undefined : { id, brand };
  }

  @Cacheable({ key: productKey, tags: ['shop'] })
  async typed(id: number): Promise<Product> {
    return { id, brand: 'any' };
  }

  @CachePut({
    key: productKey,
    tags: (_id: number, brands: string[]) => brands.map((brand) => `brand:${brand}`),
    resultTags: (saved: Product, id: number) => [`saved:${saved.brand}:${id}`],
    unless: (saved: Product) => saved.brand === 'draft',
  })
  async save(id: number, brands: string[]): Promise<Product> {
    const brand = brands.shift() as string;
    return { id, brand };
  }

  @CacheEvict({ tags: (id: number) => [`product:${id}`, 'lists'] })
  async change(_id: number): Promise<void> {
    this.calls.push('change');
  }

  @CacheEvict({ key: productKey, tags: ['lists'] })
  async remove(_id: number): Promise<void> {}

  @CacheEvict({ tags: ['lists'], before: true, when: (really: boolean) => really })
  async tryTo(_really: boolean): Promise<void> {
    throw new Error('refused');
  }

  @CacheEvict({ tags: [] })
  async nothing(): Promise<void> {}

  @Cacheable({ key: 'bad', tags: ((brand: string) => brand) as unknown as () => string[] })
  async badTags(_brand: string): Promise<number> {
    this.calls.push('badTags');
    return 1;
  }

  @Cacheable({ key: 'bad result', resultTags: (found: number) => [found] as unknown as string[] })
  async badResultTags(): Promise<number> {
    return 1;
  }

  @CachePut({ key: 'bad put', tags: () => [''] })
  async badPut(): Promise<number> {
    this.calls.push('badPut');
    return 1;
  }

  @CacheEvict({ tags: () => undefined as unknown as string[] })
  async badEvict(): Promise<void> {
    this.calls.push('badEvict');
  }

  @Cacheable({ key: 'stale', stale: { revalidate: '1m' } })
  async revalidated(): Promise<number> {
    this.calls.push('revalidated');
    await this.meanwhile();
    return this.calls.length;
  }

  @Cacheable({ key: 'timeout', timeout: { hard: '1ms' } })
  slow(): Promise<number> {
    return new Promise(() => {});
  }
}

async function products() {
  const app = await application();
  return { cache: app.cache(), service: app.bind(new Products()) };
}

describe('the tags of @Cacheable', () => {
  it('are those of every result, by which it is invalidated', async () => {
    const { cache, service } = await products();
    expect([await service.list(), await service.list()]).toEqual([1, 1]);
    expect((await cache.getEntry('all'))?.tags).toEqual(['products']);
    await cache.invalidateTags('products');
    expect(await service.list()).toBe(2);
  });

  it('are made of the arguments and of the result, with the instance as `this`', async () => {
    const { cache, service } = await products();
    await service.find(1, 'red');
    const entry = await cache.getEntry('1');
    expect(entry?.tags.toSorted()).toEqual(['acme', 'acme:red', 'brand:red', 'product:1']);
    await cache.invalidateTags(['brand:blue', 'product:2']);
    expect(await service.find(1, 'red')).toEqual({ id: 1, brand: 'red' });
    expect(service.calls).toEqual(['find 1', 'tags 1']);
    await cache.invalidateTags('brand:red');
    await service.find(1, 'red');
    expect(service.calls).toEqual(['find 1', 'tags 1', 'find 1', 'tags 1']);
  });

  it('are not asked of a result that is not stored', async () => {
    const { service } = await products();
    await service.find(1);
    await service.find(1, 'draft');
    expect(service.calls).toEqual(['find 1', 'find 1']);
  });

  it('come to those of a key definition', async () => {
    const { cache, service } = await products();
    await service.typed(7);
    const entry = await cache.getEntry(productKey(7));
    expect(entry?.tags.toSorted()).toEqual(['catalogue', 'product:7', 'shop']);
  });

  it.each([
    ['known before the load', 'product:1'],
    ['named by the result', 'brand:red'],
  ])('that were invalidated while the method ran keep its result out: %s', async (_name, tag) => {
    const { cache, service } = await products();
    service.meanwhile = () => cache.invalidateTags(tag);
    expect(await service.find(1, 'red')).toEqual({ id: 1, brand: 'red' });
    expect(await cache.get('1')).toBeUndefined();
    service.meanwhile = async () => {};
    await service.find(1, 'red');
    expect(await cache.get('1')).toEqual({ id: 1, brand: 'red' });
  });
});

describe('the tags of @CachePut', () => {
  it('are made of the arguments as they were passed, and of the result', async () => {
    const { cache, service } = await products();
    await service.save(3, ['red']);
    const entry = await cache.getEntry(productKey(3));
    expect(entry?.tags.toSorted()).toEqual(['brand:red', 'catalogue', 'product:3', 'saved:red:3']);
    await cache.invalidateTags('saved:red:3');
    expect(await cache.get(productKey(3))).toBeUndefined();
  });

  it('are not asked of a result that is not stored', async () => {
    const { cache, service } = await products();
    await service.save(3, ['draft']);
    expect(await cache.get(productKey(3))).toBeUndefined();
  });
});

describe('the tags of @CacheEvict', () => {
  it('drop every entry that carries one of them, and no other', async () => {
    const { cache, service } = await products();
    await cache.set('a', 1, { tags: ['product:1'] });
    await cache.set('b', 1, { tags: ['lists', 'other'] });
    await cache.set('c', 1, { tags: ['other'] });
    await service.change(1);
    expect(await cache.mget(['a', 'b', 'c'])).toEqual([undefined, undefined, 1]);
  });

  it('go with a key, whose own tags are left alone', async () => {
    const { cache, service } = await products();
    await cache.set(productKey(1), { id: 1, brand: '' }, { tags: productKey.tags(1) });
    await cache.set('same tag', 1, { tags: ['catalogue', 'product:1'] });
    await cache.set('list', 1, { tags: ['lists'] });
    await service.remove(1);
    expect(await cache.mget([productKey(1), 'same tag', 'list'])).toEqual([undefined, 1, undefined]);
  });

  it('heed `before` and `when`', async () => {
    const { cache, service } = await products();
    await cache.set('list', 1, { tags: ['lists'] });
    await expect(service.tryTo(false)).rejects.toThrow('refused');
    expect(await cache.get('list')).toBe(1);
    await expect(service.tryTo(true)).rejects.toThrow('refused');
    expect(await cache.get('list')).toBeUndefined();
  });

  it('may be none', async () => {
    const { cache, service } = await products();
    await cache.set('list', 1, { tags: ['lists'] });
    await service.nothing();
    expect(await cache.get('list')).toBe(1);
  });
});

describe('tags that are none', () => {
  it('are refused by class, method and option; where it can be known, before the method runs', async () => {
    const { cache, service } = await products();
    await expect(service.badTags('red')).rejects.toThrow(
      'Products.badTags @Cacheable.tags: must be a list of tags, received "red"',
    );
    await expect(service.badResultTags()).rejects.toThrow(
      'Products.badResultTags @Cacheable.resultTags: a tag must be a string',
    );
    await expect(service.badPut()).rejects.toThrow('Products.badPut @CachePut.tags: a tag must be a string');
    await expect(service.badEvict()).rejects.toThrow(
      'Products.badEvict @CacheEvict.tags: must be a list of tags, received undefined',
    );
    expect(service.calls).toEqual([]);
    expect(await cache.mget(['bad', 'bad result', 'bad put'])).toEqual([undefined, undefined, undefined]);
  });
});

describe('other options of @Cacheable that the cache has too', () => {
  it('`stale` serves a result after its ttl while the method runs once', async () => {
    const { cache, service } = await products();
    expect(await service.revalidated()).toBe(1);
    await cache.expire('stale');
    let goOn!: () => void;
    const running = new Promise<void>((resolve) => {
      service.meanwhile = () => (resolve(), new Promise((release) => (goOn = release)));
    });
    expect(await Promise.all([service.revalidated(), service.revalidated()])).toEqual([1, 1]);
    await running;
    goOn();
    await expect.poll(() => cache.get('stale')).toBe(2);
    expect(service.calls).toEqual(['revalidated', 'revalidated']);
  });

  it('`timeout` ends the wait for the method', async () => {
    const { service } = await products();
    await expect(service.slow()).rejects.toThrow(LoadTimeoutError);
  });
});
