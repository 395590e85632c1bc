import { describe, expect, it } from 'vitest';
import type { RedisCommand, RedisReply } from '../../src/connection/connection.js';
import { RedisUnavailableError } from '../../src/errors.js';
import { LEASE_TIME } from '../../src/store/coherence.js';
import type { Tier } from '../../src/store/tier.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import {
  begin,
  claim,
  fill,
  load,
  OVERTAKEN,
  put,
  stateOf,
  STORED,
  valuesOf,
} from '../../src/testing/store-coherence-subject.js';
import { eventually } from '../support/eventually.js';
import { plainCodec } from './contract-codec.js';
import { RecordingConnection, redisKeys, TwoProcesses } from './redis-coherence-stores.js';
import { storeOn } from './redis-stores.js';

const redis = new TwoProcesses();
const LOST = new RedisUnavailableError('default', 'no answer');

/** A connection that loses calls: their answers, or the calls themselves. */
class LossyConnection extends RecordingConnection {
  #loses: { readonly what: 'answer' | 'call'; left: number } = { what: 'call', left: 0 };

  /** Loses the next calls. */
  lose(what: 'answer' | 'call', count = Infinity): void {
    this.#loses = { what, left: count };
  }

  override request(command: RedisCommand): Promise<RedisReply> {
    return this.#maybe(() => super.request(command));
  }

  override pipeline(commands: readonly RedisCommand[]): Promise<(RedisReply | Error)[]> {
    return this.#maybe(() => super.pipeline(commands));
  }

