import { describe, expect, it } from 'vitest';
import { defineKey } from '../../../src/key/typed-key.js';

interface Product {
  id: number;
}

describe('a key definition', () => {
  it('makes ordinary strings of its name and parts', () => {
    const product = defineKey<Product>('product').by((id: number) => [id]);
    const page = defineKey<Product[]>('page').by((query: string, number: number) => [query, number]);
    expect(product(42)).toBe('product(42)');
    expect(page('a,"b', 2)).toBe('page("a,\\"b",2)');
    expect(defineKey<Product[]>('top')()).toBe('top()');
  });

  it('tells parts apart that look alike', () => {
    const any = defineKey<Product>('p').by((...parts: (string | number | null | undefined)[]) => parts);
    expect(
      new Set([any('1'), any(1), any(), any(null), any(undefined), any('a', 'b'), any('a,b')]).size,
    ).toBe(7);
  });

  it('ignores arguments beyond its parameters, as the key of a longer method needs', () => {
    const product = defineKey<Product>('product').by((id: number) => [id]);
    const method: (id: number, name: string) => string = product;
    expect(method(1, 'new name')).toBe(product(1));
  });

  it('carries its ttl, with and without parameters', () => {
    const top = defineKey<Product[]>('top', { ttl: '1m' });
    expect(top.ttl).toBe('1m');
    expect(top.by((country: string) => [country]).ttl).toBe('1m');
    expect(defineKey<Product>('for ever', { ttl: null }).ttl).toBeNull();
    expect('ttl' in defineKey<Product>('product')).toBe(false);
  });

  it('gives the tags of its parameters beside those of every value', () => {
    const product = defineKey<Product>('product', { ttl: '1m', tags: ['products'] }).by(
      (id: number) => [id],
      { tags: (id) => [`product:${id}`, 'all'] },
    );
    expect(product.tags(1)).toEqual(['products', 'product:1', 'all']);
    expect(product.ttl).toBe('1m');
    expect(
      defineKey<Product>('p', { tags: ['a'] })
        .by((id: number) => [id])
        .tags(1),
    ).toEqual(['a']);
    expect(defineKey<Product>('p', { tags: ['a'] }).tags()).toEqual(['a']);
    expect(
      defineKey<Product>('p')
        .by((id: number) => [id])
        .tags(1),
    ).toEqual([]);
  });

  it('keeps its tags as they were declared', () => {
    const tags = ['a'];
    const key = defineKey<Product>('p', { tags });
    tags.push('b');
    expect(key.tags()).toEqual(['a']);
    expect(() => (key.tags() as string[]).push('c')).toThrow(TypeError);
  });

  it('refuses tags that are none', () => {
    const wrong = (tags: unknown) => () => defineKey('p', { tags: tags as string[] });
    expect(wrong('a')).toThrow('defineKey("p").tags: must be a list of strings that are not empty');
    expect(wrong(['a', ''])).toThrow('defineKey("p").tags: must be a list');
    expect(wrong([1])).toThrow('defineKey("p").tags: must be a list');
    const by = (tags: unknown) => defineKey('p').by((id: number) => [id], { tags: tags as () => string[] });
    expect(() => by(['a'])).toThrow('defineKey("p").by().tags: must be a function of the parameters');
    expect(() => by(() => 'abc').tags(1)).toThrow('defineKey("p").by().tags: must be a list');
  });

  it('refuses a name that would blur keys, and a ttl that is none', () => {
    expect(() => defineKey('')).toThrow('must not be empty');
    expect(() => defineKey('a(b')).toThrow('parenthesis');
    expect(() => defineKey('product', { ttl: 'soon' })).toThrow('defineKey("product").ttl');
  });
});
