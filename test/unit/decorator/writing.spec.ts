import { describe, expect, it, vi } from 'vitest';
import { CacheEvict } from '../../../src/decorator/cache-evict.decorator.js';
import { CachePut } from '../../../src/decorator/cache-put.decorator.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { application, keysOf } from './application.js';

interface Item {
  id: number;
  name: string;
}

const keyOfItem = (item: Item) => `item:${item.id}`;

class Items {
  runs = 0;

  @CachePut({ key: keyOfItem, ttl: '1m' })
  async save(item: Item): Promise<Item> {
    this.runs += 1;
    return { ...item, name: item.name.trim() };
  }

  @CachePut({
    key: (id: number) => `item:${id}`,
    when: (id: number) => id > 0,
    unless: (found: Item | undefined, id: number) => found?.id !== id,
  })
  async rename(id: number, name: string): Promise<Item | undefined> {
    return name === '' ? undefined : { id: name === 'other' ? id + 1 : id, name };
  }

  @CachePut({ key: 'failing' })
  async failing(): Promise<string> {
    throw new Error('no');
  }

  @CachePut({ key: keyOfItem })
  async number(item: Item): Promise<number> {
    // The key was made before the method ran.
    item.id = 99;
    return 1;
  }

  @CacheEvict({ key: (id: number) => `item:${id}` })
  async remove(id: number): Promise<boolean> {
    if (id < 0) throw new Error('no such item');
    return true;
  }

  @CacheEvict({ key: (id: number) => `item:${id}`, before: true })
  async tryToRemove(_id: number): Promise<void> {
    throw new Error('refused');
  }

  @CacheEvict({ key: (id: number) => `item:${id}`, when: (_id: number, really: boolean) => really })
  async maybe(id: number, _really: boolean): Promise<number> {
    return id;
  }

  @CacheEvict({ all: true })
  @CacheEvict({ cache: 'lists', key: 'top' })
  async replaceAll(): Promise<void> {
    this.runs += 1;
  }

  @CacheEvict({
    key: (_id: number): string => {
      throw new Error('bad key');
    },
  })
  async badKey(_id: number): Promise<void> {
    this.runs += 1;
  }
}

async function items() {
  const app = await application('lists');
  return { app, cache: app.cache(), service: app.bind(new Items()) };
}

describe('@CachePut', () => {
  it('runs the method every time and stores what it returns, before the caller has it', async () => {
    const { cache, service } = await items();
    const saved = await service.save({ id: 1, name: ' a ' });
    expect(saved).toEqual({ id: 1, name: 'a' });
    expect(await cache.get('item:1')).toEqual({ id: 1, name: 'a' });
    await service.save({ id: 1, name: 'b' });
    expect(await cache.get('item:1')).toEqual({ id: 1, name: 'b' });
    expect(service.runs).toBe(2);
    expect(await cache.remainingTtl('item:1')).toBeLessThanOrEqual(60_000);
  });

  it('stores nothing where `when` or `unless` say so, and never undefined', async () => {
    const { cache, service } = await items();
    await service.rename(-1, 'x');
    await service.rename(1, 'other');
    await service.rename(2, '');
    expect(await keysOf(cache)).toEqual([]);
    await service.rename(3, 'kept');
    expect(await keysOf(cache)).toEqual(['item:3']);
  });

  it('stores nothing when the method fails', async () => {
    const { cache, service } = await items();
    await expect(service.failing()).rejects.toThrow('no');
    expect(await keysOf(cache)).toEqual([]);
  });

  it('makes the key of the arguments as they were passed', async () => {
    const { cache, service } = await items();
    await service.number({ id: 1, name: '' });
    expect(await keysOf(cache)).toEqual(['item:1']);
  });
});

