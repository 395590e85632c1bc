import { Readable } from 'node:stream';
import { applyDecorators, Controller, Get, SetMetadata, StreamableFile } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CacheEvict } from '../../src/decorator/cache-evict.decorator.js';
import { CachePut } from '../../src/decorator/cache-put.decorator.js';
import { Cacheable } from '../../src/decorator/cacheable.decorator.js';
import { decoratedMethods } from '../../src/decorator/method-plan.js';
import { defineKey } from '../../src/key/typed-key.js';

class Product {
  constructor(readonly id: number) {}
}

const product = defineKey<Product>('product', { ttl: '1m' }).by((id: number) => [id]);
const perhaps = defineKey<Product | null>('perhaps').by((id: number) => [id]);
const top = defineKey<Product[]>('top');

/** Decorators of others, and ours, under one name. */
const Listed = () =>
  applyDecorators(Cacheable({ cache: 'lists', key: (id: number) => `${id}` }), SetMetadata('listed', true));

class Accepted {
  tenant = 'acme';

  @Cacheable()
  async bare(id: number) {
    return id;
  }

  @Cacheable('products')
  async named(id: number): Promise<number> {
    return id;
  }

  @Cacheable({ key: (id: number) => `${id}` })
  async fewer(id: number, _trace?: string) {
    return id;
  }

  @Cacheable({ key: (id?: number) => `${id}`, when: (id?: number) => id !== 0 })
  async optional(id?: number) {
    return id;
  }

  @Cacheable({ key: (...ids: number[]) => ids.join(',') })
  async rest(...ids: number[]) {
    return ids;
  }

  @Cacheable({ key: (value: unknown) => String(value) })
  async generic<T>(value: T): Promise<T> {
    return value;
  }

  @Cacheable({
    key(this: Accepted, id: number) {
      return `${this.tenant}/${id}`;
    },
  })
  async instance(id: number) {
    return id;
  }

  async overloaded(id: number): Promise<Product>;
  async overloaded(slug: string): Promise<Product>;
  @Cacheable({ key: (idOrSlug: number | string) => `${idOrSlug}` })
  async overloaded(idOrSlug: number | string): Promise<Product> {
    return new Product(Number(idOrSlug));
  }

  @Cacheable({ unless: (found: Product | null, id: number) => found === null && id > 0, type: Product })
  async nullable(id: number): Promise<Product | null> {
    return id === 0 ? null : new Product(id);
  }

  @Cacheable({ type: Product })
  async page(): Promise<{ items: Product[] }> {
    return { items: [] };
  }

  @Cacheable({ key: product })
  async typed(id: number, _trace: string): Promise<Product | undefined> {
    return new Product(id);
  }

  @Cacheable({ key: perhaps, ttl: null })
  async typedOrNull(id: number): Promise<Product | null> {
    return new Product(id);
  }

  @Cacheable({ key: top })
  async typedList(_country: string): Promise<Product[]> {
    return [];
  }

  @Cacheable({ key: top() })
  async fixed(): Promise<Product[]> {
    return [];
  }

  @Cacheable({ key: (item: { id: number }) => product(item.id), ttl: product.ttl })
  async derived(item: { id: number }): Promise<Product> {
    return new Product(item.id);
  }

  @Cacheable({ returns: 'observable', key: (id: number) => `${id}` })
  observable(id: number): Observable<number> {
    return of(id);
  }

  @Cacheable({ unless: (value: number) => value === 0 })
  observableResult(): Observable<number> {
    return of(1);
  }

  @Cacheable({ key: (id: number) => `${id}`, unless: (found: string) => found === '' })
  // oxlint-disable-next-line typescript/no-explicit-any -- what passes everything is what is tested
  async untyped(id: any): Promise<any> {
    return id;
  }

  @Cacheable({ key: 'never' })
  async never(): Promise<never> {
    throw new Error('always');
  }

  @Cacheable()
  async ownThis(this: Accepted, id: number) {
    return `${this.tenant}${id}`;
  }

  @Cacheable({ key: 'hidden' })
  protected async hidden() {
    return 1;
  }

  @Listed()
  async composed(id: number) {
    return id;
  }

