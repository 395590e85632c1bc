import type { NamedCache } from 'nestjs-redis-cache';

export async function setPrice(
  products: NamedCache,
  id: number,
  commit: () => Promise<string>,
  replicasHave: (position: string) => Promise<void>,
): Promise<void> {
  await products.mutate({ keys: [`price:${id}`] }, async () => {
    const position = await commit();
    // The barrier stands until every replica that a loader may read has come this far.
    await replicasHave(position);
  });
}
