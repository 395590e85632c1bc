import { expect, it } from 'vitest';
import { put } from '../../src/testing/store-coherence-subject.js';
import { RecordingConnection } from './redis-coherence-stores.js';
import { SharedRedis } from './redis-caches.js';
import { storeOn } from './redis-stores.js';

const redis = new SharedRedis();
const MINUTE = 60_000;
const TERMS = { ttl: MINUTE, grace: MINUTE };

/** A connection that is wrong about the time of Redis, or whose calls are on their way for so long. */
class SkewedConnection extends RecordingConnection {
  readonly #skew: number;

  constructor(skew: number) {
    super(redis.connection);
    this.#skew = skew;
  }

  override now(): number {
    return super.now() + this.#skew;
  }
}

it('a touch that was sent before an expire and comes after it does not make the entry fresh again', async () => {
  const { store, again } = storeOn(redis.connection);
  const late = again({ connection: new SkewedConnection(-5_000) });
  for (const tags of [[], ['tag']]) {
    await put(store, 'key', 'old', { ...TERMS, tags });
    expect(await store.coherence.expire('key')).toBe(true);
    expect(await late.touch('key', MINUTE)).toBe(false);
    const [entry] = await store.read(['key']);
    expect(entry?.staleFor).toBeGreaterThanOrEqual(0);
  }
});

it('what expires for a process whose time is ahead is stale for all', async () => {
  const { store, again } = storeOn(redis.connection);
  const ahead = again({ connection: new SkewedConnection(950) });
  await put(store, 'key', 'old', { ...TERMS, ttl: 900 });
  expect(await ahead.coherence.expire('key')).toBe(false);
  const [entry] = await store.read(['key']);
  expect(entry?.staleFor).toBeGreaterThanOrEqual(0);
});
