import { describe, expect, it } from 'vitest';
import { LEASE_TIME } from '../../../src/store/coherence.js';
import { FaultyStore } from '../../../src/testing/faulty-store.js';
import { failureOf } from '../../../src/testing/failure-of.js';
import { HeldLoader, Processes, quiet } from './processes.js';

const boom = new Error('boom');

describe('one loader runs per key in all processes', () => {
  it('callers of two processes share one load, and get its value', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const callers = [one, two, one, two].map(({ cache }) => cache.getOrSet('key', loader.load));
    await processes.pass(1_000);
    loader.give('value');
    await processes.pass(1_000);
    expect(await Promise.all(callers)).toEqual(['value', 'value', 'value', 'value']);
    expect(loader.calls).toBe(1);
    expect([one.flights.size, two.flights.size, processes.clock.pending]).toEqual([0, 0, 0]);
  });

  it('a load that is longer than a lease keeps it', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const callers = [one, two].map(({ cache }) => cache.getOrSet('key', loader.load));
    for (let passed = 0; passed < 3 * LEASE_TIME; passed += 500) await processes.pass(500);
    expect(loader.calls).toBe(1);
    loader.give('value');
    await processes.pass(2_000);
    expect(await Promise.all(callers)).toEqual(['value', 'value']);
  });

  it('the lease of a process that has died passes on, within its time', async () => {
    const processes = new Processes();
    await processes.store.coherence.acquire([{ key: 'key', tags: [], anew: false }]);
    const value = processes.start().cache.getOrSet('key', () => 'value');
    for (let passed = 0; passed < LEASE_TIME + 2_000; passed += 100) await processes.pass(100);
    expect(await value).toBe('value');
  });

  it('a failure reaches the callers of its process alone, frees the others, and is not cached', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const failing = [1, 2, 3].map(() => failureOf(one.cache.getOrSet('key', loader.load)));
    await quiet();
    const waiting = [1, 2, 3].map(() => two.cache.getOrSet('key', () => 'other'));
    await quiet();
    loader.fail(boom);
    await processes.pass(2_000);
    expect(await Promise.all(failing)).toEqual([boom, boom, boom]);
    expect(loader.calls).toBe(1);
    expect(await Promise.all(waiting)).toEqual(['other', 'other', 'other']);
  });
});

describe('nobody is given what was loaded before an invalidation that was acknowledged before they asked', () => {
  const invalidations: Record<string, (processes: Processes) => Promise<unknown>> = {
    'del by another process': (processes) => processes.start().cache.del('key'),
    'set by another process': (processes) => processes.start().cache.set('key', 'set'),
    'a tag invalidated by another process': (processes) => processes.start().cache.invalidateTags('tag'),
    'clear by another process': (processes) => processes.start().cache.clear(),
    'expire by another process': (processes) => processes.start().cache.expire('key'),
    'mutate by another process': (processes) =>
      processes.start().cache.mutate({ keys: ['key'] }, async () => undefined),
  };

  it.each(Object.entries(invalidations))('%s while it is loaded', async (name, invalidate) => {
    const processes = new Processes();
    const { cache, flights } = processes.start();
    const loader = new HeldLoader<string>();
    const options = { tags: ['tag'] };
    const before = [1, 2].map(() => cache.getOrSet('key', loader.load, options));
    await quiet();
    await invalidate(processes);
    const after = [1, 2].map(() => cache.getOrSet('key', loader.load, options));
    const many = cache.getOrSetMany(['key'], async () => new Map([['key', await loader.load()]]));
    await quiet();
    loader.give('old');
    await processes.pass(2_000);
    for (let turns = 0; turns < 4; turns++) {
      loader.give('new');
      await processes.pass(2_000);
    }
    expect(await Promise.all(before)).toEqual(['old', 'old']);
    const right = name.startsWith('set') ? 'set' : 'new';
    expect(await Promise.all(after)).toEqual([right, right]);
    expect([...(await many).values()]).toEqual([right]);
    expect(await cache.get('key')).not.toBe('old');
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
  });

  it('a tag that only the result names, invalidated while it is loaded', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const load = async (context: { tags(...tags: string[]): void }): Promise<string> => {
      const value = await loader.load();
      context.tags('named');
      return value;
    };
    const before = one.cache.getOrSet('key', load);
    await quiet();
    await two.cache.invalidateTags('named');
    const after = one.cache.getOrSet('key', load);
    await quiet();
    loader.give('old');
    await quiet();
    loader.give('new');
    await quiet();
    expect(await Promise.all([before, after])).toEqual(['old', 'new']);
    expect(await two.cache.get('key')).toBe('new');
    await two.cache.invalidateTags('named');
    expect(await one.cache.get('key')).toBeUndefined();
  });

  it('del by another process while it is loaded without a lease, since a load has failed a moment ago', async () => {
    const processes = new Processes({ stale: { revalidate: 0, error: 60_000 } });
    const [one, two] = [processes.start(), processes.start()];
    await two.cache.set('key', 'stale', { tags: ['tag'] });
    await two.cache.expire('key');
    expect(await two.cache.getOrSet('key', () => Promise.reject(boom))).toBe('stale');
    await two.cache.invalidateTags('tag');
    const loader = new HeldLoader<string>();
    const before = one.cache.getOrSet('key', loader.load);
    await quiet();
    await two.cache.del('key');
    const after = one.cache.getOrSet('key', loader.load);
    await quiet();
    loader.give('old');
    await quiet();
    loader.give('new');
    expect(await Promise.all([before, after])).toEqual(['old', 'new']);
  });

  it('a tag that only the result names, invalidated here while Redis is out of reach', async () => {
    const processes = new Processes();
    const store = new FaultyStore(processes.store);
    const { cache } = processes.start(store);
    const loader = new HeldLoader<string>();
    const load = async (context: { tags(...tags: string[]): void }): Promise<string> => {
      const value = await loader.load();
      context.tags('named');
      return value;
    };
    store.fail();
    const before = cache.getOrSet('key', load);
    await quiet();
    await cache.invalidateTags('named');
    const after = cache.getOrSet('key', load);
    await quiet();
    loader.give('old');
    await quiet();
    loader.give('new');
    expect(await Promise.all([before, after])).toEqual(['old', 'new']);
  });

  it('del by the same process: newcomers begin a load of their own at once', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const loader = new HeldLoader<string>();
    const before = cache.getOrSet('key', loader.load);
    await quiet();
    await cache.del('key');
    const after = cache.getOrSet('key', loader.load);
    await quiet();
    expect(loader.calls).toBe(2);
    loader.give('old');
    loader.give('new');
    expect(await Promise.all([before, after])).toEqual(['old', 'new']);
    expect(await cache.get('key')).toBe('new');
  });

  it('a tag invalidated by the same process: the load under it gives its lease back at once', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const loader = new HeldLoader<string>();
    const before = cache.getOrSet('key', loader.load, { tags: ['tag'] });
    await quiet();
    await cache.invalidateTags(['other', 'tag']);
    const after = cache.getOrSet('key', loader.load, { tags: ['tag'] });
    await quiet();
    expect(loader.calls).toBe(2);
    loader.give('old');
    loader.give('new');
    expect(await Promise.all([before, after])).toEqual(['old', 'new']);
    expect(await cache.get('key')).toBe('new');
  });

  it('who waits for a value that is invalidated again and again loads it without the cache in the end', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<number>();
    void one.cache.getOrSet('key', loader.load);
    await quiet();
    const waiting = one.cache.getOrSet('key', loader.load);
    for (let round = 1; round < 20; round++) {
      await two.cache.del('key');
      loader.give(round);
      await processes.pass(200);
    }
    expect(await waiting).toBeGreaterThan(1);
  });
});

