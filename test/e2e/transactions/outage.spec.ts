import { describe, expect, it } from 'vitest';
import { RedisUnavailableError } from 'nestjs-redis-cache';
import { eventually } from '../../support/eventually.js';
import { ShopTest } from './shop-test.js';

const test = new ShopTest();

/** Answers late rather than never on a machine that is busy, and soon enough where Redis stands still. */
const connection = () => ({ url: test.redis.url, deadline: '1s' });

describe('mutate where Redis is away', () => {
  it("from the beginning, with onError 'throw': the transaction does not run", async () => {
    const writer = await test.open({ onError: 'throw', connection: connection() });
    test.redis.pause();
    await expect(writer.prices.setPrice(1, 20)).rejects.toBeInstanceOf(RedisUnavailableError);
    test.redis.resume();
    expect(await writer.db.get('SELECT price FROM products WHERE id = 1')).toEqual({ price: 10 });
  });

  it("from the beginning, with onError 'open': it runs, and what it made invalid is invalidated when Redis is back", async () => {
    const [reader, writer] = [await test.open(), await test.open({ onError: 'open' })];
    await reader.prices.price(1);
    await test.redis.cli('SAVE');
    await test.redis.kill();
    await writer.prices.setPrice(1, 20);
    expect(await writer.prices.price(1)).toBe(20);
    await test.redis.start();
    await eventually(async () => expect(await reader.prices.price(1)).toBe(20));
    await eventually(async () => expect(await writer.prices.price(1)).toBe(20));
  });

  it('at its end: it has happened, its caller is told what it gave, and nothing old is served', async () => {
    const [reader, writer] = [await test.open(), await test.open({ connection: connection() })];
    await reader.prices.price(1);
    await reader.prices.total();
    writer.db.afterCommit = () => test.redis.pause();
    await writer.prices.setPrice(1, 20);
    test.redis.resume();
    expect(await reader.prices.price(1)).toBe(20);
    expect(await reader.prices.total()).toBe(40);
  });

  it('and comes back empty before the commit: nothing old is served after the end', async () => {
    const [reader, writer] = [await test.open({ onError: 'open' }), await test.open()];
    writer.db.beforeCommit = async () => {
      await test.redis.restart();
      await eventually(async () => {
        await reader.prices.price(1);
        // What is old is in the cache, unless the barrier was renewed before that.
        const stored = (await reader.products.get('price:1')) === 10;
        expect(stored || (await test.barriers()).size > 0).toBe(true);
      });
      await eventually(() => writer.products.has('price:1'));
    };
    await writer.prices.setPrice(1, 20);
    expect(await reader.prices.price(1)).toBe(20);
  });
});
