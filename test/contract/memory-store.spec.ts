import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import type { CoherentStore } from '../../src/store/coherent-store.js';
import {
  cacheConformance,
  FakeClock,
  openCaches,
  storeCoherence,
  storeConformance,
} from '../../src/testing/index.js';
import { plainCodec } from './contract-codec.js';
import { SHARED_MEMORY, sharedMemory } from './shared-memory.js';

const runner = { describe, expect, it };

function open(): { store: CoherentStore; pass(milliseconds: number): void } {
  const clock = new FakeClock(Date.now());
  const bounds = { max: 100_000, maxBytes: 10_000_000 };
  return {
    store: memoryStore({ codec: plainCodec, clock, bounds, unreadable: () => undefined }),
    pass: (milliseconds) => clock.advance(milliseconds),
  };
}

storeConformance(runner, { name: 'memory', open });

storeCoherence(runner, {
  name: 'memory',
  open() {
    const { store, pass } = open();
    return { stores: [store, store], pass };
  },
});

cacheConformance(runner, {
  name: 'memory',
  capabilities: { processes: false, outages: false },
  open() {
    const clock = new FakeClock(Date.now());
    return {
      ...openCaches({ store: 'memory', clock }),
      pass: (milliseconds) => clock.advance(milliseconds),
    };
  },
});

cacheConformance(runner, {
  name: 'a memory that several processes share',
  capabilities: SHARED_MEMORY,
  open: () => sharedMemory(),
});