describe('many keys', () => {
  it('those that others load are waited for; the rest is loaded with one call', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const single = two.cache.getOrSet('b', loader.load);
    await quiet();
    const calls: string[][] = [];
    const many = one.cache.getOrSetMany(['a', 'b', 'c'], async (missing) => {
      calls.push(missing);
      return new Map(missing.map((key) => [key, `one ${key}`]));
    });
    await processes.pass(50);
    expect(calls).toEqual([['a', 'c']]);
    loader.give('two b');
    await processes.pass(500);
    expect(await single).toBe('two b');
    expect([...(await many)]).toEqual([
      ['a', 'one a'],
      ['b', 'two b'],
      ['c', 'one c'],
    ]);
    expect(calls).toHaveLength(1);
  });

  it('those that others fail to load fall to this call', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const failing = failureOf(two.cache.getOrSet('b', loader.load));
    await quiet();
    const many = one.cache.getOrSetMany(
      ['a', 'b'],
      async (missing) => new Map(missing.map((key) => [key, key])),
    );
    await processes.pass(50);
    loader.fail(boom);
    await processes.pass(500);
    expect(await failing).toBe(boom);
    expect([...(await many).keys()]).toEqual(['a', 'b']);
    expect([one.flights.size, two.flights.size, processes.clock.pending]).toEqual([0, 0, 0]);
  });

  it('whose load takes longer than a lease keep theirs, though one of them is removed meanwhile', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<Map<string, string>>();
    const many = one.cache.getOrSetMany(['a', 'b'], loader.load);
    await quiet();
    await one.cache.del('a');
    for (let passed = 0; passed < 2 * LEASE_TIME; passed += 500) await processes.pass(500);
    const waiting = two.cache.getOrSet('b', () => 'two b');
    await quiet();
    loader.give(
      new Map([
        ['a', 'one a'],
        ['b', 'one b'],
      ]),
    );
    await processes.pass(2_000);
    expect((await many).size).toBe(2);
    expect(await waiting).toBe('one b');
    expect(await two.cache.mget(['a', 'b'])).toEqual([undefined, 'one b']);
  });

  it('a value that cannot be stored does not keep the others out', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const values = new Map<string, unknown>([
      ['a', 1],
      ['b', () => undefined],
      ['c', 3],
    ]);
    expect((await cache.getOrSetMany(['a', 'b', 'c'], async () => values)).size).toBe(3);
    expect(await cache.mget(['a', 'b', 'c'])).toEqual([1, undefined, 3]);
    expect((await processes.store.coherence.acquire([{ key: 'b', tags: [], anew: false }]))[0]?.state).toBe(
      'held',
    );
  });
});
