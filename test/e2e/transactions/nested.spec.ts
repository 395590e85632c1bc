import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { Transaction } from './database.js';
import type { Shop } from './shop.js';
import { ShopTest } from './shop-test.js';

const test = new ShopTest();

/** Changes a price as a part of whatever transaction runs. */
const change = (shop: Shop, id: number, price: number): Promise<void> =>
  shop.transactions.run(async (tx) => {
    await tx.run('UPDATE products SET price = ? WHERE id = ?', price, id);
    shop.transactions.touches(shop.products, { keys: [`price:${id}`], tags: ['prices'] });
  });

const uncommittedPrice = async (tx: Pick<Transaction, 'get'>): Promise<number | undefined> =>
  (await tx.get<{ price: number }>('SELECT price FROM products WHERE id = 1'))?.price;

describe('transactions that know what they touch only while they run', () => {
  it('invalidate what all of their parts have touched, when the outer one commits', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    const prices = async (): Promise<unknown[]> => [
      await reader.prices.price(1),
      await reader.prices.price(2),
      await reader.prices.total(),
    ];
    expect(await prices()).toEqual([10, 10, 30]);
    writer.db.beforeCommit = async () => expect(await prices()).toEqual([10, 10, 30]);
    await writer.transactions.run(async () => {
      await change(writer, 1, 20);
      await change(writer, 2, 30);
      // What is cached is right until the commit, and is served.
      expect(await reader.products.mget(['price:1', 'price:2', 'total'])).toEqual([10, 10, 30]);
    });
    expect(await prices()).toEqual([20, 30, 60]);
    expect(await reader.products.mget(['price:1', 'price:2', 'total'])).toEqual([20, 30, 60]);
    expect(await test.barriers()).toEqual(new Map());
  });

  it('invalidate nothing when they are rolled back before the commit', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await reader.prices.price(1);
    const boom = new Error('boom');
    const failing = writer.transactions.run(async () => {
      await change(writer, 1, 20);
      throw boom;
    });
    await expect(failing).rejects.toBe(boom);
    expect(await reader.products.get('price:1')).toBe(10);
    expect(await reader.db.get('SELECT price FROM products WHERE id = 1')).toEqual({ price: 10 });
  });

  it('do not commit where Redis is away and the cache has to know', async () => {
    const [reader, writer] = [await test.open(), await test.open({ onError: 'throw' })];
    await test.redis.kill();
    await eventually(() => expect(writer.products.has('x')).rejects.toThrow(/Redis/));
    await expect(change(writer, 1, 20)).rejects.toThrow(/Redis/);
    expect(await reader.db.get('SELECT price FROM products WHERE id = 1')).toEqual({ price: 10 });
  });
});

describe('reading inside of a transaction', () => {
  it('from the transaction one sees what one has written, and nobody else does', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await reader.prices.price(1);
    await writer.transactions.run(async (tx) => {
      await change(writer, 1, 20);
      expect(await uncommittedPrice(tx)).toBe(20);
      expect(await writer.prices.price(1)).toBe(10);
      expect(await reader.prices.price(1)).toBe(10);
    });
    expect(await reader.prices.price(1)).toBe(20);
  });

  it('through the cache, everybody is given what is rolled back later', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    const failing = writer.transactions.run(async (tx) => {
      await tx.run('UPDATE products SET price = 20 WHERE id = 1');
      await writer.products.getOrSet('price:1', () => uncommittedPrice(tx));
      throw new Error('boom');
    });
    await expect(failing).rejects.toThrow('boom');
    expect(await reader.prices.price(1)).toBe(20);
    expect(await reader.db.get('SELECT price FROM products WHERE id = 1')).toEqual({ price: 10 });
  });

  it('through the cache behind a barrier, who asks at the same time is given it too', async () => {
    const writer = await test.open();
    const failing = writer.products.mutate({ keys: ['price:1'] }, () =>
      writer.db.transaction(async (tx) => {
        await tx.run('UPDATE products SET price = 20 WHERE id = 1');
        const own = writer.products.getOrSet('price:1', () => uncommittedPrice(tx));
        expect(await Promise.all([own, writer.prices.price(1)])).toEqual([20, 20]);
        throw new Error('boom');
      }),
    );
    await expect(failing).rejects.toThrow('boom');
    expect(await writer.prices.price(1)).toBe(10);
  });
});
