import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { KeySpace } from '../../src/key/key-space.js';
import { redisStore } from '../../src/store/redis-store.js';
import { cacheConformance, storeConformance } from '../../src/testing/index.js';
import { plainCodec } from './contract-codec.js';
import { RedisProcesses } from './redis-processes.js';

const runner = { describe, expect, it };
const redis = new RedisProcesses();
let stores = 0;

storeConformance(runner, {
  name: 'Redis',
  open: () => ({
    store: redisStore({
      cache: 'test',
      space: KeySpace.of({ keyPrefix: `store${++stores}`, cache: 'test', version: undefined }),
      codec: plainCodec,
      clock: systemClock,
      connection: redis.connection,
      unreadable: () => undefined,
    }),
    pass: (milliseconds) => sleep(milliseconds),
  }),
});

// Outages have a file of their own.
const capabilities = { outages: false };
cacheConformance(runner, { name: 'Redis', capabilities, open: () => redis.open() });
cacheConformance(runner, {
  name: 'Redis behind memory',
  capabilities,
  open: () => redis.open({ memory: {} }),
});

afterAll(async () => {
  // Everything above ran without a command that walks or empties the whole database.
  const commands = String(await redis.server.cli('INFO', 'commandstats'));
  expect(commands).toContain('cmdstat_mget');
  expect(commands).not.toMatch(/cmdstat_(keys|flushdb|flushall)/);
});
