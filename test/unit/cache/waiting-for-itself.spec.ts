import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { Cacheable, InvalidOptionsError, RedisCacheModule } from '../../../src/index.js';
import { FakeClock, openCaches } from '../../../src/testing/index.js';

const WAITS = /would wait for itself/;

async function memoryCache() {
  return openCaches({ store: 'memory', clock: new FakeClock() }).cache();
}

describe('a loader that asks for the key that it loads', () => {
  it('is told so, since it would wait for itself', async () => {
    const cache = await memoryCache();
    const asking = cache.getOrSet('key', () => cache.getOrSet('key', () => 1));
    await expect(asking).rejects.toBeInstanceOf(InvalidOptionsError);
    await expect(asking).rejects.toThrow(WAITS);
    expect(await cache.getOrSet('key', () => 2)).toBe(2);
  });

  it('is told so among many keys', async () => {
    const cache = await memoryCache();
    await cache.set('cached', 0);
    const one = (key: string) => cache.getOrSet(key, () => 1);
    const many = (key: string) => cache.getOrSetMany([key], async () => new Map([[key, 1]]));
    for (const asked of ['a', 'b']) {
      for (const ask of [one, many]) {
        const asking = cache.getOrSetMany<number>(['a', 'cached', 'b'], async () => {
          await ask(asked);
          return new Map();
        });
        await expect(asking).rejects.toThrow(WAITS);
      }
    }
    expect(await cache.getOrSet('a', () => 2)).toBe(2);
  });

  it('may ask for others, for its own in another cache, and for what it has itself removed', async () => {
    const cache = await memoryCache();
    const other = cache.namespace('other');
    const load = async () => {
      const [a, b] = await Promise.all([cache.getOrSet('b', () => 1), other.getOrSet('key', () => 2)]);
      await cache.del('key');
      return cache.getOrSet('key', () => a + b);
    };
    expect(await cache.getOrSet('key', load)).toBe(3);
  });

  it('is joined by everybody else', async () => {
    const cache = await memoryCache();
    let loads = 0;
    const load = async () => (loads += 1);
    const found = await Promise.all([cache.getOrSet('key', load), cache.getOrSet('key', load)]);
    expect([found, loads]).toEqual([[1, 1], 1]);
  });

  it('is told so as a method that calls another one with the same key', async () => {
    @Injectable()
    class Products {
      @Cacheable({ key: 'products' })
      async all(): Promise<number> {
        return this.fromDatabase();
      }
      @Cacheable({ key: 'products' })
      async fromDatabase(): Promise<number> {
        return 1;
      }
    }
    const app = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot()],
      providers: [Products],
    }).compile();
    app.useLogger(false);
    await app.init();
    await expect(app.get(Products).all()).rejects.toThrow(WAITS);
    expect(await app.get(Products).fromDatabase()).toBe(1);
    await app.close();
  });
});