  @Cacheable({ tags: ['products'] })
  async tagged(id: number) {
    return id;
  }

  @Cacheable({
    key: (id: number) => `${id}`,
    tags: (id: number) => [`product:${id}`],
    resultTags: (found: Product | null, id: number) => [`${found?.id ?? id}`],
    stale: { revalidate: '1m', error: '1h' },
    timeout: { soft: '1s', hard: 5_000 },
  })
  async taggedByResult(id: number, _trace: string): Promise<Product | null> {
    return new Product(id);
  }

  // What is not stored has no tags: the result is never undefined here.
  @Cacheable({ resultTags: (found: Product) => [`product:${found.id}`] })
  async taggedIfFound(id: number): Promise<Product | undefined> {
    return new Product(id);
  }

  @Cacheable({
    tags(this: Accepted, id: number) {
      return [this.tenant, `${id}`] as const;
    },
    resultTags(this: Accepted, found: number) {
      return [`${this.tenant}${found}`];
    },
  })
  async taggedByInstance(id: number) {
    return id;
  }

  @Cacheable({ resultTags: (found: number) => [`${found}`] })
  observableTagged(): Observable<number> {
    return of(1);
  }

  @CachePut({
    key: 'k',
    tags: (item: Product) => [`product:${item.id}`],
    resultTags: (saved: Product) => [`saved:${saved.id}`],
  })
  async putTagged(item: Product): Promise<Product> {
    return item;
  }

  @CacheEvict({ tags: ['products'] })
  @CacheEvict({ cache: 'lists', key: product, tags: (id: number) => [`product:${id}`] })
  async evictTagged(_id: number, _quietly: boolean): Promise<void> {}

  @CachePut({ key: (item: Product) => `${item.id}`, when: (item: Product) => item.id > 0 })
  async put(item: Product): Promise<Product> {
    return item;
  }

  @CachePut({ key: perhaps, unless: (saved: Product | undefined, id: number) => saved?.id !== id })
  async putSome(id: number): Promise<Product | undefined> {
    return new Product(id);
  }

  @CacheEvict({ key: product, before: true })
  @CacheEvict({ cache: 'lists', all: true, when: (_id: number, quietly: boolean) => !quietly })
  @CacheEvict({ key: 'fixed' })
  async evict(_id: number, _quietly: boolean): Promise<void> {}
}

@Controller()
class AcceptedRoutes {
  @Get()
  @Cacheable({ cache: 'pages', ttl: '1m', unless: (found: string[]) => found.length === 0 })
  atOnce(): string[] {
    return [];
  }

  @Cacheable({ response: { key: (context) => context.getClass().name, when: () => true } })
  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Buffer.from(''));
  }

  @Get('tagged')
  @Cacheable({
    tags: (id: string) => [id],
    resultTags: (found: string[], id: string) => [id, ...found],
  })
  taggedAtOnce(id: string): string[] {
    return [id];
  }

  @CacheEvict({ key: (id: string) => id })
  @CachePut({ key: (id: string) => `page:${id}` })
  @Get(':id')
  write(id: string) {
    return id;
  }
}

/**
 * What the compiler refuses. Never called: some of it is refused again when the class is defined.
 */
