import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { defineKey } from '../../../src/key/typed-key.js';
import { application, keysOf } from './application.js';

interface Product {
  id: number;
  name: string;
}

const product = defineKey<Product>('product', { ttl: '10m' }).by((id: number) => [id]);
const run = vi.fn<(...args: unknown[]) => void>();

class Products {
  tenant = 'acme';

  @Cacheable()
  async find(id: number, language?: string): Promise<Product> {
    run(id, language);
    return { id, name: `${language ?? 'en'} ${id}` };
  }

  @Cacheable('prices')
  async price(id: number): Promise<number> {
    run(id);
    return id * 100;
  }

  @Cacheable({
    key(this: Products, id: number) {
      return `${this.tenant}/${id}`;
    },
  })
  async own(id: number): Promise<number> {
    run(id);
    return id;
  }

  @Cacheable({ key: product })
  async typed(id: number, _trace: string): Promise<Product> {
    run(id);
    return { id, name: 'typed' };
  }

  @Cacheable({ key: product, ttl: null })
  async forEver(id: number): Promise<Product> {
    return { id, name: 'for ever' };
  }

  @Cacheable({ key: 'short', ttl: '5s' })
  async short(): Promise<number> {
    return 1;
  }

  @Cacheable({
    when: (id: number) => id > 0,
    unless: (found: string | null, id: number) => found === null && id < 10,
  })
  async named(id: number): Promise<string | null> {
    run(id);
    return id % 2 === 0 ? null : `n${id}`;
  }

  @Cacheable()
  async missing(id: number): Promise<string | undefined> {
    run(id);
    return undefined;
  }

  @Cacheable()
  async failing(): Promise<string> {
    run();
    throw new Error('database is down');
  }

  @Cacheable()
  throwing(): Promise<string> {
    throw new Error('before any promise');
  }

  async twice(id: number): Promise<Product[]> {
    return [await this.find(id), await this.find(id)];
  }
}

async function products() {
  run.mockClear();
  const app = await application('prices');
  return { app, service: app.bind(new Products()) };
}

