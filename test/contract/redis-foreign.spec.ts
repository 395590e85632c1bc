import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NamedCache } from '../../src/cache/named-cache.js';
import { NotANumberError } from '../../src/errors.js';
import type { CacheSubject } from '../../src/testing/index.js';
import { cachesOn, SharedRedis } from './redis-caches.js';

const redis = new SharedRedis();

interface Opened extends CacheSubject {
  readonly some: NamedCache;
  /** The Redis key of an entry. */
  at(key: string): string;
  readonly generation: string;
}

async function open(): Promise<Opened> {
  const caches = cachesOn(redis.connection);
  const some = await caches.cache({ name: 'c' });
  await some.set('other', 'good');
  return {
    ...caches,
    some,
    at: (key) => `${caches.keyPrefix}:c:v:{${key}}`,
    generation: `${caches.keyPrefix}:c:t:{c}#gen`,
  };
}

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const key of keys) list.push(key);
  return list;
}

describe('a key of another type', () => {
  it('is a miss for everyone who reads', async () => {
    const { some, at, events } = await open();
    await redis.server.cli('HSET', at('key'), 'field', 'value');
    expect(await some.get('key')).toBe(undefined);
    expect(await some.mget(['key', 'other'])).toEqual([undefined, 'good']);
    const many = Array.from({ length: 10 }, () => some.get('key'));
    expect(await Promise.all(many)).toEqual(many.map(() => undefined));
    expect(await some.has('key')).toBe(false);
    expect(await some.getEntry('key')).toBe(undefined);
    expect(await all(some.keys())).toEqual(['other']);
    expect(events.count('error')).toBe(0);
  });

  it('is an error for incr, add and touch, and is left as it is', async () => {
    const { some, at, events, cache } = await open();
    await redis.server.cli('RPUSH', at('key'), 'item');
    expect(await some.add('key', 1)).toBe(false);
    expect(await some.touch('key', 1_000)).toBe(false);
    const errors = events.of('error');
    expect(errors.map(({ operation }) => operation)).toEqual(['add', 'touch']);
    expect(errors.every(({ error }) => error.message.startsWith('WRONGTYPE'))).toBe(true);
    await expect(some.incr('key', 1)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    const strict = await cache({ name: 'c', onError: 'throw' });
    await expect(strict.add('key', 1)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await expect(strict.touch('key', 1_000)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await expect(strict.incr('key', 1, { initial: 0 })).rejects.toThrow(/WRONGTYPE/);
    expect(await redis.server.cli('LLEN', at('key'))).toBe(1);
  });

  it('is replaced by set, by a load and by del', async () => {
    const { some, at } = await open();
    for (const write of [
      () => some.set('key', 'value'),
      () => some.getOrSet('key', () => 'value'),
      () => some.del('key').then(() => some.set('key', 'value')),
    ]) {
      await redis.server.cli('DEL', at('key'));
      await redis.server.cli('SADD', at('key'), 'member');
      await write();
      expect(await some.get('key')).toBe('value');
    }
  });
});

describe('bytes that are no entry', () => {
  it('of another program are a miss that is told, and are loaded anew', async () => {
    const { some, at, events } = await open();
    for (const bytes of ['{"a":1}', 'text', '', '"text"', '\0\0\0\0', '~', '~1', '~2', '~3………………………………']) {
      events.clear();
      await redis.server.cli('SET', at('key'), bytes);
      expect(await some.get('key'), bytes).toBe(undefined);
      expect(events.of('unreadable')).toMatchObject([{ cache: 'c', key: 'key' }]);
      expect(events.of('miss')).toHaveLength(1);
      expect(await some.getOrSet('key', () => 'loaded')).toBe('loaded');
      expect(await some.get('key')).toBe('loaded');
    }
    expect(some.stats().unreadable).toBe(18);
  });

  it('neither harm nor name a value, whatever they are', async () => {
    const { some, at, events } = await open();
    await some.set('key', { secret: 'sesame', list: [1, 2, 3], at: new Date(0) });
    const entry = (await redis.server.raw('GET', at('key'))) as Buffer;
    const damaged = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.nat(entry.length - 1).map((length) => entry.subarray(0, length)),
      fc.tuple(fc.nat(entry.length - 1), fc.nat(255)).map(([place, byte]) => {
        const changed = Buffer.from(entry);
        changed[place] = byte;
        return changed;
      }),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.concat([entry.subarray(0, 24), bytes])),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        await redis.server.raw('SET', at('key'), bytes);
        events.clear();
        const read = await Promise.all([some.get('key'), some.mget(['key', 'other']), some.getEntry('key')]);
        expect(read[1][1]).toBe('good');
        await some.has('key');
        await some.add('key', 1);
        await some.incr('key', 1, { initial: 1 }).catch((error: unknown) => {
          expect(error).toBeInstanceOf(NotANumberError);
        });
        expect(events.count('error')).toBe(0);
        for (const { reason } of events.of('unreadable')) expect(reason).not.toMatch(/sesame|secret/);
      }),
      { numRuns: 400 },
    );
  });

  it('of a cache with a class, a serializer or a compressor that this one lacks are a miss that is told', async () => {
    const { cache, events } = await open();
    class Money {
      constructor(readonly amount: number) {}
    }
    const serializer = { serialize: () => 'own', deserialize: () => 'own' };
    const rich = await cache({ name: 'rich', types: [Money] });
    const own = await cache({ name: 'own', serializer });
    await rich.set('key', new Money(1));
    await own.set('key', 1);
    expect(await (await cache({ name: 'rich' })).get('key')).toBe(undefined);
    expect(await (await cache({ name: 'own' })).get('key')).toBe(undefined);
    expect(events.of('unreadable').map((event) => event.cache)).toEqual(['rich', 'own']);
  });
});

