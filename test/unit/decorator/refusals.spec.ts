// oxlint-disable eslint/no-shadow -- several classes of one name are what is tested
import { Controller, Get, UseGuards } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { CacheEvict } from '../../../src/decorator/cache-evict.decorator.js';
import { CachePut } from '../../../src/decorator/cache-put.decorator.js';
import { Cacheable } from '../../../src/decorator/cacheable.decorator.js';
import { checkHosts, type DecoratedHost } from '../../../src/decorator/host-check.js';
import { application } from './application.js';

type Decorator = (target: object, name: string | symbol, descriptor: PropertyDescriptor) => void;

/** What callers without types could write: any options on any method. */
function put(
  decorators: unknown[],
  method: (...args: never[]) => unknown = async () => 1,
  name: string | symbol = 'find',
) {
  class Service {
    version = 1;
  }
  const descriptor = { value: method, configurable: true };
  for (const decorate of decorators as Decorator[]) decorate(Service.prototype, name, descriptor);
}

const cacheable = (options: unknown) => Cacheable(options as object);
const cachePut = (options: unknown) => CachePut(options as { key: string });
const cacheEvict = (options: unknown) => CacheEvict(options as { key: string });

describe('what decorators refuse when the class is defined', () => {
  it.each([
    [
      'an unknown option',
      cacheable({ tll: '1m' }),
      'Service.find @Cacheable.tll: is no option; there are cache, key',
    ],
    [
      'an empty cache name',
      cacheable(''),
      'Service.find @Cacheable.cache: must be the name of a cache, received ""',
    ],
    ['options that are none', cacheable(7), 'Service.find @Cacheable: must be an object, received 7'],
    ['a key that is none', cacheable({ key: 7 }), '@Cacheable.key: must be a string or a function'],
    ['a ttl that is none', cacheable({ ttl: 'soon' }), '@Cacheable.ttl: must be milliseconds'],
    ['a condition that is none', cacheable({ when: true }), '@Cacheable.when: must be a function'],
    ['a veto that is none', cacheable({ unless: 'null' }), '@Cacheable.unless: must be a function'],
    ['tags that are no list', cacheable({ tags: 'a' }), '.tags: must be a list of tags, received "a"'],
    ['a tag that is none', cacheable({ tags: ['a', ''] }), 'Service.find @Cacheable.tags: a tag must be'],
    [
      'tags of the result that are no function',
      cacheable({ resultTags: ['a'] }),
      '@Cacheable.resultTags: must be a function',
    ],
    [
      'an unknown stale option',
      cacheable({ stale: { for: '1m' } }),
      'Service.find @Cacheable.stale.for: is no option',
    ],
    [
      'timeouts that contradict',
      cacheable({ timeout: { soft: '2s', hard: '1s' } }),
      'Service.find @Cacheable.timeout.soft: must be shorter than the hard timeout',
    ],
    ['tags of @CachePut that are none', cachePut({ key: 'k', tags: 1 }), '@CachePut.tags: must be a list'],
    ['a class that is none', cacheable({ type: 'Product' }), '@Cacheable.type: must be a class'],
    ['a result that is none', cacheable({ returns: 'promise' }), '@Cacheable.returns: must be observable'],
    [
      'an unknown response option',
      cacheable({ response: { ttl: 1 } }),
      '@Cacheable.response.ttl: is no option',
    ],
    [
      'response options that are none',
      cacheable({ response: true }),
      '@Cacheable.response: must be an object',
    ],
    ['@CachePut without a key', cachePut({ ttl: 1 }), 'Service.find @CachePut.key: is needed'],
    ['@CachePut without anything', cachePut(undefined), 'Service.find @CachePut: must be an object'],
    [
      '@CacheEvict of nothing',
      cacheEvict({}),
      'Service.find @CacheEvict: needs either "key", "tags" or both, or "all: true"',
    ],
    [
      '@CacheEvict of both',
      cacheEvict({ key: 'a', all: true }),
      'needs either "key", "tags" or both, or "all: true"',
    ],
    ['@CacheEvict of all and tags', cacheEvict({ tags: ['a'], all: true }), 'or "all: true"'],
    ['@CacheEvict by tags that are none', cacheEvict({ tags: [1] }), '@CacheEvict.tags: a tag must be'],
    [
      '@CacheEvict with the tags of a result',
      cacheEvict({ key: 'a', resultTags: () => [] }),
      '@CacheEvict.resultTags: is no option',
    ],
    [
      '@CacheEvict with a flag that is none',
      cacheEvict({ key: 'a', before: 'yes' }),
      '.before: must be true or false',
    ],
  ])('%s', (_name, decorator, message) => {
    expect(() => put([decorator])).toThrow(message);
  });

  it('generators', () => {
    expect(() => put([Cacheable()], function* walk() {})).toThrow(
      'Service.find: a generator cannot be cached',
    );
    expect(() => put([cacheEvict({ all: true })], async function* walk() {})).toThrow(
      'a generator cannot be cached',
    );
  });

  it('static methods, accessors and properties', () => {
    class Other {
      version = 1;
    }
    expect(() => (Cacheable() as Decorator)(Other, 'find', { value: () => 1 })).toThrow(
      'Other.find: a static method belongs to no application',
    );
    expect(() => (Cacheable() as Decorator)(Other.prototype, 'size', { get: () => 1 })).toThrow(
      'Other.size: is no method',
    );
    expect(() => Cacheable()({}, 'size')).toThrow('size: is no method');
  });

  it('two ways to store the result of one method', () => {
    expect(() => put([Cacheable(), Cacheable('other')])).toThrow('@Cacheable twice on one method');
    expect(() => put([Cacheable(), cachePut({ key: 'a' })])).toThrow(
      '@CachePut and @Cacheable on one method',
    );
  });

  it('a method named by a symbol without a key', () => {
    expect(() => put([Cacheable()], undefined, Symbol('find'))).toThrow(
      'Service.Symbol(find) @Cacheable.key: is needed',
    );
    expect(() => put([cacheable({ key: 'a' })], undefined, Symbol('find'))).not.toThrow();
  });
});

