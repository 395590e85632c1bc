import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/testing/failure-of.js';
import { HeldLoader, Processes, quiet } from './processes.js';

const boom = new Error('boom');
const fail = (): never => {
  throw boom;
};

describe('after a load has failed', () => {
  it('whose old value will do, one of many keys is not loaded by anybody for a second', async () => {
    const processes = new Processes({ ttl: 1_000, stale: { revalidate: 0, error: 60_000 } });
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'old');
    await processes.pass(1_500);
    expect(await one.cache.getOrSet('key', fail)).toBe('old');
    const asked: string[][] = [];
    const load = async (missing: string[]): Promise<Map<string, string>> => {
      asked.push(missing);
      return new Map(missing.map((key) => [key, 'new']));
    };
    for (const { cache } of [one, two]) {
      expect([...(await cache.getOrSetMany(['key', 'other'], load)).values()]).toEqual(['old', 'new']);
    }
    expect(asked).toEqual([['other']]);
    expect([one, two].map(({ events }) => events.of('stale').length)).toEqual([2, 1]);
    expect(await Promise.all([1, 2].map(() => two.cache.getOrSet('key', fail)))).toEqual(['old', 'old']);
    expect(two.events.of('stale')).toHaveLength(3);
    expect([...one.events.of('coalesced'), ...two.events.of('coalesced')]).toEqual([]);
    await processes.pass(1_000);
    expect([...(await two.cache.getOrSetMany(['key'], load)).values()]).toEqual(['new']);
  });

  it('whose value is revalidated, nobody tries again for a second', async () => {
    const processes = new Processes({ ttl: 1_000, stale: { revalidate: 60_000, error: 0 } });
    const [one, two] = [processes.start(), processes.start()];
    await one.cache.set('key', 'old');
    await processes.pass(1_500);
    let calls = 0;
    const load = (): never => {
      calls += 1;
      throw boom;
    };
    for (const { cache } of [one, two, one, two]) {
      expect(await cache.getOrSet('key', load)).toBe('old');
      await quiet();
      expect([...(await cache.getOrSetMany(['key'], load)).values()]).toEqual(['old']);
      await quiet();
    }
    expect(calls).toBe(1);
    await processes.pass(1_000);
    expect(await two.cache.getOrSet('key', () => 'new')).toBe('old');
    await quiet();
    expect(await one.cache.get('key')).toBe('new');
    expect([one.flights.size, two.flights.size, processes.clock.pending]).toEqual([0, 0, 0]);
  });

  it('that had no old value, the next one is shared by all processes and stored', async () => {
    const processes = new Processes({ stale: { revalidate: 0, error: 60_000 } });
    const [one, two] = [processes.start(), processes.start()];
    expect(await failureOf(one.cache.getOrSet('key', fail))).toBe(boom);
    expect(await failureOf(one.cache.getOrSetMany(['key'], fail))).toBe(boom);
    const loader = new HeldLoader<string>();
    const callers = [one, two, one, two].map(({ cache }) => cache.getOrSet('key', loader.load));
    await quiet();
    loader.give('loaded');
    await quiet();
    expect(await Promise.all(callers)).toEqual(['loaded', 'loaded', 'loaded', 'loaded']);
    expect(loader.calls).toBe(1);
    expect(await one.cache.get('key')).toBe('loaded');
  });

  it('what was stored meanwhile is given, and is not called stale', async () => {
    const processes = new Processes({ stale: { revalidate: 0, error: 60_000 } });
    const [one, two] = [processes.start(), processes.start()];
    const loader = new HeldLoader<string>();
    const value = one.cache.getOrSet('key', loader.load);
    await quiet();
    await two.cache.set('key', 'set');
    loader.fail(boom);
    expect(await value).toBe('set');
    expect(one.events.of('stale')).toEqual([]);
  });
});
