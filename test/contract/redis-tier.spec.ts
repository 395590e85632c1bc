import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { ChangeChannel, ChangeHearer, RedisConnection } from '../../src/connection/connection.js';
import { RedisUnavailableError } from '../../src/errors.js';
import { KeySpace } from '../../src/key/key-space.js';
import { memoryTier } from '../../src/store/memory-tier.js';
import type { StoreWrite } from '../../src/store/store.js';
import { FakeClock } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { plainCodec } from './contract-codec.js';
import { SharedRedis } from './redis-caches.js';
import { commandsOf } from './redis-commands.js';
import { storeOn } from './redis-stores.js';

const redis = new SharedRedis();
const MINUTE = 60_000;
let prefixes = 0;

const put = (key: string, value: unknown, tags: string[] = []): StoreWrite => ({
  key,
  value,
  ttl: MINUTE,
  tags,
});

/** A channel that tells what the test says, and nothing else. */
class HandChannel implements ChangeChannel {
  epoch = 1;
  trusted = true;
  trustedUntil = Infinity;
  readonly voice = { topic: 'topic', next: () => `origin:${++this.said}` };
  said = 0;
  hearer: ChangeHearer | undefined;

  listen(_prefixes: readonly string[], hearer: ChangeHearer): () => void {
    this.hearer = hearer;
    return () => undefined;
  }
}

/** The connection with some of its methods replaced. */
function connectionWith(own: Partial<RedisConnection>): RedisConnection {
  return new Proxy<RedisConnection>(redis.connection, {
    get(target, name) {
      const from = name in own ? own : target;
      const value: unknown = Reflect.get(from, name);
      return typeof value === 'function' ? (value.bind(from) as unknown) : value;
    },
  });
}

function open() {
  const channel = new HandChannel();
  const space = KeySpace.of({ keyPrefix: `tier${++prefixes}`, cache: 'c', version: undefined });
  const tier = memoryTier({
    space,
    channel,
    clock: systemClock,
    bounds: { max: 1_000, maxBytes: 1_000_000 },
    ttl: null,
    codec: plainCodec,
    now: () => redis.connection.now(),
    changed: () => undefined,
  });
  const connection = connectionWith({ changes: channel });
  const hear = (key: string): void => channel.hearer?.changed(key);
  return { ...storeOn(connection, { space, tier }), space, tier, channel, hear, connection };
}

