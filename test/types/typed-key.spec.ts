import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineKey, type CacheKey, type KeyDefinition, type UntypedKey } from '../../src/key/typed-key.js';

interface Product {
  id: number;
}

/** How a cache tells typed keys from other strings. */
function get<T>(key: CacheKey<T>): T | undefined;
function get<T>(key: UntypedKey): T | undefined;
function get(_key: string): undefined {
  return undefined;
}

function set<T>(key: CacheKey<T>, value: NoInfer<T>): void;
function set<T>(key: UntypedKey, value: T): void;
function set(_key: string, _value: unknown): void {}

const product = defineKey<Product>('product', { ttl: '10m' }).by((id: number) => [id]);
const top = defineKey<Product[]>('top');

describe('the types of keys', () => {
  it('are strings that know their value', () => {
    expectTypeOf(product).parameters.toEqualTypeOf<[id: number]>();
    expectTypeOf(product(1)).toExtend<string>();
    expectTypeOf(product(1)).toEqualTypeOf<CacheKey<Product>>();
    expectTypeOf(top()).toEqualTypeOf<CacheKey<Product[]>>();
    expectTypeOf<string>().toExtend<UntypedKey>();
    expectTypeOf<CacheKey<Product>>().not.toExtend<UntypedKey>();
    expectTypeOf<CacheKey<Product>>().not.toExtend<CacheKey<Product | null>>();
    expectTypeOf<CacheKey<Product | null>>().not.toExtend<CacheKey<Product>>();
    expectTypeOf(product).toExtend<KeyDefinition<Product, [number]>>();
    expect(product(1)).toBe('product(1)');
  });

  it('give the value type where a value is read, and demand it where one is written', () => {
    expectTypeOf(get(product(1))).toEqualTypeOf<Product | undefined>();
    expectTypeOf(get<string>('any')).toEqualTypeOf<string | undefined>();
    expectTypeOf(get('any')).toEqualTypeOf<unknown>();
    set(product(1), { id: 1 });
    set('any', 'thing');
    // @ts-expect-error another type
    set(product(1), 'thing');
    // @ts-expect-error a typed key has one type
    get<string>(product(1));
    expect(get(top())).toBeUndefined();
  });

  it('carry a ttl where one was declared', () => {
    expectTypeOf(product.ttl).toEqualTypeOf<number | string | null>();
    // @ts-expect-error none was declared
    expect(top.ttl).toBeUndefined();
  });

  it('give tags of their parameters, and none where none were declared', () => {
    const tagged = defineKey<Product>('tagged', { tags: ['products'] }).by((id: number) => [id], {
      tags: (id) => [`product:${id}`],
    });
    expectTypeOf(tagged.tags).parameters.toEqualTypeOf<[id: number]>();
    expectTypeOf(tagged.tags(1)).toEqualTypeOf<readonly string[]>();
    // @ts-expect-error a list of tags alone declares no ttl
    expect(tagged.ttl).toBeUndefined();
    expect(tagged.tags(1)).toEqual(['products', 'product:1']);
    expect(top.tags()).toEqual([]);
    // @ts-expect-error another parameter
    tagged.tags('1');
    // @ts-expect-error another parameter than the key has
    defineKey<Product>('p').by((id: number) => [id], { tags: (id: string) => [id] });
    // @ts-expect-error more parameters than the key has
    defineKey<Product>('p').by((id: number) => [id], { tags: (id: number, to: number) => [`${id}${to}`] });
    // @ts-expect-error tags are strings
    const numbers = defineKey<Product>('p').by((id: number) => [id], { tags: (id) => [id] });
    expect(() => numbers.tags(1)).toThrow('defineKey("p").by().tags: must be a list of strings');
  });

  it('refuse wrong parameters and parts', () => {
    // @ts-expect-error another parameter
    product('1');
    // @ts-expect-error none
    product();
    // @ts-expect-error one too many
    product(1, 2);
    // @ts-expect-error an object is no part
    defineKey<Product>('p').by((item: Product) => [item]);
    // @ts-expect-error parts stand in a list
    defineKey<Product>('p').by((id: number) => id);
    // @ts-expect-error parameters are given once
    expect(product.by).toBeUndefined();
    // @ts-expect-error not an option
    expect(() => defineKey<Product>('p', { tll: '1m' })).toThrow('defineKey("p").tll: is no option');
  });
});