describe('@CacheEvict', () => {
  it('removes the entry once the method succeeded', async () => {
    const { cache, service } = await items();
    await cache.set('item:1', 1);
    expect(await service.remove(1)).toBe(true);
    expect(await cache.get('item:1')).toBeUndefined();
  });

  it('leaves the entry when the method fails', async () => {
    const { cache, service } = await items();
    await cache.set('item:-1', 1);
    await expect(service.remove(-1)).rejects.toThrow('no such item');
    expect(await cache.get('item:-1')).toBe(1);
  });

  it('with `before`, removes the entry whatever becomes of the method', async () => {
    const { cache, service } = await items();
    await cache.set('item:1', 1);
    await expect(service.tryToRemove(1)).rejects.toThrow('refused');
    expect(await cache.get('item:1')).toBeUndefined();
  });

  it('removes nothing where `when` says no', async () => {
    const { cache, service } = await items();
    await cache.set('item:1', 1);
    await service.maybe(1, false);
    expect(await cache.get('item:1')).toBe(1);
    await service.maybe(1, true);
    expect(await cache.get('item:1')).toBeUndefined();
  });

  it('with `all`, removes every entry of that cache and of no other; several stand on one method', async () => {
    const { app, cache, service } = await items();
    await cache.set('a', 1);
    await cache.set('b', 1);
    await app.cache('lists').set('top', 1);
    await app.cache('lists').set('other', 1);
    await service.replaceAll();
    expect(await keysOf(cache)).toEqual([]);
    expect(await keysOf(app.cache('lists'))).toEqual(['other']);
    expect(service.runs).toBe(1);
  });

  it('does not run the method when a key cannot be made', async () => {
    const { service } = await items();
    await expect(service.badKey(1)).rejects.toThrow('bad key');
    expect(service.runs).toBe(0);
  });

  it('evicts from the other caches when one refuses, and says so', async () => {
    const { app, cache, service } = await items();
    await cache.set('a', 1);
    vi.spyOn(app.cache('lists'), 'del').mockRejectedValue(new Error('out of reach'));
    await expect(service.replaceAll()).rejects.toThrow('out of reach');
    expect(await keysOf(cache)).toEqual([]);
  });
});

describe('decorators on one method', () => {
  const steps: string[] = [];
  /** A decorator of somebody else, which wraps the method. */
  function Traced(): MethodDecorator {
    return (_target, _name, descriptor) => {
      const below = descriptor.value as unknown as (...args: unknown[]) => Promise<unknown>;
      descriptor.value = async function traced(this: unknown, ...args: unknown[]) {
        steps.push('traced');
        return below.apply(this, args);
      } as never;
    };
  }

  class Mixed {
    @Cacheable({ key: 'k' })
    @CacheEvict({ cache: 'lists', key: 'after' })
    @CacheEvict({ cache: 'lists', key: 'before', before: true })
    async plain() {
      steps.push('method');
      return 1;
    }

    @CacheEvict({ cache: 'lists', key: 'before', before: true })
    @CacheEvict({ cache: 'lists', key: 'after' })
    @CachePut({ key: 'k' })
    async put() {
      steps.push('method');
      return 2;
    }

    @Traced()
    @CacheEvict({ cache: 'lists', key: 'after' })
    @Traced()
    @Cacheable({ key: 'k' })
    @Traced()
    @CacheEvict({ cache: 'lists', key: 'before', before: true })
    async apart() {
      steps.push('method');
      return 3;
    }
  }

  async function mixed() {
    const app = await application('lists');
    steps.length = 0;
    const cache = app.cache();
    for (const [name, label] of [
      ['set', 'put'],
      ['getOrSet', 'read'],
    ] as const) {
      const real = cache[name].bind(cache) as (...args: unknown[]) => Promise<unknown>;
      vi.spyOn(cache, name).mockImplementation((...args: unknown[]) => {
        steps.push(label);
        return real(...args) as never;
      });
    }
    vi.spyOn(app.cache('lists'), 'del').mockImplementation(async (key) => {
      steps.push(`evict ${key}`);
      return true;
    });
    return app.bind(new Mixed());
  }

  it('evict before, then look up, then evict after — on a hit too, in whatever order they stand', async () => {
    const service = await mixed();
    expect(await service.plain()).toBe(1);
    expect(steps.splice(0)).toEqual(['evict before', 'read', 'method', 'evict after']);
    expect(await service.plain()).toBe(1);
    expect(steps).toEqual(['evict before', 'read', 'evict after']);
  });

  it('evict before, then run and store, then evict after', async () => {
    const service = await mixed();
    expect(await service.put()).toBe(2);
    expect(steps).toEqual(['evict before', 'method', 'put', 'evict after']);
  });

  it('keep that order around decorators of others, which act where they stand', async () => {
    const service = await mixed();
    expect(await service.apart()).toBe(3);
    expect(steps.splice(0)).toEqual([
      'traced',
      'evict before',
      'traced',
      'read',
      'traced',
      'method',
      'evict after',
    ]);
    expect(await service.apart()).toBe(3);
    expect(steps).toEqual(['traced', 'evict before', 'traced', 'read', 'evict after']);
  });
});
