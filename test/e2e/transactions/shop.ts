import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheRegistry, RedisCacheModule, type ConnectionOptions, type NamedCache } from 'nestjs-redis-cache';
import { Database } from './database.js';
import { Outbox } from './recipes/outbox.js';
import { PricesService } from './recipes/prices.service.js';
import { Transactions } from './recipes/transactions.js';

/** An application that sells three products, for 10 each. */
export interface Shop {
  readonly app: INestApplicationContext;
  readonly db: Database;
  readonly products: NamedCache;
  readonly orders: NamedCache;
  readonly prices: PricesService;
  readonly transactions: Transactions;
  readonly outbox: Outbox;
}

/** How a shop meets failures of Redis. */
export interface ShopOptions {
  readonly onError?: 'open' | 'throw';
  readonly connection?: ConnectionOptions;
}

/** Makes a folder with a new database in it. */
export function newDatabase(): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'shop-'));
  const file = join(folder, 'shop.db');
  const db = new Database(file);
  db.script(`
    CREATE TABLE products (id INTEGER PRIMARY KEY, price INTEGER NOT NULL);
    CREATE TABLE changes (product INTEGER NOT NULL, price INTEGER NOT NULL);
    INSERT INTO products VALUES (1, 10), (2, 10), (3, 10);
  `);
  db.script(readFileSync(new URL('./recipes/outbox.sql', import.meta.url), 'utf8'));
  db.close();
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts one process of the shop, with a connection to Redis and to the database of its own. */
export async function openShop(url: string, file: string, options: ShopOptions = {}): Promise<Shop> {
  const { onError = 'throw', connection = { url, deadline: '10s' } } = options;
  const db = new Database(file);
  const caching = RedisCacheModule.forRoot({
    connection,
    keyPrefix: 'shop',
    caches: {
      products: { ttl: '1h', onError },
      orders: { onError },
    },
  });
  const providers = [{ provide: 'DATABASE', useValue: db }, PricesService, Transactions, Outbox];
  const app = await NestFactory.createApplicationContext(
    { module: class ShopModule {}, imports: [caching], providers },
    { logger: false },
  );
  return {
    app,
    db,
    products: app.get(CacheRegistry).get('products'),
    orders: app.get(CacheRegistry).get('orders'),
    prices: app.get(PricesService),
    transactions: app.get(Transactions),
    outbox: app.get(Outbox),
  };
}

/** Ends what `openShop` has started. */
export async function closeShop({ app, db }: Shop): Promise<void> {
  await app.close();
  db.close();
}
