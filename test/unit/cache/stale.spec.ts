import { describe, expect, it } from 'vitest';
import type { LoadContext } from '../../../src/cache/load-context.js';
import { LoadTimeoutError } from '../../../src/errors.js';
import { failureOf } from '../../../src/testing/failure-of.js';
import { HeldLoader, Processes, quiet } from './processes.js';

const boom = new Error('boom');
const fail = (): never => {
  throw boom;
};

describe('stale.revalidate', () => {
  const options = { ttl: 1_000, stale: { revalidate: 10_000, error: 0 } };

  it('gives the old value at once, and one load in all processes makes it fresh', async () => {
    const processes = new Processes(options);
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'old');
    await processes.pass(1_500);
    const loader = new HeldLoader<string>();
    for (const { cache } of [one, two, one, two])
      expect(await cache.getOrSet('key', loader.load)).toBe('old');
    await quiet();
    expect(loader.calls).toBe(1);
    loader.give('new');
    await quiet();
    expect(await two.cache.get('key')).toBe('new');
    expect(one.events.of('stale')).toHaveLength(2);
    expect([one.flights.size, two.flights.size, processes.clock.pending]).toEqual([0, 0, 0]);
  });

  it('is no hit for get, has, mget and keys; getEntry says that it is stale', async () => {
    const processes = new Processes(options);
    const { cache } = processes.start();
    await cache.set('key', 'old', { tags: ['tag'] });
    await processes.pass(1_000);
    expect([await cache.get('key'), await cache.has('key'), cache.peek('key')]).toEqual([
      undefined,
      false,
      undefined,
    ]);
    expect(await cache.mget(['key'])).toEqual([undefined]);
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys).toEqual([]);
    expect(await cache.getEntry('key')).toMatchObject({ value: 'old', ttl: 0, stale: true, tags: ['tag'] });
    expect(await cache.add('key', 'added')).toBe(true);
  });

  it('is over after its time', async () => {
    const processes = new Processes(options);
    const { cache } = processes.start();
    await cache.set('key', 'old');
    await processes.pass(11_000);
    expect(await cache.getOrSet('key', () => 'new')).toBe('new');
  });

  it('serves nothing that was invalidated', async () => {
    const processes = new Processes(options);
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'old', { tags: ['tag'] });
    await processes.pass(1_500);
    await two.cache.invalidateTags('tag');
    expect(await one.cache.getOrSet('key', () => 'new')).toBe('new');
  });

  it('goes for many keys as well', async () => {
    const processes = new Processes(options);
    const { cache } = processes.start();
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    await processes.pass(1_500);
    const calls: string[][] = [];
    const load = async (missing: string[]): Promise<Map<string, number>> => {
      calls.push(missing);
      return new Map(missing.map((key) => [key, 10]));
    };
    expect([...(await cache.getOrSetMany(['a', 'b', 'c'], load)).values()]).toEqual([1, 2, 10]);
    await quiet();
    expect(calls).toEqual(expect.arrayContaining([['a', 'b'], ['c']]));
    expect(await cache.mget(['a', 'b'])).toEqual([10, 10]);
  });
});

describe('stale.error', () => {
  const options = { ttl: 1_000, stale: { revalidate: 0, error: 10_000 } };

  it('gives the old value when the loader fails, and lets the source rest before the next try', async () => {
    const processes = new Processes(options);
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'old');
    await processes.pass(1_500);
    let calls = 0;
    const load = (): never => {
      calls += 1;
      throw boom;
    };
    for (const { cache } of [one, two, one, two]) expect(await cache.getOrSet('key', load)).toBe('old');
    expect(calls).toBe(1);
    await processes.pass(1_000);
    expect(await two.cache.getOrSet('key', load)).toBe('old');
    expect(calls).toBe(2);
    await processes.pass(1_000);
    expect(await two.cache.getOrSet('key', () => 'new')).toBe('new');
    expect([one.flights.size, two.flights.size, processes.clock.pending]).toEqual([0, 0, 0]);
  });

  it('is over after its time, and was never for what is not there', async () => {
    const processes = new Processes(options);
    const { cache } = processes.start();
    expect(await failureOf(cache.getOrSet('absent', fail))).toBe(boom);
    expect(await cache.getOrSet('absent', () => 'loaded')).toBe('loaded');
    await cache.set('key', 'old');
    await processes.pass(11_000);
    expect(await failureOf(cache.getOrSet('key', fail))).toBe(boom);
  });

  it('serves nothing that is invalidated while the loader runs', async () => {
    const processes = new Processes(options);
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'old');
    await processes.pass(1_500);
    const loader = new HeldLoader<string>();
    const failure = failureOf(one.cache.getOrSet('key', loader.load));
    await quiet();
    await two.cache.del('key');
    loader.fail(boom);
    expect(await failure).toBe(boom);
  });

  it('expire makes an entry stale: it is loaded anew, and still there when that fails', async () => {
    const processes = new Processes(options);
    const { cache, events } = processes.start();
    await cache.set('key', 'old', { ttl: null });
    expect(await cache.expire('key')).toBe(true);
    expect(await cache.expire('key')).toBe(false);
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.getOrSet('key', fail)).toBe('old');
    await processes.pass(1_000);
    expect(await cache.getOrSet('key', () => 'new')).toBe('new');
    expect(events.of('expire')).toHaveLength(1);
  });

  it('each of many keys has its own old value', async () => {
    const processes = new Processes(options);
    const { cache } = processes.start();
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]);
    await processes.pass(1_500);
    expect([...(await cache.getOrSetMany(['a', 'b'], fail)).values()]).toEqual([1, 2]);
    expect(await failureOf(cache.getOrSetMany(['a', 'c'], fail))).toBe(boom);
  });
});

