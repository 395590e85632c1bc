import { describe, expect, it, vi } from 'vitest';
import { ShopTest } from './shop-test.js';
import type { Shop } from './shop.js';
import { startWriter } from './writer.js';

const test = new ShopTest();
vi.setConfig({ testTimeout: 60_000 });

const all = async ({ prices }: Shop): Promise<unknown[]> => [await prices.price(1), await prices.total()];
const cached = ({ products }: Shop): Promise<unknown[]> => products.mget(['price:1', 'total']);

describe('a process that is killed inside of mutate', () => {
  it.each([
    { point: 'before', heard: 'uncommitted', prices: [10, 30] },
    { point: 'after', heard: 'committed', prices: [20, 40] },
  ] as const)('$point its commit: nothing old is served after it', async ({ point, heard, prices }) => {
    const reader = await test.open();
    expect(await all(reader)).toEqual([10, 30]);
    const writer = startWriter(test.redis.url, test.file, point);
    await writer.reaches(heard);
    await writer.kill();

    // The barriers stand, and end by themselves; what is loaded meanwhile is right, and not stored.
    const barriers = await test.barriers();
    expect([...barriers.keys()].toSorted()).toEqual([
      'shop:products:b:{price:1}',
      'shop:products:b:{products}:prices',
    ]);
    for (const left of barriers.values()) expect(left).toBeLessThanOrEqual(10_000);
    for (const left of barriers.values()) expect(left).toBeGreaterThan(0);
    await test.keepBarriers();
    expect(await all(reader)).toEqual(prices);
    expect(await cached(reader)).toEqual([undefined, undefined]);

    await test.endBarriers();
    expect(await cached(reader)).toEqual([undefined, undefined]);
    expect(await all(reader)).toEqual(prices);
    expect(await cached(reader)).toEqual(prices);
  });
});
