import { Controller, Get, Injectable, Param, Post, Query, Res } from '@nestjs/common';
import { Cacheable, CacheEvict, CachePut, defineKey } from '../../../src/index.js';

export interface Product {
  id: number;
  brand: string;
  run: number;
}

export const productKey = defineKey<Product>('product', { ttl: '10m', tags: ['products'] }).by(
  (id: number) => [id],
  { tags: (id) => [`product:${id}`] },
);

/** What the methods and handlers of one application have done, and what they do before they answer. */
@Injectable()
export class Shop {
  runs = 0;
  meanwhile: () => unknown = () => undefined;

  async make(id: number, brand: string): Promise<Product> {
    const run = (this.runs += 1);
    await this.meanwhile();
    return { id, brand, run };
  }
}

@Injectable()
export class Products {
  readonly shop: Shop;

  constructor(shop: Shop) {
    this.shop = shop;
  }

  @Cacheable({ key: productKey, resultTags: (found: Product) => [`brand:${found.brand}`] })
  find(id: number, brand: string): Promise<Product> {
    return this.shop.make(id, brand);
  }

  @CachePut({ key: productKey, resultTags: (saved: Product) => [`brand:${saved.brand}`] })
  save(id: number, brand: string): Promise<Product> {
    return this.shop.make(id, brand);
  }

  @CacheEvict({ tags: (brand: string) => [`brand:${brand}`] })
  async dropBrand(_brand: string): Promise<void> {}

  @CacheEvict({ key: productKey, tags: ['lists'] })
  async dropOne(_id: number): Promise<void> {}
}

@Controller()
export class ProductPages {
  readonly shop: Shop;
  readonly products: Products;

  constructor(shop: Shop, products: Products) {
    this.shop = shop;
    this.products = products;
  }

  @Get('list')
  @Cacheable({ tags: ['lists'] })
  list(): Promise<Product> {
    return this.shop.make(0, 'any');
  }

  @Get('products/:id')
  @Cacheable({
    tags: (id: string) => [`product:${id}`],
    resultTags: (found: Product) => [`brand:${found.brand}`],
    unless: (found: Product) => found.brand === 'draft',
  })
  page(@Param('id') id: string, @Query('brand') brand: string): Promise<Product> {
    return this.shop.make(Number(id), brand);
  }

  @Get('fragile')
  @Cacheable({ tags: ['fragile'] })
  async fragile(): Promise<Product> {
    const made = await this.shop.make(0, 'fragile');
    if (made.run === 1) throw new Error('not today');
    return made;
  }

  @Get('private')
  @Cacheable({ tags: ['private'] })
  async sometimesPrivate(
    @Res({ passthrough: true }) response: { header(name: string, value: string): unknown },
  ): Promise<Product> {
    const made = await this.shop.make(0, 'private');
    if (made.run === 1) response.header('cache-control', 'private');
    return made;
  }

  @Get('wrong')
  @Cacheable({ resultTags: () => 'lists' as unknown as string[] })
  wrong(): Promise<Product> {
    return this.shop.make(0, 'wrong');
  }

  @Post('brands/:brand')
  @CacheEvict({ tags: (brand: string) => [`brand:${brand}`] })
  rename(@Param('brand') brand: string): string {
    return brand;
  }
}