describe('a memory tier in front of Redis', () => {
  it('answers what was read before, without a command, and shares it', async () => {
    const { store } = open();
    await store.write([put('key', { a: 1 }, ['tag']), put('other', 2)], 'set');
    expect(store.peek('key')).toBeUndefined();
    const [first] = await store.read(['key']);
    const counts = await commandsOf(redis.server, async () => {
      const [again] = await store.read(['key']);
      expect(again?.value).toBe(first?.value);
      expect(again).toMatchObject({ value: { a: 1 }, tags: ['tag'] });
      expect(store.peek('key')?.value).toBe(first?.value);
    });
    expect(counts).toEqual({});
    expect(await commandsOf(redis.server, () => store.read(['key', 'other', 'missing']))).toEqual({
      mget: 1,
      get: 2,
    });
    expect((await store.read(['other', 'key'])).map((one) => one?.value)).toEqual([2, { a: 1 }]);
  });

  it('gives one value to all who have asked in the same turn, if it can be shared', async () => {
    const { store } = open();
    await store.write([put('plain', { a: 1 }), put('date', new Date(0))], 'set');
    const read = async (key: string) =>
      (await Promise.all([store.read([key]), store.read([key])])).map(([one]) => one?.value);
    const plain = await read('plain');
    expect(plain[0]).toBe(plain[1]);
    expect(Object.isFrozen(plain[0])).toBe(true);
    const dates = await read('date');
    expect(dates).toEqual([new Date(0), new Date(0)]);
    expect(dates[0]).not.toBe(dates[1]);
  });

  it('belongs to the parts as well', async () => {
    const { store } = open();
    const part = store.namespace('part');
    await part.write([put('key', 1)], 'set');
    await part.read(['key']);
    expect(part.peek('key')?.value).toBe(1);
    expect(store.peek('key')).toBeUndefined();
    await store.clear();
    expect(part.peek('key')).toBeUndefined();
    expect((await part.read(['key']))[0]).toBeUndefined();
  });

  it('remembers nothing that was touched while it was fetched', async () => {
    const { store, entry, space, hear } = open();
    await store.write([put('key', 1, ['tag'])], 'set');
    for (const key of [entry('key'), space.tagKey('tag'), space.generationKeys[0] as string]) {
      const reading = store.read(['key']);
      // It is sent at the end of this turn.
      await Promise.resolve();
      await Promise.resolve();
      hear(key);
      expect((await reading)[0]?.value).toBe(1);
      expect(store.peek('key'), key).toBeUndefined();
    }
    await store.read(['key']);
    expect(store.peek('key')?.value).toBe(1);
  });

  it('forgets what this process writes or removes, at once and again when it is answered', async () => {
    const { store } = open();
    const changes: (() => Promise<unknown>)[] = [
      () => store.write([put('key', 1)], 'set'),
      () => store.write([put('key', 1)], 'add'),
      () => store.touch('key', MINUTE),
      () => store.increment('key', 1, { initial: undefined, ttl: null }),
      () => store.coherence.expire('key'),
      () => store.delete(['key']),
      () => store.coherence.invalidateTags(['tag']),
      () => store.clear(),
    ];
    for (const change of changes) {
      await store.write([put('key', 1, ['tag'])], 'set');
      await store.read(['key']);
      expect(store.peek('key')?.value, String(change)).toBe(1);
      const changing = change();
      expect(store.peek('key'), String(change)).toBeUndefined();
      // What is fetched meanwhile may be what was there before.
      const reading = store.read(['key']);
      await Promise.all([changing, reading]);
      expect(store.peek('key'), String(change)).toBeUndefined();
    }
  });

  it('has no look under way when all is answered, well or badly', async () => {
    const { store, entry, tier } = open();
    await store.write([put('key', 1, ['tag']), put('date', new Date(0)), put('broken', 1)], 'set');
    await redis.server.cli('APPEND', entry('broken'), '{');
    const reading = store.read(['key', 'date', 'broken', 'missing']);
    await Promise.resolve();
    expect(tier.sizes().looks).toBe(1);
    await reading;
    await eventually(() => expect(tier.sizes().looks).toBe(0));
    const { connection } = redis;
    const failing = connectionWith({
      changes: new HandChannel(),
      request: (command) => connection.request({ ...command, args: ['NOSUCH'] }),
    });
    await expect(storeOn(failing, { tier }).store.read(['key'])).rejects.toThrow(/^ERR /);
    await eventually(() => expect(tier.sizes().looks).toBe(0));
  });

  it('keeps no stale entry', async () => {
    const { store, entry } = open();
    await store.write([{ ...put('key', 1), grace: MINUTE }], 'set');
    await redis.server.cli('SETRANGE', entry('key'), 10, '0000000');
    expect((await store.read(['key']))[0]?.staleFor).toBeGreaterThan(0);
    expect(store.peek('key')).toBeUndefined();
  });

  it('lets writers tell of what they change where Redis does not', async () => {
    const { store, entry, space, channel } = open();
    const listener = redis.connection.duplicate();
    const messages: string[] = [];
    await listener.connect();
    await listener.subscribe('topic', (message) => messages.push(message));
    const part = (key: string) => `:${Buffer.byteLength(key)}:${key}`;
    try {
      await store.write([put('a', 1), put('é', 2)], 'set');
      await store.write([put('a', 3)], 'add');
      await store.touch('a', MINUTE);
      await store.increment('a', 1, { initial: undefined, ttl: null });
      await store.delete(['a', 'missing']);
      await store.clear();
      await eventually(() => expect(messages).toHaveLength(channel.said));
    } finally {
      listener.destroy();
    }
    const a = part(entry('a'));
    expect(messages).toEqual([
      `origin:1${a}${part(entry('é'))}`,
      `origin:2${a}`,
      `origin:3${a}`,
      `origin:4${a}`,
      `origin:5${a}${part(entry('missing'))}`,
      `origin:6${part(space.generationKeys[0] as string)}`,
    ]);
  });
});

