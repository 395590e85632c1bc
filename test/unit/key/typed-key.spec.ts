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

  it('refuses a name that would blur keys, and a ttl that is none', () => {
    expect(() => defineKey('')).toThrow('must not be empty');
    expect(() => defineKey('a(b')).toThrow('parenthesis');
    expect(() => defineKey('product', { ttl: 'soon' })).toThrow('defineKey("product").ttl');
  });
});
