import { describe, expect, it } from 'vitest';
import { InvalidOptionsError, LockTimeoutError } from '../../../src/errors.js';
import { memoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FaultyStore, openCaches } from '../../../src/testing/index.js';
import { failureOf } from '../../../src/testing/failure-of.js';
import { createCodec } from '../../../src/codec/create-codec.js';

const clock = new FakeClock();

describe('locks of a cache', () => {
  it('have nothing to do with its entries, with those of a namespace, or with a clear', async () => {
    const cache = await openCaches({ store: 'memory', clock }).cache();
    await cache.set('job', 'cached');
    const lock = await cache.lock('job', { wait: 0 });
    const other = await cache.namespace('part').lock('job', { wait: 0 });
    await cache.clear();
    expect(await failureOf(cache.lock('job', { wait: 0 }))).toBeInstanceOf(LockTimeoutError);
    expect(await cache.withLock('other', ({ fence }) => fence > 0)).toBe(true);
    expect([await lock.release(), await other.release()]).toEqual([true, true]);
  });

  it('are given back whatever comes of the work', async () => {
    const cache = await openCaches({ store: 'memory', clock }).cache();
    const boom = new Error('boom');
    const failing = cache.withLock('job', () => {
      throw boom;
    });
    expect(await failureOf(failing)).toBe(boom);
    expect(await cache.withLock('job', () => 'free', { wait: 0 })).toBe('free');
  });

  it('need a place to be in', async () => {
    const codec = createCodec({
      types: [],
      serializer: undefined,
      compressor: undefined,
      maxBytes: 1_000,
      format: 'entry',
    });
    const bounds = { max: 10, maxBytes: 1_000 };
    const store = new FaultyStore(memoryStore({ codec, clock, bounds, unreadable: () => undefined }));
    const cache = await openCaches({ store: () => store, clock }).cache();
    expect(await failureOf(cache.lock('job'))).toBeInstanceOf(InvalidOptionsError);
    expect(await failureOf(cache.withLock('job', () => 1))).toBeInstanceOf(InvalidOptionsError);
  });
});
