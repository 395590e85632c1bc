import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { storeCoherence } from '../../src/testing/store-coherence-cases.js';
import { TwoProcesses } from './redis-coherence-stores.js';

const redis = new TwoProcesses();

storeCoherence(
  { describe, expect, it },
  {
    name: 'Redis',
    open: () => ({ stores: redis.open().stores, pass: (milliseconds) => sleep(milliseconds) }),
    capabilities: { watch: false, wait: false },
  },
);