describe('@Cacheable on a method', () => {
  it('runs the method once per list of arguments', async () => {
    const { service } = await products();
    expect(await service.find(1)).toEqual({ id: 1, name: 'en 1' });
    expect(await service.find(1)).toEqual({ id: 1, name: 'en 1' });
    expect(await service.find(1, 'de')).toEqual({ id: 1, name: 'de 1' });
    expect(run.mock.calls).toEqual([
      [1, undefined],
      [1, 'de'],
    ]);
  });

  it('names class, method and arguments in the default key', async () => {
    const { app, service } = await products();
    await service.find(1);
    await service.find(1, 'de');
    expect(await keysOf(app.cache())).toEqual(['Products.find(1)', 'Products.find(1,"de")']);
  });

  it('keeps the result in the named cache', async () => {
    const { app, service } = await products();
    await service.price(3);
    expect(await keysOf(app.cache('prices'))).toEqual(['Products.price(3)']);
    expect(await keysOf(app.cache())).toEqual([]);
  });

  it('gives callers that overlap one run', async () => {
    const { service } = await products();
    const found = await Promise.all([service.find(7), service.find(7), service.find(7)]);
    expect(found).toEqual(Array.from({ length: 3 }, () => ({ id: 7, name: 'en 7' })));
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('caches calls that the class makes to itself', async () => {
    const { service } = await products();
    await service.twice(2);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('gives the key function the arguments and the instance', async () => {
    const { app, service } = await products();
    await service.own(4);
    service.tenant = 'globex';
    await service.own(4);
    expect(await keysOf(app.cache())).toEqual(['acme/4', 'globex/4']);
  });

  it('takes a key definition as key, with its ttl, and shares the entry with code that uses it', async () => {
    const { app, service } = await products();
    await app.cache().set(product(5), { id: 5, name: 'set by hand' });
    expect(await service.typed(5, 'x')).toEqual({ id: 5, name: 'set by hand' });
    await service.typed(6, 'y');
    expect(run.mock.calls).toEqual([[6]]);
    expect(await app.cache().get(product(6))).toEqual({ id: 6, name: 'typed' });
    expect(await app.cache().remainingTtl(product(6))).toBeGreaterThan(560_000);
  });

  it('takes the ttl from the decorator first, then from the key, then from the cache', async () => {
    const { app, service } = await products();
    await service.forEver(1);
    await service.short();
    await service.find(1);
    expect(await app.cache().remainingTtl(product(1))).toBeNull();
    expect(await app.cache().remainingTtl('short')).toBeLessThanOrEqual(5_000);
    const ttl = await app.cache().remainingTtl('Products.find(1)');
    expect(ttl).toBeGreaterThan(200_000);
    expect(ttl).toBeLessThanOrEqual(300_000);
  });

  it('neither reads nor fills the cache where `when` says no', async () => {
    const { app, service } = await products();
    await service.named(-1);
    await service.named(-1);
    expect(run).toHaveBeenCalledTimes(2);
    expect(await keysOf(app.cache())).toEqual([]);
  });

  it('does not keep a result that `unless` rejects, and keeps null otherwise', async () => {
    const { app, service } = await products();
    expect([await service.named(2), await service.named(2)]).toEqual([null, null]);
    expect([await service.named(12), await service.named(12)]).toEqual([null, null]);
    expect(run.mock.calls).toEqual([[2], [2], [12]]);
    expect(await keysOf(app.cache())).toEqual(['Products.named(12)']);
  });

  it('keeps neither undefined nor errors', async () => {
    const { app, service } = await products();
    expect([await service.missing(1), await service.missing(1)]).toEqual([undefined, undefined]);
    await expect(service.failing()).rejects.toThrow('database is down');
    await expect(service.failing()).rejects.toThrow('database is down');
    await expect(service.throwing()).rejects.toThrow('before any promise');
    expect(run).toHaveBeenCalledTimes(4);
    expect(await keysOf(app.cache())).toEqual([]);
  });

  it('never lets one caller change what the next one gets', async () => {
    const { service } = await products();
    const first = await service.find(1);
    first.name = 'changed';
    const second = await service.find(1);
    expect(second.name).toBe('en 1');
  });

  it('runs uncached on an instance that belongs to no application', async () => {
    run.mockClear();
    const service = new Products();
    await service.find(1);
    await service.find(1);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('runs uncached without an instance, with the `this` it was given', async () => {
    // oxlint-disable-next-line typescript/unbound-method -- that it is unbound is what is tested
    const { find } = Products.prototype;
    expect(await Reflect.apply(find, undefined, [9])).toEqual({ id: 9, name: 'en 9' });
  });

  it('caches through a proxy around the instance, as one instance', async () => {
    const { service } = await products();
    const proxy = new Proxy(service, {});
    await service.find(1);
    await proxy.find(1);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('does not show among the properties of the instance', async () => {
    const { service } = await products();
    expect(service).toEqual(new Products());
    expect(Reflect.ownKeys({ ...service })).toEqual(['tenant']);
  });
});

describe('what @Cacheable refuses on the first call', () => {
  class Wrong {
    @Cacheable()
    now() {
      return 1;
    }

    @Cacheable()
    async stream() {
      return Readable.from(['a']);
    }

    @Cacheable()
    async web() {
      return new Blob(['a']).stream();
    }

    @Cacheable()
    async file() {
      return new StreamableFile(Buffer.from('a'));
    }

    @Cacheable()
    async iterator() {
      return [1][Symbol.iterator]();
    }

    @Cacheable()
    async withCallback(_done: () => void) {
      return 1;
    }

    // What a caller without types could write.
    @Cacheable({ key: (() => 7) as unknown as () => string })
    async numbered() {
      return 1;
    }

    @Cacheable('nowhere')
    async elsewhere() {
      return 1;
    }
  }

  it.each([
    ['now', 'Wrong.now: gives its result at once'],
    ['stream', 'Wrong.stream: a stream'],
    ['web', 'Wrong.web: a stream'],
    ['file', 'Wrong.file: a stream'],
    ['iterator', 'Wrong.iterator: an iterator'],
    ['numbered', 'Wrong.numbered.key: must give a string, received 7'],
    ['elsewhere', 'No cache is named "nowhere"'],
  ] as const)('%s', async (method, message) => {
    const app = await application();
    const service = app.bind(new Wrong());
    await expect(Promise.resolve(service[method]())).rejects.toThrow(message);
  });

  it('an argument that has no stable encoding', async () => {
    const app = await application();
    const service = app.bind(new Wrong());
    await expect(service.withCallback(() => {})).rejects.toThrow(
      'Wrong.withCallback(argument 1): no key can be made from a function',
    );
  });

  it('nothing, on an instance that belongs to no application', () => {
    expect(new Wrong().now()).toBe(1);
  });
});