describe('a write of which nobody knows what became', () => {
  const unavailable = new RedisUnavailableError('default', 'no answer');

  function broken() {
    let down: 'silent' | 'deaf' | undefined;
    const clock = new FakeClock();
    const told: boolean[] = [];
    /** Sends, but hears no answer; or sends nothing at all. */
    const badly =
      <A extends unknown[], R>(send: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        const reply = down === 'silent' ? undefined : await send(...args);
        if (down !== undefined) throw unavailable;
        return reply as R;
      };
    const { connection } = redis;
    const own = connectionWith({
      request: badly((command) => connection.request(command)),
      pipeline: badly((commands) => connection.pipeline(commands)),
      evaluate: badly((script, keys, args) => connection.evaluate(script, keys, args)),
    });
    const unsettled = (pending: boolean): void => void told.push(pending);
    const setup = storeOn(own, { clock, unsettled });
    const loses = async (work: () => Promise<unknown>, how: 'silent' | 'deaf' = 'deaf'): Promise<void> => {
      down = how;
      await expect(work()).rejects.toBe(unavailable);
      down = undefined;
    };
    const settles = async (): Promise<void> => {
      clock.advance(10_000);
      await eventually(() => expect(told.at(-1)).toBe(false));
    };
    return { ...setup, loses, settles, told };
  }

  it.each(['deaf', 'silent'] as const)('hides its key until it is removed (%s)', async (how) => {
    const { store, entry, loses, settles, told } = broken();
    await store.write([put('key', 1), put('other', 2)], 'set');
    await loses(() => store.write([put('key', 5)], 'set'), how);
    expect(told).toEqual([true]);
    expect((await store.read(['key', 'other'])).map((one) => one?.value)).toEqual([undefined, 2]);
    expect(await store.ttl('key')).toBeUndefined();
    await settles();
    expect(await redis.server.cli('EXISTS', entry('key'))).toBe(0);
    await store.write([put('key', 6)], 'set');
    expect((await store.read(['key']))[0]?.value).toBe(6);
  });

  it('is also an add, a removal, an expiry and a clear', async () => {
    const { store, loses, settles } = broken();
    const lost: (() => Promise<unknown>)[] = [
      () => store.write([put('new', 5)], 'add'),
      () => store.write([put('key', 5, ['tag'])], 'set'),
      () => store.delete(['key']),
      () => store.coherence.expire('key'),
      () => store.clear(),
    ];
    for (const one of lost) {
      await store.write([put('key', 1)], 'set');
      await loses(one);
      const found = await store.read(['key', 'new']);
      expect(found[String(one).includes('new') ? 1 : 0], String(one)).toBeUndefined();
      await settles();
      expect(await store.read(['key', 'new']), String(one)).toContain(undefined);
    }
  });

  it('repeats nothing for counters and touches', async () => {
    const { store, loses, told } = broken();
    await store.write([put('key', 1)], 'set');
    await loses(() => store.increment('key', 1, { initial: undefined, ttl: null }));
    await loses(() => store.touch('key', MINUTE));
    expect(told).toEqual([]);
    expect((await store.read(['key']))[0]?.value).toBe(2);
  });

  it.each(['deaf', 'silent'] as const)(
    'hides what carries a tag that was to be invalidated (%s)',
    async (how) => {
      const { store, loses, settles } = broken();
      await store.write([put('key', 1, ['tag']), put('other', 2, ['free'])], 'set');
      await loses(() => store.coherence.invalidateTags(['tag']), how);
      expect((await store.read(['key', 'other'])).map((one) => one?.value)).toEqual([undefined, 2]);
      await settles();
      expect((await store.read(['key', 'other'])).map((one) => one?.value)).toEqual([undefined, 2]);
      await store.write([put('key', 3, ['tag'])], 'set');
      expect((await store.read(['key']))[0]?.value).toBe(3);
    },
  );

  it('is forgotten when the store is closed', async () => {
    const { store, loses, told } = broken();
    await loses(() => store.write([put('key', 5)], 'set'));
    await store.close();
    expect(told).toEqual([true]);
  });
});
