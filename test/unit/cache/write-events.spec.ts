import type { Coherence } from '../../../src/store/coherence.js';
import { expect, it } from 'vitest';
import { memoryStore } from '../../../src/store/memory-store.js';
import type { StoreFactory } from '../../../src/store/store.js';
import { FakeClock, FaultyStore, openCaches } from '../../../src/testing/index.js';

async function open() {
  const clock = new FakeClock();
  const faulty: FaultyStore[] = [];
  const store: StoreFactory = {
    open({ codec, unreadable }) {
      const bounds = { max: 100, maxBytes: 100_000 };
      const one = new FaultyStore(memoryStore({ codec, clock, bounds, unreadable }));
      faulty.push(one);
      return one;
    },
  };
  const { cache, events } = openCaches({ store: () => store, clock });
  const opened = await cache();
  return { cache: opened, events, store: faulty[0] as FaultyStore };
}

it('an add of a present key is a write that was not kept', async () => {
  const { cache, events } = await open();
  await cache.add('key', 1);
  await cache.add('key', 2);
  expect(events.of('write').map(({ stored }) => stored)).toEqual([true, false]);
});

it('a loaded value whose key was written while it was on its way is a write that was not kept', async () => {
  const { cache, events, store } = await open();
  const coherence = store.coherence as Coherence;
  const { fill } = coherence;
  coherence.fill = async (fills) => {
    await cache.set('key', 'newer');
    return fill(fills);
  };
  expect(await cache.getOrSet('key', () => 'older')).toBe('older');
  expect(events.of('write').map(({ stored }) => stored)).toEqual([true, false]);
  expect(await cache.get('key')).toBe('newer');
});

it('a write that did not reach the store is an error, and no write', async () => {
  const { cache, events, store } = await open();
  store.fail();
  await cache.set('key', 1);
  await cache.add('key', 1);
  await cache.getOrSet('key', () => 1);
  expect(events.of('error').map(({ operation }) => operation)).toEqual(['set', 'add', 'read']);
  expect(events.count('write')).toBe(0);
});

it('a ttl that has passed is no write', async () => {
  const { cache, events } = await open();
  await cache.set('key', 1, { ttl: 0 });
  await cache.add('key', 1, 0);
  expect(events.count('write')).toBe(0);
  expect(events.of('delete')).toMatchObject([{ keys: ['key'] }]);
});
