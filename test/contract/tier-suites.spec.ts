import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { gzip } from '../../src/codec/zlib-compressor.js';
import { storeCoherence, storeConformance } from '../../src/testing/index.js';
import { follow, sequences } from './cache-model.js';
import { cachesOn, SharedRedis } from './redis-caches.js';
import { isTrusted, tieredStore, type TierProcess } from './tier-processes.js';

const runner = { describe, expect, it };
const redis = new SharedRedis();
const pass = (milliseconds: number): Promise<void> => sleep(milliseconds);
const tiers: TierProcess[] = [];

/** A store with a memory in front that may be used at once. */
async function open(): Promise<TierProcess> {
  const process = tieredStore(redis.connection);
  tiers.push(process);
  await isTrusted(process);
  return process;
}

storeConformance(runner, {
  name: 'Redis behind memory',
  open: async () => ({ store: (await open()).store, pass }),
});

storeCoherence(runner, {
  name: 'Redis behind memory, in one process',
  open: async () => {
    const { store } = await open();
    return { stores: [store, store], pass };
  },
  capabilities: { wait: false },
});

it.each([
  ['plain', {}],
  ['compressed', { compressor: gzip({ threshold: 1 }) }],
])('a cache in Redis behind memory, %s, does what the model does', async (_, kind) => {
  await fc.assert(
    fc.asyncProperty(sequences(false), async (sequence) => {
      const setup = cachesOn(redis.connection);
      const cache = await setup.cache({ jitter: 0, ...kind, memory: {} });
      await isTrusted({ channel: redis.connection.changes });
      await follow(cache, sequence, () => undefined);
      await setup.close();
      expect(setup.events.count('error')).toBe(0);
    }),
    { numRuns: 40 },
  );
});

afterAll(() => {
  for (const { tier } of tiers) {
    expect(tier.sizes()).toMatchObject({ looks: 0, touched: 0 });
    tier.close();
    expect(tier.sizes()).toMatchObject({ entries: 0, bytes: 0, versions: 0 });
  }
});