describe('timeouts of a loader', () => {
  it('soft: the old value is served, and the load goes on', async () => {
    const processes = new Processes({
      ttl: 1_000,
      stale: { revalidate: 0, error: 60_000 },
      timeout: { soft: 100, hard: undefined },
    });
    const { cache, flights } = processes.start();
    await cache.set('key', 'old');
    await processes.pass(1_500);
    const loader = new HeldLoader<string>();
    const callers = [cache.getOrSet('key', loader.load), cache.getOrSet('key', loader.load)];
    await processes.pass(100);
    expect(await Promise.all(callers)).toEqual(['old', 'old']);
    loader.give('new');
    await quiet();
    expect(await cache.get('key')).toBe('new');
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
  });

  it('soft without an old value: callers wait on', async () => {
    const processes = new Processes({
      stale: { revalidate: 0, error: 60_000 },
      timeout: { soft: 100, hard: undefined },
    });
    const { cache } = processes.start();
    const loader = new HeldLoader<string>();
    const value = cache.getOrSet('key', loader.load);
    await processes.pass(5_000);
    loader.give('new');
    expect(await value).toBe('new');
  });

  it('hard: the signal is aborted, callers get an error, and what comes later is not stored', async () => {
    const processes = new Processes({ timeout: { soft: undefined, hard: 500 } });
    const { cache, flights } = processes.start();
    const loader = new HeldLoader<string>();
    const signals: AbortSignal[] = [];
    const load = ({ signal }: LoadContext<string>): Promise<string> => {
      signals.push(signal);
      return loader.load();
    };
    const callers = [1, 2].map(() => failureOf(cache.getOrSet('key', load)));
    await processes.pass(499);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await processes.pass(1);
    expect(await Promise.all(callers)).toEqual([expect.any(LoadTimeoutError), expect.any(LoadTimeoutError)]);
    expect(signals[0]?.reason).toBeInstanceOf(LoadTimeoutError);
    loader.give('late');
    await quiet();
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.getOrSet('key', () => 'next')).toBe('next');
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
  });

  it('hard: two loaders that wait for each other end', async () => {
    const processes = new Processes({ timeout: { soft: undefined, hard: 500 } });
    const { cache } = processes.start();
    const ask = (other: string) => async (): Promise<string> => {
      await quiet();
      return cache.getOrSet(other, ask(other === 'a' ? 'b' : 'a'));
    };
    const failures = ['a', 'b'].map((key) => failureOf(cache.getOrSet(key, ask(key === 'a' ? 'b' : 'a'))));
    await processes.pass(1_000);
    expect(await Promise.all(failures)).toEqual([expect.any(LoadTimeoutError), expect.any(LoadTimeoutError)]);
  });

  it('hard: many keys', async () => {
    const processes = new Processes({ timeout: { soft: undefined, hard: 500 } });
    const { cache, flights } = processes.start();
    const failure = failureOf(cache.getOrSetMany(['a', 'b'], () => new Promise<never>(() => undefined)));
    await processes.pass(500);
    expect(await failure).toBeInstanceOf(LoadTimeoutError);
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
  });
});

describe('what a loader is given', () => {
  it('the old value, which it may keep as it is', async () => {
    const processes = new Processes({ ttl: 1_000, stale: { revalidate: 0, error: 10_000 } });
    const { cache } = processes.start();
    await cache.set('key', { etag: 1 });
    await processes.pass(1_500);
    const load = (context: LoadContext<{ etag: number }>): { etag: number } => {
      expect(context.stale).toEqual({ etag: 1 });
      return context.notModified();
    };
    expect(await cache.getOrSet<{ etag: number }>('key', load)).toEqual({ etag: 1 });
    expect(await cache.remainingTtl('key')).toBe(1_000);
  });

  it('no old value to keep: an error that says so', async () => {
    const { cache } = new Processes().start();
    await expect(cache.getOrSet('other', (context) => context.notModified())).rejects.toThrow(
      'no stale value',
    );
  });

  it('tags and a ttl of its own', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    await cache.getOrSet(
      'key',
      (context) => {
        context.tags('a', 'b');
        context.ttl('5s');
        return 1;
      },
      { tags: ['b', 'c'] },
    );
    expect(await cache.getEntry('key')).toMatchObject({ ttl: 5_000, tags: ['b', 'c', 'a'] });
    await cache.invalidateTags(new Set(['a']));
    expect(await cache.get('key')).toBeUndefined();
  });

  it('a ttl is shortened by up to the jitter, that of set is not', async () => {
    const processes = new Processes({ jitter: 0.5, ttl: 10_000 });
    const { cache } = processes.start();
    const ttls = new Set<number>();
    for (let index = 0; index < 50; index++) {
      await cache.getOrSet(`key${index}`, () => index);
      ttls.add((await cache.remainingTtl(`key${index}`)) as number);
    }
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(10_000);
    expect(ttls.size).toBeGreaterThan(10);
    await cache.set('set', 1);
    expect(await cache.remainingTtl('set')).toBe(10_000);
  });
});
