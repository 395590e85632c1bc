import { writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { ShopTest } from './shop-test.js';
import type { Shop } from './shop.js';
import { startWriter } from './writer.js';

const test = new ShopTest();
vi.setConfig({ testTimeout: 60_000 });

const targets = { keys: ['price:1'], tags: ['prices'] };

/** Sets the price of product 1, and notes what that makes invalid. Invalidates nothing. */
const note = ({ db, outbox }: Shop, price: number): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.run('UPDATE products SET price = ? WHERE id = 1', price);
    await outbox.note(tx, 'products', targets);
  });

const all = async ({ prices }: Shop): Promise<unknown[]> => [await prices.price(1), await prices.total()];

const pending = async ({ db }: Shop): Promise<number> =>
  (await db.all('SELECT id FROM outbox WHERE done_on IS NULL')).length;

describe('an outbox', () => {
  it('invalidates what was noted, once', async () => {
    const [reader, writer] = [await test.open(), await test.open()];
    await all(reader);
    await note(writer, 20);
    expect(await all(reader)).toEqual([10, 30]);
    expect(await writer.outbox.workOff()).toBe(1);
    expect(await all(reader)).toEqual([20, 40]);
    expect(await writer.outbox.workOff()).toBe(0);
    expect(await reader.products.get('price:1')).toBe(20);
  });

  it('holds nothing of a transaction that was rolled back', async () => {
    const writer = await test.open();
    writer.db.beforeCommit = () => {
      throw new Error('boom');
    };
    await expect(note(writer, 20)).rejects.toThrow('boom');
    expect(await writer.outbox.workOff()).toBe(0);
  });

  it('makes good a process that commits after its barrier has ended, and dies', async () => {
    const reader = await test.open();
    const go = `${test.file}.go`;
    const writer = startWriter(test.redis.url, test.file, 'go', go);
    await writer.reaches('uncommitted');
    await test.endBarriers();
    expect(await all(reader)).toEqual([10, 30]);
    writeFileSync(go, '');
    await writer.reaches('committed');
    await writer.kill();
    // A barrier alone does not help here.
    expect(await all(reader)).toEqual([10, 30]);
    expect(await reader.outbox.workOff()).toBe(1);
    expect(await all(reader)).toEqual([20, 40]);
  });

  it('makes good a Redis that has gone back to what it was earlier', async () => {
    const [reader, relay] = [await test.open({ onError: 'open' }), await test.open()];
    await note(relay, 11);
    await relay.outbox.workOff();
    expect(await all(reader)).toEqual([11, 31]);
    await test.redis.cli('SAVE');
    for (const price of [20, 30]) {
      await note(relay, price);
      expect(await relay.outbox.workOff()).toBe(1);
    }
    expect(await all(reader)).toEqual([30, 50]);
    await test.redis.kill();
    await test.redis.start();
    await eventually(() => relay.products.has('x'));
    // It holds again what was loaded before it was saved.
    await eventually(async () => expect(await all(reader)).toEqual([11, 31]));
    expect(await relay.outbox.workOff()).toBe(3);
    expect(await all(reader)).toEqual([30, 50]);
    expect(await relay.outbox.workOff()).toBe(0);
  });

  it('makes good a Redis that goes back between the invalidation and the note of it', async () => {
    const [reader, relay] = [await test.open({ onError: 'open' }), await test.open()];
    await all(reader);
    await note(relay, 20);
    await test.redis.cli('SAVE');
    const { invalidateTags } = relay.products;
    relay.products.invalidateTags = async (tags) => {
      await invalidateTags.call(relay.products, tags);
      await test.redis.kill();
      await test.redis.start();
      await eventually(() => relay.products.has('x'));
      relay.products.invalidateTags = invalidateTags;
    };
    expect(await relay.outbox.workOff()).toBe(1);
    await eventually(async () => expect(await all(reader)).toEqual([10, 30]));
    expect(await relay.outbox.workOff()).toBe(1);
    expect(await all(reader)).toEqual([20, 40]);
  });

  it('keeps the notes while Redis is away', async () => {
    const [reader, relay] = [await test.open({ onError: 'open' }), await test.open()];
    await all(reader);
    await note(relay, 20);
    await test.redis.cli('SAVE');
    await test.redis.kill();
    await expect(relay.outbox.workOff()).rejects.toThrow();
    expect(await pending(relay)).toBe(1);
    await test.redis.start();
    await eventually(async () => expect(await relay.outbox.workOff()).toBe(1));
    await eventually(async () => expect(await all(reader)).toEqual([20, 40]));
  });

  it('invalidates again where the relay dies before it could note that it has', async () => {
    const [reader, relay] = [await test.open(), await test.open()];
    await all(reader);
    await note(relay, 20);
    const { run } = relay.db;
    relay.db.run = () => Promise.reject(new Error('killed'));
    await expect(relay.outbox.workOff()).rejects.toThrow('killed');
    expect(await all(reader)).toEqual([20, 40]);
    relay.db.run = run;
    expect(await relay.outbox.workOff()).toBe(1);
    expect(await all(reader)).toEqual([20, 40]);
  });

  it('may be worked off by several processes at once', async () => {
    const [one, two] = [await test.open(), await test.open()];
    await all(one);
    for (let price = 1; price <= 5; price++) await note(one, price);
    await Promise.all([one.outbox.workOff(), two.outbox.workOff()]);
    expect(await pending(one)).toBe(0);
    expect(await one.outbox.workOff()).toBe(0);
    expect(await all(one)).toEqual([5, 25]);
  });

  it('forgets only what was worked off and is old enough', async () => {
    const relay = await test.open();
    const notes = async (): Promise<number> => (await relay.db.all('SELECT id FROM outbox')).length;
    await note(relay, 20);
    await relay.outbox.workOff();
    await note(relay, 30);
    await relay.outbox.tidy(3_600_000);
    expect(await notes()).toBe(2);
    await relay.outbox.tidy(-1);
    expect(await notes()).toBe(1);
    expect(await relay.outbox.workOff()).toBe(1);
  });
});
