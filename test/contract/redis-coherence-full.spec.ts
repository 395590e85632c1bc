import { beforeEach, describe, expect, it } from 'vitest';
import {
  begin,
  claim,
  CURRENT,
  endLoads,
  fill,
  load,
  OVERTAKEN,
  stateOf,
  STORED,
  valuesOf,
  write,
} from '../../src/testing/store-coherence-subject.js';
import { redisKeys, TwoProcesses } from './redis-coherence-stores.js';
import { toldOf } from './redis-stores.js';

const redis = new TwoProcesses();
const GRACE = 60_000;

/** Redis takes nothing more, and evicts nothing. */
async function full(): Promise<void> {
  await redis.server.cli('CONFIG', 'SET', 'maxmemory', '1');
}

async function roomy(): Promise<void> {
  await redis.server.cli('CONFIG', 'SET', 'maxmemory', '0');
}

async function get(key: string | undefined): Promise<unknown> {
  return redis.server.cli('GET', key as string);
}

describe('a Redis that is full', () => {
  beforeEach(roomy);

  it('refuses a fill: it is said of each, the leases are free, and what was there stays', async () => {
    const { stores, space } = redis.open();
    const [here, there] = stores;
    await load(here, 'a', 'old', { tags: ['tag'] });
    const a = await begin(here, 'a', { tags: ['tag'], anew: true });
    const [b, c] = [await begin(here, 'b'), await begin(here, 'c')];
    await there.delete(['b']);
    await full();
    const fills = [
      { lease: a, write: write('a', 'new', { tags: ['tag'] }) },
      { lease: b, write: write('b', 'new') },
      { lease: c, write: write('c', 'new') },
    ];
    const [first, second, third] = await endLoads(here, ...fills);
    expect(second).toEqual(OVERTAKEN);
    for (const end of [first, third]) {
      expect(end).toEqual({ ...CURRENT, error: expect.any(Error) as Error });
      expect(end?.error?.message).toMatch(/^OOM /);
    }
    expect(await valuesOf(there, 'a', 'c')).toEqual(['old', undefined]);
    for (const key of ['a', 'c']) expect(await get(redisKeys(space, key)['lease'])).toBeNull();
    await roomy();
    expect(await load(there, 'a', 'new')).toEqual(STORED);
  });

  it('wakes whoever waits for a load whose fill it has refused', async () => {
    const { stores, space } = redis.open();
    const lease = await begin(stores[0], 'key');
    await full();
    const event = `${space.entryKey('key')}!`;
    const filling = (): Promise<unknown> => fill(stores[0], lease, 1);
    const told = await toldOf(redis.server, space.tracked[0], filling, (keys) => keys.includes(event));
    expect(told).toContain(event);
  });

  it('gives no lease, and says why', async () => {
    const { stores, space } = redis.open();
    await full();
    await expect(claim(stores[0], 'key')).rejects.toThrow(/^OOM /);
    await roomy();
    await begin(stores[0], 'key');
    expect(await get(redisKeys(space, 'key')['lease'])).not.toBeNull();
  });

  it('takes leases back, with a pause too', async () => {
    const { stores } = redis.open();
    const [a, b] = [await begin(stores[0], 'a'), await begin(stores[0], 'b')];
    await full();
    expect(await stores[0].coherence.release([a])).toEqual([CURRENT]);
    expect(await stores[0].coherence.release([b], GRACE)).toEqual([CURRENT]);
    await roomy();
    expect(await stateOf(stores[1], 'a')).toBe('held');
    expect(await stateOf(stores[1], 'b')).toBe('failed');
  });

  it('invalidates tags, and what was loaded before is not stored after that', async () => {
    const { stores, space } = redis.open();
    const [here, there] = stores;
    await load(here, 'key', 'old', { tags: ['a', 'b'], grace: GRACE });
    const declared = await begin(here, 'declared', { tags: ['a'] });
    const named = await begin(here, 'named');
    await full();
    await there.coherence.invalidateTags(['a', 'never used']);
    expect(await valuesOf(here, 'key')).toEqual([undefined]);
    expect(await get(redisKeys(space, 'key')['sequence'])).toBeNull();
    await roomy();
    expect(await claim(here, 'key', { anew: true })).toMatchObject({ state: 'held', entry: undefined });
    expect(await fill(here, declared, 'old', { tags: ['a'] })).toEqual(OVERTAKEN);
    expect(await fill(here, named, 'old', { tags: ['a'] })).toEqual(OVERTAKEN);
    expect(await valuesOf(there, 'key', 'declared', 'named')).toEqual([undefined, undefined, undefined]);
    expect(await load(there, 'named', 'new', { tags: ['a', 'b'] })).toEqual(STORED);
    expect(await valuesOf(here, 'named')).toEqual(['new']);
  });

  it('raises, renews and lifts barriers', async () => {
    const { stores } = redis.open();
    const [here, there] = stores;
    await load(here, 'key', 'old');
    await load(here, 'tagged', 'old', { tags: ['tag'] });
    const lease = await begin(here, 'tagged', { tags: ['tag'], anew: true });
    await full();
    const barrier = await there.coherence.bar({ keys: ['key'], tags: ['tag'] }, 60_000);
    await barrier.renew();
    expect(await valuesOf(here, 'key', 'tagged')).toEqual([undefined, undefined]);
    await roomy();
    expect(await stateOf(here, 'key')).toBe('barred');
    expect(await stateOf(here, 'other', { tags: ['tag'] })).toBe('barred');
    await full();
    await barrier.renew();
    await barrier.lift();
    await roomy();
    expect(await fill(here, lease, 'old', { tags: ['tag'] })).toEqual(OVERTAKEN);
    expect(await load(here, 'key', 'new', { tags: ['tag'] })).toEqual(STORED);
  });
});