class Guard {
  canActivate() {
    return true;
  }
}

class Plain {
  @Cacheable()
  async find(id: number): Promise<number> {
    return id;
  }
}

class Keyed {
  @Cacheable({ key: (id: number) => `${id}` })
  async find(id: number): Promise<number> {
    return id;
  }

  @CacheEvict({ all: true })
  async drop(): Promise<void> {}
}

/** Another class called Plain. */
function namesake() {
  class Plain extends Keyed {
    @Cacheable()
    async other(): Promise<void> {}
  }
  return Plain;
}

const host = (type: DecoratedHost['type'], rest: Partial<DecoratedHost> = {}): DecoratedHost => ({
  type,
  scope: 'static',
  instances: 1,
  ...rest,
});

async function check(...hosts: DecoratedHost[]) {
  const { caches } = await application('known');
  checkHosts(hosts, caches);
}

describe('what is refused when the application starts', () => {
  it('a cache that no module declares, with class and method', async () => {
    class Lost {
      @CacheEvict({ cache: 'nowhere', all: true })
      async drop(): Promise<void> {}
    }
    await expect(check(host(Lost))).rejects.toThrow(
      'Lost.drop: No cache is named "nowhere". Declared: "default", "known"',
    );
  });

  it('a default key where it could not tell results apart', async () => {
    const Plainer = namesake();
    const Nameless = (() => class extends Plain {})();
    await expect(check(host(Plain, { scope: 'request', instances: 0 }))).rejects.toThrow(
      'Plain.find: the class is request-scoped',
    );
    await expect(check(host(Plain, { scope: 'transient', instances: 0 }))).rejects.toThrow(
      'Plain.find: the class is transient-scoped',
    );
    await expect(check(host(Plain, { instances: 2 }))).rejects.toThrow(
      'Plain.find: there are several instances',
    );
    await expect(check(host(Plain), host(Plainer))).rejects.toThrow(
      'Plain.other: another class of this name',
    );
    await expect(check(host(Nameless))).rejects.toThrow(
      '(anonymous class).find: an anonymous class has no name',
    );
  });

  it('nothing of that where a key is given', async () => {
    const Namesake = { Keyed: class Keyed extends Plain {} }.Keyed;
    const Nameless = (() => class extends Keyed {})();
    await expect(check(host(Keyed, { scope: 'request', instances: 0 }))).resolves.toBeUndefined();
    await expect(check(host(Keyed, { scope: 'transient', instances: 0 }))).resolves.toBeUndefined();
    await expect(
      check(host(Keyed, { instances: 3 }), host(Nameless), host(Namesake)),
    ).resolves.toBeUndefined();
  });

  it('a subclass does not stand in its parent’s way', async () => {
    class Special extends Plain {}
    await expect(check(host(Plain), host(Special))).resolves.toBeUndefined();
  });

  it('a result type that says that the method gives its result at once', async () => {
    class Sync {
      @Cacheable()
      count(): number {
        return 1;
      }
    }
    class SyncWriter {
      @CacheEvict({ all: true })
      names(): string[] {
        return [];
      }
    }
    await expect(check(host(Sync))).rejects.toThrow('Sync.count: gives its result at once');
    await expect(check(host(SyncWriter))).rejects.toThrow('SyncWriter.names: gives its result at once');
  });

  it('functions of the arguments on a route handler, and only there the response', async () => {
    @Controller()
    class KeyedRoute {
      @Get()
      @Cacheable({ key: (id: string) => id })
      async find(id: string): Promise<string> {
        return id;
      }
    }
    @Controller()
    class ConditionalRoute {
      @Cacheable({ when: (id: string) => id !== '' })
      @Get()
      async find(id: string): Promise<string> {
        return id;
      }
    }
    class NoRoute {
      @Cacheable({ response: { when: () => true } })
      async find(): Promise<void> {}
    }
    await expect(check(host(KeyedRoute))).rejects.toThrow(
      'KeyedRoute.find @Cacheable.key: cannot be a function on a route handler',
    );
    await expect(check(host(ConditionalRoute))).rejects.toThrow('use response.when(context)');
    await expect(check(host(NoRoute))).rejects.toThrow(
      'NoRoute.find @Cacheable.response: stands on the route handlers of controllers only',
    );
  });

  it('stale values and timeouts on a route handler', async () => {
    @Controller()
    class StaleRoute {
      @Get()
      @Cacheable({ tags: ['a'], stale: { revalidate: '1m' } })
      async find(): Promise<string> {
        return '';
      }
    }
    @Controller()
    class TimedRoute {
      @Get()
      @Cacheable({ timeout: { hard: '1m' } })
      async find(): Promise<string> {
        return '';
      }
    }
    await expect(check(host(StaleRoute))).rejects.toThrow(
      'StaleRoute.find @Cacheable.stale: cannot stand on a route handler; use response.stale',
    );
    await expect(check(host(TimedRoute))).rejects.toThrow(
      'TimedRoute.find @Cacheable.timeout: cannot stand on a route handler',
    );
  });

  it('nothing on a route handler that gives its result at once, in any scope', async () => {
    @Controller()
    class Fine {
      @Get()
      @UseGuards(Guard)
      @Cacheable({ cache: 'known', key: 'fixed', unless: (found: string[]) => found.length === 0 })
      list(): string[] {
        return [];
      }

      @Get('rx')
      @Cacheable()
      rx(): Observable<number> {
        return of(1);
      }
    }
    await expect(check(host(Fine, { scope: 'request', instances: 0 }))).resolves.toBeUndefined();
  });
});
