import { describe, expect, it } from 'vitest';
import { setPrice } from './recipes/replica.js';
import { ShopTest } from './shop-test.js';

const test = new ShopTest();

describe('loaders that read a replica', () => {
  it('store what is old once the barrier is gone, as long as the replica lags behind', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    reader.db.freeze();
    await writer.prices.setPrice(1, 20);
    expect(await reader.prices.price(1)).toBe(10);
    reader.db.catchUp();
    expect(await reader.prices.price(1)).toBe(10);
  });

  it('store what is new where the barrier stands until the replica has caught up', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    reader.db.freeze();
    const commit = async (): Promise<string> => {
      await writer.db.transaction((tx) => tx.run('UPDATE products SET price = 20 WHERE id = 1'));
      return 'position';
    };
    await setPrice(writer.products, 1, commit, async () => {
      expect(await reader.prices.price(1)).toBe(10);
      expect(await reader.products.get('price:1')).toBeUndefined();
      reader.db.catchUp();
    });
    expect(await reader.prices.price(1)).toBe(20);
    expect(await writer.products.get('price:1')).toBe(20);
  });
});