  async #maybe<T>(send: () => Promise<T>): Promise<T> {
    if (this.#loses.left === 0) return send();
    this.#loses.left -= 1;
    if (this.#loses.what === 'answer') await send().catch(() => undefined);
    throw LOST;
  }
}

/** A tier that remembers nothing, and what it was told. */
function watchfulTier(): { readonly tier: Tier; readonly told: string[] } {
  const told: string[] = [];
  const tier: Tier = {
    get: () => undefined,
    bytesOf: () => undefined,
    look: (keys) => {
      told.push(`look ${keys.join(' ')}`);
      return { keep: () => undefined, end: () => void told.push('end') };
    },
    drop: (keys) => void told.push(`drop ${keys.join(' ')}`),
    dropVersions: (keys) => void told.push(`drop ${keys.join(' ')}`),
    watch: () => () => undefined,
    close: () => undefined,
  };
  return { tier, told };
}

function open() {
  const connection = new LossyConnection(redis.connection);
  const clock = new FakeClock();
  const pending: boolean[] = [];
  const setup = storeOn(connection, { clock, unsettled: (one) => void pending.push(one) });
  /** What nobody knew is known again. */
  const settled = (): Promise<void> =>
    eventually(() => {
      clock.advance(1_000);
      expect(pending.at(-1)).toBe(false);
    });
  return { ...setup, connection, there: setup.again({ connection: redis.connection }), settled };
}

/** Waits until a lease is gone, which is long before it would end by itself. */
async function isGone(lease: string): Promise<void> {
  const gone = async (): Promise<void> => expect(await redis.server.cli('GET', lease)).toBeNull();
  await eventually(gone, { timeout: LEASE_TIME / 2 });
}

describe('when Redis does not answer', () => {
  it('what was claimed is given back as soon as it does', async () => {
    const { store, connection, lease } = open();
    connection.lose('answer', 1);
    await expect(claim(store, 'key')).rejects.toBe(LOST);
    await isGone(lease('key'));
  });

  it.each(['answer', 'call'] as const)(
    'a load whose fill has lost its %s gives its lease back',
    async (what) => {
      const { store, there, connection, lease } = open();
      const held = await begin(store, 'key');
      connection.lose(what, 1);
      await expect(fill(store, held, 1)).rejects.toBe(LOST);
      await isGone(lease('key'));
      const stored = what === 'answer' ? 1 : undefined;
      expect(await valuesOf(there, 'key')).toEqual([stored]);
    },
  );

  it.each(['answer', 'call'] as const)(
    'an invalidation that has lost its %s hides what carries the tag',
    async (what) => {
      const { store, there, connection, settled } = open();
      await load(store, 'key', 'old', { tags: ['tag'] });
      const [declared, named] = [await begin(store, 'a', { tags: ['tag'] }), await begin(store, 'b')];
      connection.lose(what, 1);
      await expect(store.coherence.invalidateTags(['tag'])).rejects.toBe(LOST);
      expect(await valuesOf(store, 'key')).toEqual([undefined]);
      const asking = async (): Promise<void> =>
        expect(await stateOf(store, 'other', { tags: ['tag'] })).toBe('barred');
      expect(await connection.during(asking)).toEqual([]);
      expect(await claim(store, 'key')).toMatchObject({ state: 'held', entry: undefined });
      expect(await fill(store, declared, 'old', { tags: ['tag'] })).toEqual(OVERTAKEN);
      expect(await fill(store, named, 'old', { tags: ['tag'] })).toEqual(OVERTAKEN);
      await settled();
      expect(await valuesOf(there, 'key', 'a', 'b')).toEqual([undefined, undefined, undefined]);
      expect(await load(store, 'a', 'new', { tags: ['tag'] })).toEqual(STORED);
    },
  );

  it.each([
    ['answers', 'answer', 2],
    ['calls', 'call', 2],
    ['calls, and those that were to lift it,', 'call', 4],
  ] as const)(
    'a barrier that has lost its %s does not stand, and its keys are hidden',
    async (_, what, count) => {
      const { store, there, connection, barrier, settled, space } = open();
      await load(store, 'key', 'old');
      await load(store, 'tagged', 'old', { tags: ['tag'] });
      connection.lose(what, count);
      await expect(store.coherence.bar({ keys: ['key'], tags: ['tag'] }, 60_000)).rejects.toBe(LOST);
      expect(await valuesOf(store, 'key', 'tagged')).toEqual([undefined, undefined]);
      expect(await stateOf(store, 'key')).toBe('barred');
      await settled();
      await eventually(async () => {
        const keys = [barrier('key'), redisKeys(space, 'key', 'tag')['barrier of tag tag'] as string];
        expect(await redis.server.cli('EXISTS', ...keys)).toBe(0);
      });
      expect(await valuesOf(there, 'key', 'tagged')).toEqual([undefined, undefined]);
      expect(await load(store, 'key', 'new', { tags: ['tag'] })).toEqual(STORED);
    },
  );

  it('a write that nobody knows of is not taken for a proof by a load that ends', async () => {
    const { store, connection, settled } = open();
    const lease = await begin(store, 'key');
    connection.lose('call', 1);
    await expect(store.delete(['key'])).rejects.toBe(LOST);
    expect(await fill(store, lease, 'old')).toEqual(OVERTAKEN);
    expect(await valuesOf(store, 'key')).toEqual([undefined]);
    await settled();
    expect(await valuesOf(store, 'key')).toEqual([undefined]);
  });

  it('a key that becomes unknown while it is claimed is barred', async () => {
    const { store, connection, lease } = open();
    const claiming = stateOf(store, 'key');
    connection.lose('call', 1);
    await expect(store.delete(['key'])).rejects.toBe(LOST);
    expect(await claiming).toBe('barred');
    await isGone(lease('key'));
  });
});

describe('what this process remembers', () => {
  it('is dropped before and after whatever changes it, and no look outlives its claim', async () => {
    const { tier, told } = watchfulTier();
    const connection = new LossyConnection(redis.connection);
    const { store, space } = storeOn(connection, { tier });
    const keys = redisKeys(space, 'key', 'tag');
    const [entry, tag] = [keys['entry'] as string, keys['tag tag'] as string];
    const told1 = async (work: () => Promise<unknown>): Promise<string[]> => {
      told.length = 0;
      await work();
      return [...told];
    };
    let lease = await begin(store, 'key', { tags: ['tag'] });
    expect(told).toEqual([`look ${entry}`, 'end']);
    const twice = [`drop ${entry}`, `drop ${entry}`];
    expect(await told1(() => fill(store, lease, 1, { tags: ['tag'] }))).toEqual(twice);
    lease = await begin(store, 'key', { anew: true });
    expect(await told1(() => store.coherence.release([lease]))).toEqual(twice);
    expect(await told1(() => store.coherence.invalidateTags(['tag']))).toEqual([
      `drop ${tag}`,
      `drop ${tag}`,
    ]);
    const both = [...twice, `drop ${tag}`, `drop ${tag}`].sort();
    const targets = { keys: ['key'], tags: ['tag'] };
    const barrier = await store.coherence.bar(targets, 60_000);
    expect((await told1(() => barrier.renew())).sort()).toEqual(both);
    expect((await told1(() => barrier.lift())).sort()).toEqual(both);
    connection.lose('call', 1);
    const refused = (): Promise<unknown> => expect(claim(store, 'key')).rejects.toBe(LOST);
    expect(await told1(refused)).toEqual([`look ${entry}`, 'end']);
  });
});

describe('what is called later takes effect later', () => {
  it('also beside writes that wait for the end of the turn', async () => {
    const { store } = open();
    await put(store, 'warm', 1);
    const [, claimed] = await Promise.all([put(store, 'key', 1), claim(store, 'key')]);
    expect(claimed).toMatchObject({ state: 'fresh', entry: { value: 1 } });
    const lease = await begin(store, 'filled', { anew: true });
    const [, end] = await Promise.all([put(store, 'filled', 'set'), fill(store, lease, 'loaded')]);
    expect(end).toEqual(OVERTAKEN);
    const released = await begin(store, 'released', { anew: true });
    const [, ends] = await Promise.all([put(store, 'released', 1), store.coherence.release([released])]);
    expect(ends).toEqual([OVERTAKEN]);
    const [, expired] = await Promise.all([put(store, 'expired', 1), store.coherence.expire('expired')]);
    expect(expired).toBe(true);
    const targets = { keys: ['barred'], tags: [] };
    const [, barrier] = await Promise.all([put(store, 'barred', 1), store.coherence.bar(targets, 60_000)]);
    await barrier.lift();
    expect(await valuesOf(store, 'filled', 'barred')).toEqual(['set', undefined]);
  });

  it('an invalidation also counts for a tagged write that was called before it', async () => {
    const { store } = open();
    await put(store, 'warm', 1, { tags: ['tag'] });
    const writing = put(store, 'key', 1, { tags: ['tag'] });
    await Promise.all([writing, store.coherence.invalidateTags(['tag'])]);
    expect(await valuesOf(store, 'key', 'warm')).toEqual([undefined, undefined]);
  });

  it('a barrier also keeps out what was written before it and is being compressed', async () => {
    let compress!: () => void;
    const compressing = new Promise<void>((resolve) => (compress = resolve));
    const { store } = storeOn(redis.connection, {
      codec: {
        encode: (value) => compressing.then(() => plainCodec.encode(value)),
        decode: (...bytes) => plainCodec.decode(...bytes),
      },
    });
    const writing = put(store, 'key', 1);
    const barrier = await store.coherence.bar({ keys: ['key'], tags: [] }, 60_000);
    await barrier.lift();
    compress();
    expect(await writing).toBe(false);
    expect(await valuesOf(store, 'key')).toEqual([undefined]);
  });
});
