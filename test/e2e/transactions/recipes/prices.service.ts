import { Inject, Injectable } from '@nestjs/common';
import { InjectCache, NamedCache } from 'nestjs-redis-cache';

/** Stands for your own database client. */
interface Sql {
  run(sql: string, ...values: unknown[]): Promise<void>;
  get<T>(sql: string, ...values: unknown[]): Promise<T | undefined>;
}
interface Database extends Sql {
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>;
}

@Injectable()
export class PricesService {
  constructor(
    @Inject('DATABASE') private readonly db: Database,
    @InjectCache('products') private readonly products: NamedCache,
  ) {}

  async price(id: number): Promise<number | null> {
    return this.products.getOrSet(`price:${id}`, async () => {
      const row = await this.db.get<{ price: number }>('SELECT price FROM products WHERE id = ?', id);
      return row?.price ?? null;
    });
  }

  async total(): Promise<number> {
    const load = async (): Promise<number> => {
      const row = await this.db.get<{ total: number }>('SELECT sum(price) AS total FROM products');
      return row?.total ?? 0;
    };
    return this.products.getOrSet('total', load, { tags: ['prices'] });
  }

  async setPrice(id: number, price: number): Promise<void> {
    await this.products.mutate({ keys: [`price:${id}`], tags: ['prices'] }, () =>
      this.db.transaction(async (tx) => {
        await tx.run('UPDATE products SET price = ? WHERE id = ?', price, id);
        await tx.run('INSERT INTO changes (product, price) VALUES (?, ?)', id, price);
      }),
    );
  }
}