export function refused(): unknown[] {
  class Methods {
    // @ts-expect-error a static method has no instance
    @Cacheable()
    static async shared() {
      return 1;
    }

    // @ts-expect-error a generator is used up by one caller
    @Cacheable()
    *generator() {
      yield 1;
    }

    // @ts-expect-error so is an asynchronous one
    @Cacheable()
    async *asyncGenerator() {
      yield 1;
    }

    // @ts-expect-error and one that evicts
    @CacheEvict({ all: true })
    *evictingGenerator() {
      yield 1;
    }

    // @ts-expect-error no method
    @Cacheable()
    get accessor() {
      return 1;
    }

    // @ts-expect-error a function as key: no route, so the result must be one to wait for
    @Cacheable({ key: (id: number) => `${id}` })
    atOnce(id: number) {
      return id;
    }

    // @ts-expect-error the same with `when`
    @Cacheable({ when: (id: number) => id > 0 })
    conditionalAtOnce(id: number) {
      return id;
    }

    // @ts-expect-error a stream is used up by one caller
    @Cacheable({ key: () => 'stream' })
    async stream() {
      return Readable.from([]);
    }

    // @ts-expect-error and so is a file
    @Cacheable({ key: () => 'file' })
    async file() {
      return new StreamableFile(Buffer.from(''));
    }

    // @ts-expect-error no Observable
    @Cacheable({ returns: 'observable' })
    async promise() {
      return 1;
    }
  }

  class Callbacks {
    // @ts-expect-error another argument
    @Cacheable({ key: (id: string) => id })
    async argument(id: number) {
      return id;
    }

    // @ts-expect-error more arguments than the method is called with
    @Cacheable({ key: (id: number, language: string) => `${id}${language}` })
    async arity(id: number) {
      return id;
    }

    // @ts-expect-error the argument may be absent
    @Cacheable({ key: (id: number) => `${id}` })
    async optional(id?: number) {
      return id;
    }

    // @ts-expect-error the method takes strings too
    @Cacheable({ key: (id: number) => `${id}` })
    async union(idOrSlug: number | string): Promise<string> {
      return `${idOrSlug}`;
    }

    // @ts-expect-error a key is a string
    @Cacheable({ key: (id: number) => id })
    async number(id: number) {
      return id;
    }

    // @ts-expect-error the parameters of callbacks are annotated
    @Cacheable({ key: (id) => `${id}` })
    async bare(id: number) {
      return id;
    }

    @Cacheable({
      // @ts-expect-error decisions are made at once
      when: async (id: number) => id > 0,
    })
    async later(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @Cacheable({ when: (id: string) => id !== '' })
    async when(id: number) {
      return id;
    }

    // @ts-expect-error another result
    @Cacheable({ unless: (found: string) => found === '' })
    async result(id: number) {
      return id;
    }

    // @ts-expect-error the result may be null
    @Cacheable({ unless: (found: Product) => found.id === 0 })
    async nullable(id: number): Promise<Product | null> {
      return new Product(id);
    }

    // @ts-expect-error `this` is another class
    @Cacheable({
      key(this: Accepted, id: number) {
        return `${this.tenant}${id}`;
      },
    })
    async instance(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @Cacheable({ tags: (id: string) => [id] })
    async tags(id: number) {
      return id;
    }

    // @ts-expect-error more arguments
    @Cacheable({ tags: (id: number, language: string) => [`${id}${language}`] })
    async tagsArity(id: number) {
      return id;
    }

    // @ts-expect-error tags are a list
    @Cacheable({ tags: (id: number) => `${id}` })
    async oneTag(id: number) {
      return id;
    }

    // @ts-expect-error tags are strings
    @Cacheable({ tags: (id: number) => [id] })
    async numberTags(id: number) {
      return id;
    }

    @Cacheable({
      // @ts-expect-error tags are made at once
      tags: async (id: number) => [`${id}`],
    })
    async laterTags(id: number) {
      return id;
    }

    // @ts-expect-error `this` is another class
    @Cacheable({
      tags(this: Accepted) {
        return [this.tenant];
      },
    })
    async tagsInstance(id: number) {
      return id;
    }

    // @ts-expect-error another result
    @Cacheable({ resultTags: (found: string) => [found] })
    async resultTags(id: number) {
      return id;
    }

    // @ts-expect-error the result may be null
    @Cacheable({ resultTags: (found: Product) => [`${found.id}`] })
    async resultTagsNullable(id: number): Promise<Product | null> {
      return new Product(id);
    }

    // @ts-expect-error another argument behind the result
    @Cacheable({ resultTags: (found: number, id: string) => [id, `${found}`] })
    async resultTagsArgument(id: number) {
      return id;
    }

    // @ts-expect-error tags are a list of strings
    @Cacheable({ resultTags: (found: number) => [found] })
    async resultTagsReturn(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @CachePut({ key: 'k', tags: (id: string) => [id] })
    async putTags(id: number) {
      return id;
    }

    // @ts-expect-error another result
    @CachePut({ key: 'k', resultTags: (saved: string) => [saved] })
    async putResultTags(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @CacheEvict({ tags: (id: string) => [id] })
    async evictTags(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @CacheEvict({ key: 'k', tags: (id: string) => [id] })
    async evictBoth(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @CachePut({ key: (id: string) => id })
    async put(id: number) {
      return id;
    }

    // @ts-expect-error another result
    @CachePut({ key: 'k', unless: (saved: string) => saved === '' })
    async putResult(id: number) {
      return id;
    }

    // @ts-expect-error another argument
    @CacheEvict({ key: (id: string) => id })
    async evict(id: number) {
      return id;
    }

    // @ts-expect-error more arguments
    @CacheEvict({ all: true, when: (id: number, quietly: boolean) => quietly && id > 0 })
    async evictWhen(id: number) {
      return id;
    }
  }

  class Keys {
    // @ts-expect-error the method returns another type than the key holds
    @Cacheable({ key: product })
    async other(id: number): Promise<string> {
      return `${id}`;
    }

    // @ts-expect-error the key may hold null, the method never returns it
    @Cacheable({ key: perhaps })
    async wider(id: number): Promise<Product> {
      return new Product(id);
    }

    // @ts-expect-error the method may return null, the key does not hold it
    @Cacheable({ key: product })
    async narrower(id: number): Promise<Product | null> {
      return new Product(id);
    }

    // @ts-expect-error another parameter
    @Cacheable({ key: product })
    async parameter(id: string): Promise<Product> {
      return new Product(Number(id));
    }

    // @ts-expect-error another type, by a fixed key
    @Cacheable({ key: top() })
    async fixed(): Promise<Product> {
      return new Product(1);
    }

    // @ts-expect-error another type, by a key made of a key
    @Cacheable({ key: (id: string) => product(Number(id)) })
    async derived(id: string) {
      return id;
    }

    // @ts-expect-error another type
    @CachePut({ key: product })
    async put(id: number) {
      return id;
    }

    // @ts-expect-error another parameter
    @CacheEvict({ key: product })
    async evict(id: string) {
      return id;
    }

    // @ts-expect-error a number is no instance
    @Cacheable({ type: Product })
    async instance(id: number) {
      return id;
    }
  }

  return [
    Methods,
    Callbacks,
    Keys,
    // @ts-expect-error not an option
    Cacheable({ tll: '1m' }),
    // @ts-expect-error not a kind of result
    Cacheable({ returns: 'promise' }),
    // @ts-expect-error not an instance
    Cacheable({ type: new Product(1) }),
    // @ts-expect-error the key of a response is a function of the request
    Cacheable({ response: { key: 'k' } }),
    // @ts-expect-error needs a key
    CachePut({ ttl: '1m' }),
    // @ts-expect-error has no default
    CachePut(),
    // @ts-expect-error tags are strings
    Cacheable({ tags: [1] }),
    // @ts-expect-error what the result names is a function of it
    Cacheable({ resultTags: ['a'] }),
    // @ts-expect-error not an option
    Cacheable({ stale: { for: '1m' } }),
    // @ts-expect-error not an option
    Cacheable({ timeout: '1m' }),
    // @ts-expect-error needs key, tags or all
    CacheEvict({}),
    // @ts-expect-error tags or all
    CacheEvict({ tags: ['a'], all: true }),
    // @ts-expect-error there is no result that names tags
    CacheEvict({ key: 'k', resultTags: () => [] }),
    // @ts-expect-error key or all
    CacheEvict({ key: 'k', all: true }),
    // @ts-expect-error all or nothing
    CacheEvict({ all: false }),
    // @ts-expect-error has no default
    CacheEvict(),
  ];
}

describe('the types of the decorators', () => {
  it('accept all of these methods, and decorate them', () => {
    const methods = (type: { prototype: object }) =>
      Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor');
    const decorated = (type: { prototype: object }) =>
      decoratedMethods(type.prototype).map((plan) => String(plan.name));
    expect(decorated(Accepted).sort()).toEqual(methods(Accepted).sort());
    expect(decorated(AcceptedRoutes).sort()).toEqual(methods(AcceptedRoutes).sort());
  });

  it('refuse all of those, as the type check of this file proves', () => {
    expect(refused).toBeTypeOf('function');
  });
});
