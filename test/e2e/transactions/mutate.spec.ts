import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { sell } from './recipes/several-caches.js';
import { ShopTest } from './shop-test.js';
import type { Shop } from './shop.js';

const test = new ShopTest();

/** Changes the price of product 1 in a transaction. */
const change = (shop: Shop, price: number): Promise<void> =>
  shop.db.transaction((tx) => tx.run('UPDATE products SET price = ? WHERE id = 1', price));

const priceOf = async (shop: Shop): Promise<number | undefined> =>
  (await shop.db.get<{ price: number }>('SELECT price FROM products WHERE id = 1'))?.price;

describe('invalidating beside a transaction', () => {
  it('before the commit: what is loaded in between is old, and stays', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await writer.products.del('price:1');
    writer.db.beforeCommit = async () => {
      expect(await reader.prices.price(1)).toBe(10);
    };
    await change(writer, 20);
    expect(await priceOf(reader)).toBe(20);
    expect(await reader.prices.price(1)).toBe(10);
  });

  it('after the commit: what is old is served until then, and stays where a reader sets what it has read', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await reader.prices.price(1);
    const read = await priceOf(reader);
    await change(writer, 20);
    expect(await reader.prices.price(1)).toBe(10);
    await writer.products.del('price:1');
    await reader.products.set('price:1', read);
    expect(await reader.prices.price(1)).toBe(10);
  });

  it('after the commit: where readers use getOrSet, a load that began before the commit is not stored', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    const answer = reader.db.hold();
    const early = reader.prices.price(1);
    await eventually(() => expect(reader.db.waiting).toBe(1));
    await change(writer, 20);
    await writer.products.del('price:1');
    answer();
    expect(await early).toBe(10);
    expect(await reader.prices.price(1)).toBe(20);
  });

  it('inside of the transaction, by mutate: what is loaded between its end and the commit is old, and stays', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    writer.db.beforeCommit = async () => {
      expect(await reader.prices.price(1)).toBe(10);
    };
    await writer.db.transaction((tx) =>
      writer.products.mutate({ keys: ['price:1'] }, () => tx.run('UPDATE products SET price = 20')),
    );
    expect(await reader.prices.price(1)).toBe(10);
  });
});

describe('mutate around a transaction', () => {
  it('what is loaded before the commit is not stored', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await reader.prices.price(1);
    await reader.prices.total();
    writer.db.beforeCommit = async () => {
      expect(await reader.prices.price(1)).toBe(10);
      expect(await reader.prices.total()).toBe(30);
      expect(await reader.products.mget(['price:1', 'total'])).toEqual([undefined, undefined]);
    };
    writer.db.afterCommit = async () => {
      expect(await reader.prices.price(1)).toBe(20);
      expect(await reader.prices.total()).toBe(40);
    };
    await writer.prices.setPrice(1, 20);
    expect(await reader.prices.price(1)).toBe(20);
    expect(await reader.prices.total()).toBe(40);
    expect(await writer.products.mget(['price:1', 'total'])).toEqual([20, 40]);
    expect(await test.barriers()).toEqual(new Map());
  });

  it('a load that began before it and ends after it is not stored', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    const answer = reader.db.hold();
    const early = Promise.all([reader.prices.price(1), reader.prices.total()]);
    await eventually(() => expect(reader.db.waiting).toBe(2));
    await writer.prices.setPrice(1, 20);
    answer();
    expect(await early).toEqual([10, 30]);
    expect(await reader.products.mget(['price:1', 'total'])).toEqual([undefined, undefined]);
    expect(await reader.prices.price(1)).toBe(20);
    expect(await reader.prices.total()).toBe(40);
  });

  it('does not help who gets, reads the database and sets', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    const read = await priceOf(reader);
    await writer.prices.setPrice(1, 20);
    await reader.products.set('price:1', read);
    expect(await reader.prices.price(1)).toBe(10);
  });

  it('rolled back: the values from before are there, and are cached again', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await reader.prices.price(1);
    const boom = new Error('boom');
    writer.db.beforeCommit = async () => {
      expect(await reader.prices.price(1)).toBe(10);
      throw boom;
    };
    await expect(writer.prices.setPrice(1, 20)).rejects.toBe(boom);
    expect(await reader.prices.price(1)).toBe(10);
    expect(await reader.products.get('price:1')).toBe(10);
    expect(await priceOf(reader)).toBe(10);
  });

  it('stores nothing that is set while it runs, not even what it has committed', async () => {
    const writer = await test.open();
    writer.db.afterCommit = () => writer.products.set('price:1', 20).then(() => undefined);
    await writer.prices.setPrice(1, 20);
    expect(await writer.products.get('price:1')).toBeUndefined();
  });

  it('two at once of the same key leave what the last one has committed', async () => {
    const [reader, one, two] = [await test.open(), await test.open(), await test.open()];
    one.db.afterCommit = async () => {
      await two.prices.setPrice(1, 30);
      // The other one has ended and invalidated; this one still stands.
      expect(await reader.prices.price(1)).toBe(30);
      expect(await reader.products.get('price:1')).toBeUndefined();
    };
    await one.prices.setPrice(1, 20);
    expect(await reader.prices.price(1)).toBe(30);
    expect(await reader.products.get('price:1')).toBe(30);
  });

  it('of several caches: nothing of what is loaded before the commit is stored in any of them', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    const changes = async (): Promise<number> =>
      reader.orders.getOrSet(
        'changes',
        async () => (await reader.db.all('SELECT price FROM changes')).length,
        { tags: ['customer:7'] },
      );
    const stock = (): Promise<number | undefined> =>
      reader.products.getOrSet('stock:1', () => priceOf(reader));
    expect([await stock(), await changes()]).toEqual([10, 0]);
    writer.db.beforeCommit = async () => expect([await stock(), await changes()]).toEqual([10, 0]);
    const transaction = (): Promise<void> =>
      writer.db.transaction(async (tx) => {
        await tx.run('UPDATE products SET price = 9 WHERE id = 1');
        await tx.run('INSERT INTO changes (product, price) VALUES (1, 9)');
      });
    await sell(writer.products, writer.orders, transaction, { product: 1, customer: 7 });
    expect([await stock(), await changes()]).toEqual([9, 1]);
    expect(await test.barriers()).toEqual(new Map());
  });
});
