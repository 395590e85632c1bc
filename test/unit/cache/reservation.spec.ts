import { describe, expect, it } from 'vitest';
import { LEASE_TIME } from '../../../src/store/coherence.js';
import type { Reservation } from '../../../src/cache/reservation.js';
import type { NamedCache } from '../../../src/cache/named-cache.js';
import { Processes, quiet } from './processes.js';

async function reserved(cache: NamedCache, tags: string[] = []): Promise<Reservation> {
  const reservation = await cache.reserve('key', tags);
  expect(reservation).toBeDefined();
  return reservation as Reservation;
}

describe('a reservation', () => {
  it('stores what was made elsewhere, with its tags', async () => {
    const processes = new Processes();
    const { cache, events } = processes.start();
    const one = await reserved(cache, ['early']);
    await one.put({ value: 'value', ttl: 1_000, grace: 0, tags: ['early', 'late'] });
    expect(await cache.getEntry('key')).toMatchObject({
      value: 'value',
      ttl: 1_000,
      tags: ['early', 'late'],
    });
    expect(events.of('write')).toEqual([{ type: 'write', cache: 'default', key: 'key', stored: true }]);
  });

  it('is there once at a time in all processes, and not for what is there already', async () => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const first = await reserved(one.cache);
    expect([await one.cache.reserve('key', []), await two.cache.reserve('key', [])]).toEqual([
      undefined,
      undefined,
    ]);
    await first.giveBack();
    await (await reserved(two.cache)).put({ value: 'value', ttl: null, grace: 0, tags: [] });
    expect(await one.cache.reserve('key', [])).toBeUndefined();
  });

  it.each<[string, (cache: NamedCache) => Promise<unknown>]>([
    ['an invalidation of a tag that was known', (cache) => cache.invalidateTags('early')],
    ['an invalidation of a tag that was not', (cache) => cache.invalidateTags('late')],
    ['a removal', (cache) => cache.del('key')],
    ['a clear', (cache) => cache.clear()],
  ])('stores nothing after %s in another process', async (_name, invalidate) => {
    const processes = new Processes();
    const [one, two] = [processes.start(), processes.start()];
    const reservation = await reserved(one.cache, ['early']);
    await invalidate(two.cache);
    await reservation.put({ value: 'value', ttl: null, grace: 0, tags: ['early', 'late'] });
    expect(await one.cache.get('key')).toBeUndefined();
    expect(one.events.of('write')).toMatchObject([{ stored: false }]);
  });

  it('lasts for as long as it is kept, and then for its time', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const kept = await reserved(cache);
    kept.keep();
    for (let second = 0; second < (3 * LEASE_TIME) / 1_000; second++) await processes.pass(1_000);
    expect(await cache.reserve('key', [])).toBeUndefined();
    kept.letGo();
    await processes.pass(LEASE_TIME);
    expect(processes.clock.pending).toBe(0);
    const next = await reserved(cache);
    await kept.put({ value: 'too late', ttl: null, grace: 0, tags: [] });
    expect(await cache.get('key')).toBeUndefined();
    await next.put({ value: 'in time', ttl: null, grace: 0, tags: [] });
    await quiet();
    expect(await cache.get('key')).toBe('in time');
  });

  it('leaves no timer behind however it ends', async () => {
    const processes = new Processes();
    const { cache } = processes.start();
    const first = await reserved(cache);
    first.keep();
    await first.giveBack();
    const second = await reserved(cache);
    second.keep();
    await second.put({ value: 'value', ttl: 60_000, grace: 0, tags: [] });
    expect(processes.clock.pending).toBe(0);
  });
});
