import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.js';
import { cacheConformance, FakeClock, openCaches, storeConformance } from '../../src/testing/index.js';
import { plainCodec } from './contract-codec.js';

const runner = { describe, expect, it };

storeConformance(runner, {
  name: 'memory',
  open() {
    const clock = new FakeClock(Date.now());
    const bounds = { max: 100_000, maxBytes: 10_000_000 };
    return {
      store: memoryStore({ codec: plainCodec, clock, bounds, unreadable: () => undefined }),
      pass: (milliseconds) => clock.advance(milliseconds),
    };
  },
});

cacheConformance(runner, {
  name: 'memory',
  open() {
    const clock = new FakeClock(Date.now());
    return {
      ...openCaches({ store: 'memory', clock }),
      pass: (milliseconds) => clock.advance(milliseconds),
    };
  },
});
