// oxlint-disable eslint/no-shadow -- several classes of one name are what is tested
import { describe, expect, it } from 'vitest';
import { CacheEvict } from '../../../src/decorator/cache-evict.decorator.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { application, keysOf } from './application.js';

const runs: string[] = [];

abstract class Repository {
  @Cacheable()
  async find(id: number): Promise<string> {
    runs.push(`${this.constructor.name}.find`);
    return `${this.constructor.name} ${id}`;
  }

  @Cacheable({ key: (id: number) => `one:${id}` })
  async one(id: number): Promise<string> {
    runs.push('base one');
    return `base ${id}`;
  }

  @CacheEvict({ key: 'base' })
  async save(): Promise<void> {
    runs.push('base save');
  }
}

class Cats extends Repository {}

class Dogs extends Repository {
  override async find(id: number): Promise<string> {
    return `good ${await super.find(id)}`;
  }

  @Cacheable({ key: (id: number) => `one:${id}` })
  override async one(id: number): Promise<string> {
    runs.push('derived one');
    await Promise.resolve();
    return `${await super.one(id)}, derived`;
  }

  @CacheEvict({ key: 'derived' })
  override async save(): Promise<void> {
    await super.save();
    runs.push('derived save');
  }
}

class Puppies extends Dogs {
  @Cacheable()
  override async find(id: number): Promise<string> {
    return `small ${await super.find(id)}`;
  }
}

async function pets() {
  runs.length = 0;
  const app = await application();
  return { app, cats: app.bind(new Cats()), dogs: app.bind(new Dogs()), puppies: app.bind(new Puppies()) };
}

describe('an inherited decorated method', () => {
  it('is cached under the name of the class it runs on', async () => {
    const { app, cats, dogs } = await pets();
    expect([await cats.find(1), await cats.find(1)]).toEqual(['Cats 1', 'Cats 1']);
    expect([await dogs.find(1), await dogs.find(1)]).toEqual(['good Dogs 1', 'good Dogs 1']);
    expect(runs).toEqual(['Cats.find', 'Dogs.find']);
    expect(await keysOf(app.cache())).toEqual(['Cats.find(1)', 'Dogs.find(1)']);
  });

  it('leaves caching to the decorated method that overrides it, without waiting for itself', async () => {
    const { app, dogs } = await pets();
    expect([await dogs.one(1), await dogs.one(1)]).toEqual(['base 1, derived', 'base 1, derived']);
    expect(runs).toEqual(['derived one', 'base one']);
    expect(await keysOf(app.cache())).toEqual(['one:1']);
  });

  it('does so over several generations', async () => {
    const { app, puppies } = await pets();
    expect([await puppies.find(1), await puppies.find(1)]).toEqual([
      'small good Puppies 1',
      'small good Puppies 1',
    ]);
    expect(runs).toEqual(['Puppies.find']);
    expect(await keysOf(app.cache())).toEqual(['Puppies.find(1)']);
  });

  it('evicts for every class that says so', async () => {
    const { app, dogs } = await pets();
    await app.cache().set('base', 1);
    await app.cache().set('derived', 1);
    await dogs.save();
    expect(await keysOf(app.cache())).toEqual([]);
  });

  it('makes different keys for a class that extends one of its own name', async () => {
    const { app, cats } = await pets();
    const Impostor = { Cats: class Cats extends Repository {} }.Cats;
    await cats.find(1);
    await expect(app.bind(new Impostor()).find(1)).rejects.toThrow('Cats: another class of this name');
  });
});
