import type { NamedCache } from 'nestjs-redis-cache';

export async function sell(
  products: NamedCache,
  orders: NamedCache,
  transaction: () => Promise<void>,
  sale: { product: number; customer: number },
): Promise<void> {
  await products.mutate({ keys: [`stock:${sale.product}`] }, () =>
    orders.mutate({ tags: [`customer:${sale.customer}`] }, transaction),
  );
}