describe('the generation of a cache', () => {
  const losses = {
    'evicted or deleted': (key: string) => redis.server.cli('DEL', key),
    'a text of somebody else': (key: string) => redis.server.cli('SET', key, 'x'),
    'a hash of somebody else': async (key: string) => {
      await redis.server.cli('DEL', key);
      await redis.server.cli('HSET', key, 'a', 'b');
    },
  };

  it.each(Object.entries(losses))('%s: misses only, and clear or a write heals', async (name, lose) => {
    const { some, generation, events } = await open();
    await some.set('key', 'old');
    await lose(generation);
    expect(await some.get('key')).toBe(undefined);
    expect(await some.has('key')).toBe(false);
    expect(await all(some.keys())).toEqual([]);
    if (name !== 'evicted or deleted') await some.clear();
    expect(await some.getOrSet('key', () => 'new')).toBe('new');
    expect(await some.get('key')).toBe('new');
    expect(await some.get('other')).toBe(undefined);
    expect(events.count('error')).toBe(0);
  });

  it('evicted while values are written: every write is there afterwards, nothing old comes back', async () => {
    const { some, generation } = await open();
    await some.set('old', 'old');
    for (let round = 0; round < 20; round++) {
      const writes = [
        some.set('a', round),
        some.add('b', round),
        some.incr(`n${round}`, 1, { initial: round }),
      ];
      await redis.server.cli('DEL', generation);
      await Promise.all(writes);
      await some.set('c', round);
      expect(await some.get('c')).toBe(round);
      expect(await some.get('old')).toBe(undefined);
    }
  });

  it('of a namespace evicted: misses in the namespace only', async () => {
    const { some, generation } = await open();
    const part = some.namespace('part');
    await part.set('key', 1);
    await redis.server.cli('DEL', `${generation}/part`);
    expect(await part.get('key')).toBe(undefined);
    expect(await some.get('other')).toBe('good');
    await part.set('key', 2);
    expect(await part.get('key')).toBe(2);
    expect(await some.namespace('part').get('key')).toBe(2);
  });
});

describe('counters in Redis', () => {
  it('whose time ends between two increments leave no key without a ttl', async () => {
    const { some, at } = await open();
    for (let round = 0; round < 150; round++) {
      await Promise.all([1, 2, 3].map(() => some.incr('key', 1, { initial: 0, ttl: 2 })));
      expect(await redis.server.cli('PTTL', at('key'))).not.toBe(-1);
    }
  });

  it('keep their ttl through a hundred increments at once', async () => {
    const { some, at } = await open();
    await some.incr('key', 1, { initial: 0, ttl: '1h' });
    const other = await cachesOn(redis.connection).cache();
    await Promise.all(Array.from({ length: 100 }, () => some.incr('key')));
    expect(await some.get('key')).toBe(101);
    expect(await redis.server.cli('PTTL', at('key'))).toBeGreaterThan(3_500_000);
    expect(await other.get('key')).toBe(undefined);
  });
});
