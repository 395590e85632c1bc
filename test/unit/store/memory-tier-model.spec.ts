import fc from 'fast-check';
import { expect, it } from 'vitest';
import { histories, TierModel } from './memory-tier-model.js';
import { TierSetup } from './memory-tier-setup.js';

it('memory gives nothing that is older than the last change heard or made, or than what was read before', async () => {
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const model = new TierModel();
      await model.follow(steps);
      hits += model.hits;
    }),
    { numRuns: 1_500 },
  );
  expect(hits).toBeGreaterThan(500);
});

it('nothing is left of 100,000 operations', async () => {
  const setup = new TierSetup({ bounds: { max: 50, maxBytes: 10_000 } });
  const names = Array.from({ length: 20 }, (_, index) => `name ${index}`);
  const entries = await Promise.all(
    names.map((tag) => setup.fetched({ value: tag, tags: [{ tag, version: 'version0001' }] })),
  );
  const open: (() => void)[] = [];
  const [generator] = fc.sample(fc.infiniteStream(fc.nat(9_999)), { numRuns: 1, seed: 1 });
  const next = (below: number): number => Number(generator?.next().value) % below;
  for (let count = 0; count < 100_000; count++) {
    const entryKey = setup.key(`key ${next(100)}`);
    const name = names[next(20)] as string;
    const kind = next(8);
    if (kind < 3) {
      const look = setup.tier.look([entryKey]);
      look.keep(entryKey, entries[next(20)] as (typeof entries)[0]);
      open.push(() => look.end());
    } else if (kind === 3) open.push(setup.tier.watch(entryKey, () => undefined) ?? (() => undefined));
    else if (kind === 4) setup.channel.push(next(2) === 0 ? entryKey : setup.space.tagKey(name));
    else if (kind === 5) setup.tier.drop([entryKey]);
    else if (kind === 6) setup.tier.get(entryKey);
    else if (next(100) === 0) setup.channel.up();
    while (open.length > next(60)) open.splice(next(open.length), 1)[0]?.();
  }
  for (const end of open) end();
  const sizes = setup.tier.sizes();
  expect(sizes).toMatchObject({ looks: 0, touched: 0, watched: 0 });
  expect(sizes.entries).toBeGreaterThan(10);
  expect(sizes.versions).toBeLessThanOrEqual(21);
  setup.tier.drop(Array.from({ length: 100 }, (_, index) => setup.key(`key ${index}`)));
  expect(setup.tier.sizes()).toMatchObject({ entries: 0, bytes: 0, versions: 0 });
});
