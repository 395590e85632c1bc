import { describe, expect, it } from 'vitest';
import { LoadTimeoutError } from '../../../src/errors.js';
import type { CoherentStore } from '../../../src/store/coherent-store.js';
import { FaultyStore } from '../../../src/testing/faulty-store.js';
import { failureOf } from '../../../src/testing/failure-of.js';
import { HeldLoader, Processes, quiet } from './processes.js';

const HARD = { timeout: { hard: 500 } };

describe('callers who wait no longer', () => {
  const waits: Record<
    string,
    (cache: ReturnType<Processes['start']>['cache'], load: () => never) => unknown
  > = {
    getOrSet: (cache, load) => cache.getOrSet('key', load, HARD),
    getOrSetMany: (cache, load) => cache.getOrSetMany(['key', 'key2'], load, HARD),
  };

  it.each(Object.entries(waits))('for what somebody else loads leave nothing behind: %s', async (_, ask) => {
    const processes = new Processes();
    const { cache, flights } = processes.start();
    const held = ['key', 'key2'].map((key) => ({ key, tags: [], anew: false }));
    await processes.store.coherence.acquire(held);
    let calls = 0;
    const load = (): never => {
      calls += 1;
      throw new Error('nobody waits for this');
    };
    const failures = [1, 2].map(() => failureOf(ask(cache, load) as Promise<unknown>));
    await processes.pass(250);
    const later = failureOf(ask(cache, load) as Promise<unknown>);
    await processes.pass(250);
    expect(await Promise.all(failures)).toEqual([expect.any(LoadTimeoutError), expect.any(LoadTimeoutError)]);
    expect(flights.size).toBeGreaterThan(0);
    await processes.pass(250);
    expect(await later).toBeInstanceOf(LoadTimeoutError);
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
    await processes.pass(10_000);
    expect(calls).toBe(0);
  });

  it('for Redis leave no lease behind that it gives them afterwards', async () => {
    const processes = new Processes();
    const store = new FaultyStore(processes.store);
    const { cache, flights } = processes.start(store);
    const answer = store.hold('acquire');
    const load = (): never => {
      throw new Error('nobody waits for this');
    };
    const failures = [
      failureOf(cache.getOrSet('key', load, HARD)),
      failureOf(cache.getOrSetMany(['key2'], load, HARD)),
    ];
    await processes.pass(500);
    expect(await Promise.all(failures)).toEqual([expect.any(LoadTimeoutError), expect.any(LoadTimeoutError)]);
    answer();
    await quiet();
    const requests = ['key', 'key2'].map((key) => ({ key, tags: [], anew: false }));
    const claims = await processes.store.coherence.acquire(requests);
    expect(claims.map(({ state }) => state)).toEqual(['held', 'held']);
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
  });

  it('one of many keys that somebody else loads: the others are loaded and stored', async () => {
    const processes = new Processes();
    const { cache, flights } = processes.start();
    await processes.store.coherence.acquire([{ key: 'busy', tags: [], anew: false }]);
    const failure = failureOf(cache.getOrSetMany(['busy', 'free'], async () => new Map([['free', 1]]), HARD));
    await processes.pass(500);
    expect(await failure).toBeInstanceOf(LoadTimeoutError);
    expect(await cache.get('free')).toBe(1);
    expect([flights.size, processes.clock.pending]).toEqual([0, 0]);
  });

  it('wait for the hard timeout once, though they load for themselves in the end', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    class Unlisted {}
    const loader = new HeldLoader<Unlisted>();
    const first = cache.getOrSet('key', loader.load);
    await quiet();
    const second = failureOf(cache.getOrSet('key', loader.load, HARD));
    await processes.pass(400);
    loader.give(new Unlisted());
    expect(await first).toBeInstanceOf(Unlisted);
    await processes.pass(100);
    expect(await second).toBeInstanceOf(LoadTimeoutError);
    expect(loader.calls).toBe(2);
  });
});

describe('who waits for a load that does not count', () => {
  it('looks again before many keys are loaded once more', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const before = one.cache.getOrSet('key', loader.load);
    await quiet();
    await two.cache.del('key');
    const after = one.cache.getOrSetMany(['key'], async () => new Map([['key', await loader.load()]]));
    await quiet();
    await two.cache.set('key', 'set');
    loader.give('old');
    await quiet();
    expect(await before).toBe('old');
    expect([...(await after).values()]).toEqual(['set']);
    expect(loader.calls).toBe(1);
  });
});

describe('who waits for what another process loads, and hears of no changes', () => {
  it('asks again after a fifth of the time that it has waited, and a little more: soon after the load, and seldom', async () => {
    const processes = new Processes();
    const { store, clock } = processes;
    const claims: number[] = [];
    const coherence: CoherentStore['coherence'] = {
      ...store.coherence,
      acquire: async () => {
        claims.push(clock.monotonic());
        return [{ state: 'busy', failed: false, entry: undefined }];
      },
      watch: () => undefined,
    };
    const { cache } = processes.start(Object.assign(new FaultyStore(store), { coherence }));
    const waiting = failureOf(cache.getOrSet('key', () => 1, { timeout: { hard: 2_000 } }));
    for (let passed = 0; passed < 2_000; passed++) await processes.pass(1);
    expect(await waiting).toBeInstanceOf(LoadTimeoutError);
    for (const [index, at] of claims.slice(1).entries()) {
      const before = claims[index] as number;
      const wanted = Math.min(100, Math.max(5, before * 0.2));
      expect(at - before).toBeGreaterThanOrEqual(wanted);
      expect(at - before).toBeLessThanOrEqual(wanted * 1.5 + 1);
    }
    expect(claims.length).toBeGreaterThan(20);
    expect(claims.length).toBeLessThan(50);
  });
});
