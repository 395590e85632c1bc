import { beforeEach, describe, expect, it } from 'vitest';
import type { KeySpace } from '../../src/key/key-space.js';
import type { StoreWrite } from '../../src/store/store.js';
import { begin, fill, load } from '../../src/testing/store-coherence-subject.js';
import { eventually } from '../support/eventually.js';
import { SharedRedis } from './redis-caches.js';
import { storeOn } from './redis-stores.js';
import { isTrusted, keyCommandsOf, ownSpace, tierProcess, type TierProcess } from './tier-processes.js';

const redis = new SharedRedis();
const MINUTE = 60_000;
const put = (key: string, value: unknown, terms: Partial<StoreWrite> = {}): StoreWrite => ({
  key,
  value,
  ttl: MINUTE,
  ...terms,
});

let space: KeySpace;
/** Two processes: what the first one changes, the second one has in its memory. */
let writer: TierProcess;
let reader: TierProcess;

/** Reads a key until the memory of the reader gives it. */
async function remember(key: string, value: unknown): Promise<void> {
  await eventually(async () => {
    expect(await reader.read(key)).toEqual(value);
    expect(reader.peek(key)).toEqual(value);
  });
}

/** The reader sees a value, and by and by has it in its memory. */
async function sees(key: string, value: unknown): Promise<void> {
  await eventually(async () => expect(await reader.read(key)).toEqual(value));
  if (value !== undefined) await remember(key, value);
}

beforeEach(async () => {
  space = ownSpace();
  writer = await tierProcess(redis.server.url, space);
  reader = await tierProcess(redis.server.url, space);
});

describe('the memories of two processes', () => {
  it('answer without a command', async () => {
    await writer.store.write([put('plain', { a: 1 }), put('tagged', new Date(0), { tags: ['t'] })], 'set');
    await remember('plain', { a: 1 });
    await remember('tagged', new Date(0));
    const counts = await keyCommandsOf(redis.server, async () => {
      for (let times = 0; times < 100; times++) {
        expect(await reader.read('plain')).toEqual({ a: 1 });
        expect(await reader.read('tagged')).toEqual(new Date(0));
      }
    });
    expect(counts).toEqual({});
  });

  it.each<[string, unknown, (process: TierProcess) => Promise<unknown>]>([
    ['a set', 2, ({ store }) => store.write([put('k', 2)], 'set')],
    ['a removal', undefined, ({ store }) => store.delete(['k'])],
    ['a counter', 2, ({ store }) => store.increment('k', 1, { initial: undefined, ttl: null })],
    ['an expiry', undefined, ({ store }) => store.coherence.expire('k')],
    ['a tag that is invalidated', undefined, ({ store }) => store.coherence.invalidateTags(['t'])],
    ['a clear', undefined, ({ store }) => store.clear()],
    ['a barrier', undefined, ({ store }) => store.coherence.bar({ keys: ['k'], tags: [] }, MINUTE)],
    ['a barrier of a tag', undefined, ({ store }) => store.coherence.bar({ keys: [], tags: ['t'] }, MINUTE)],
  ])('see %s, the own one at once', async (_, after, change) => {
    for (const process of [writer, reader]) {
      await process.store.write([put('k', 1, { tags: ['t'] }), put('other', 1)], 'set');
      await remember('k', 1);
      await change(process);
      if (process === reader) expect(await reader.read('k')).toEqual(after);
      await eventually(async () => expect(await reader.read('k')).toEqual(after));
      await redis.server.cli('FLUSHDB');
    }
  });

  it('see what a load of another process has filled', async () => {
    await writer.store.write([put('k', 1)], 'set');
    await remember('k', 1);
    await load(writer.store, 'k', 2);
    await sees('k', 2);
  });

  it('keep what another process does to other keys, tags and parts', async () => {
    await writer.store.write([put('k', 1, { tags: ['t'] })], 'set');
    await remember('k', 1);
    const { store } = writer;
    await store.write([put('other', 1, { tags: ['u'] })], 'set');
    await store.coherence.invalidateTags(['u']);
    await store.namespace('part').write([put('k', 2)], 'set');
    await store.namespace('part').clear();
    await store.delete(['last']);
    await eventually(() => expect(reader.heard).toContain('last'));
    expect(reader.peek('k')).toBe(1);
  });

  it('forget a part that is cleared', async () => {
    const part = writer.store.namespace('part');
    const seen = reader.store.namespace('part');
    await part.write([put('k', 1)], 'set');
    await eventually(async () => {
      expect((await seen.read(['k']))[0]?.value).toBe(1);
      expect(seen.peek('k')?.value).toBe(1);
    });
    await part.clear();
    await eventually(() => expect(seen.peek('k')).toBeUndefined());
    expect((await seen.read(['k']))[0]).toBeUndefined();
  });
});

describe('bytes that the memory of a process keeps', () => {
  const bytes = Buffer.from('bytes');

  it('are given out as they are, until they change', async () => {
    await writer.store.write([put('k', bytes, { tags: ['t'] })], 'set');
    await remember('k', bytes);
    const kept = reader.store.peekBytes('k');
    expect(kept).toEqual(bytes);
    expect(reader.store.peekBytes('k')).toBe(kept);
    await writer.store.coherence.invalidateTags(['t']);
    await eventually(() => expect(reader.store.peekBytes('k')).toBeUndefined());
  });

  it('are those of a Buffer only', async () => {
    await writer.store.write([put('text', 'bytes'), put('rich', new Uint8Array(bytes))], 'set');
    await remember('text', 'bytes');
    await remember('rich', new Uint8Array(bytes));
    for (const key of ['text', 'rich', 'missing']) expect(reader.store.peekBytes(key)).toBeUndefined();
  });

  it('are not given out while an own change may not have arrived', async () => {
    await writer.store.write([put('k', bytes)], 'set');
    await remember('k', bytes);
    redis.server.pause();
    const changing = reader.store.write([put('k', Buffer.from('newer'))], 'set').catch(() => undefined);
    expect(reader.store.peekBytes('k')).toBeUndefined();
    redis.server.resume();
    await changing;
  });
});

describe('what others do to Redis', () => {
  const entryKey = (): string => space.entryKey('k');

  it.each<[string, () => Promise<unknown>]>([
    ['removes the entry', () => redis.server.cli('DEL', entryKey())],
    ['renames the entry', () => redis.server.cli('RENAME', entryKey(), `${entryKey()} elsewhere`)],
    ['overwrites the entry', () => redis.server.cli('SET', entryKey(), 'foreign')],
    ['evicts the generation', () => redis.server.cli('DEL', space.generationKeys[0] as string)],
    ['evicts the tag', () => redis.server.cli('DEL', space.tagKey('t'))],
    ['empties the database', () => redis.server.cli('FLUSHDB')],
    ['empties all databases', () => redis.server.cli('FLUSHALL')],
  ])('is heard when it %s', async (_, change) => {
    await writer.store.write([put('k', 1, { tags: ['t'] })], 'set');
    await remember('k', 1);
    await change();
    await eventually(() => expect(reader.peek('k')).toBeUndefined());
    expect(await reader.read('k')).toBeUndefined();
    await writer.store.write([put('k', 2, { tags: ['t'] })], 'set');
    await sees('k', 2);
  });

  /** Writes an entry that does not live long, and has the reader remember it. */
  function rememberShortly(terms: Partial<StoreWrite>): Promise<void> {
    return eventually(async () => {
      await writer.store.write([put('k', 1, terms)], 'set');
      await reader.read('k');
      expect(reader.peek('k')).toBe(1);
    });
  }

  it('is heard when an entry expires by itself', async () => {
    await rememberShortly({ ttl: 200 });
    await eventually(() => expect(reader.peek('k')).toBeUndefined());
    await eventually(() => expect(reader.tier.sizes().entries).toBe(0));
    expect(await reader.read('k')).toBeUndefined();
  });

  it('does not lengthen the life of a stale entry', async () => {
    await rememberShortly({ ttl: 200, grace: MINUTE });
    await eventually(() => expect(reader.peek('k')).toBeUndefined());
    expect((await reader.store.read(['k']))[0]?.staleFor).toBeGreaterThanOrEqual(0);
    expect(reader.peek('k')).toBeUndefined();
  });
});

describe('a channel that is lost', () => {
  /** Ends the connections on which changes are told. */
  async function killChannels(): Promise<void> {
    const list = String(await redis.server.cli('CLIENT', 'LIST'));
    for (const [, id = ''] of list.matchAll(/^id=(\d+) .* flags=\S*t\S* /gm)) {
      await redis.server.cli('CLIENT', 'KILL', 'ID', id);
    }
  }

  it('hides no change that is made while nobody hears', async () => {
    await writer.store.write([put('k', 1)], 'set');
    await remember('k', 1);
    const { epoch } = reader.channel;
    await killChannels();
    await redis.server.cli('DEL', space.entryKey('k'));
    await eventually(() => expect(reader.peek('k')).toBeUndefined());
    expect(await reader.read('k')).toBeUndefined();
    await eventually(() => expect(reader.channel.epoch).toBeGreaterThan(epoch));
    await isTrusted(reader);
    await writer.store.write([put('k', 2)], 'set');
    await sees('k', 2);
    await writer.store.write([put('k', 3)], 'set');
    await sees('k', 3);
  });

  it('is one of a Redis that stops answering: nothing is given from memory', async () => {
    await writer.store.write([put('k', 1)], 'set');
    await remember('k', 1);
    const { epoch } = reader.channel;
    await redis.server.cli('CLIENT', 'PAUSE', 2_000, 'ALL');
    await eventually(() => expect(reader.channel.epoch).toBeGreaterThan(epoch));
    expect(reader.peek('k')).toBeUndefined();
    await isTrusted(reader);
    await sees('k', 1);
  });
});

describe('those who wait for an entry', () => {
  it('are woken by the fill, by the end of a load without a value, and by the end of the channel', async () => {
    const { store } = writer;
    for (const end of ['fill', 'release', 'close'] as const) {
      const lease = await begin(store, end);
      let woken = 0;
      const stop = reader.store.coherence.watch(end, () => (woken += 1));
      expect(stop).toBeTypeOf('function');
      if (end === 'fill') await fill(store, lease, 1);
      else if (end === 'release') await store.coherence.release([lease]);
      else reader.tier.close();
      await eventually(() => expect(woken).toBeGreaterThan(0));
      stop?.();
    }
    expect(reader.tier.sizes().watched).toBe(0);
  });
});

it('where Redis lets nobody track keys, writers tell of what they change', async () => {
  const rights = ['on', '>password', '~*', '&*', '+@all', '-client|tracking'];
  await redis.server.cli('ACL', 'SETUSER', 'untracked', 'reset', ...rights);
  const url = redis.server.url.replace('//', '//untracked:password@');
  const [one, two] = [await tierProcess(url, space), await tierProcess(url, space)];
  reader = two;
  const changes: [unknown, () => Promise<unknown>][] = [
    [2, () => one.store.write([put('k', 2)], 'set')],
    [2, () => one.store.increment('k', 1, { initial: undefined, ttl: null })],
    [undefined, () => one.store.delete(['k'])],
    [undefined, () => one.store.clear()],
    [undefined, () => one.store.coherence.invalidateTags(['t'])],
    [undefined, () => one.store.coherence.expire('k')],
  ];
  for (const [after, change] of changes) {
    await one.store.write([put('k', 1, { tags: ['t'] })], 'set');
    await sees('k', 1);
    await change();
    await sees('k', after);
  }
  await one.store.coherence.release([await begin(one.store, 'loaded')]);
  await eventually(() => expect(two.heard).toContain('loaded'));
});

it('at rest, memory gives what Redis holds, whatever has happened at the same time', async () => {
  const { store: truth } = storeOn(redis.connection, { space });
  const keys = ['a', 'b', 'c', 'd'];
  const random = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
  const change = ({ store }: TierProcess, value: number): Promise<unknown> => {
    const key = random(keys);
    const tags = random([[], ['s'], ['s', 't']]);
    const kinds = [
      () => store.write([put(key, value, { tags })], 'set'),
      () => store.write([put(key, value, { tags })], 'set'),
      () => store.delete([key]),
      () => store.increment(key, 1, { initial: 0, ttl: MINUTE }),
      () => store.coherence.invalidateTags([random(['s', 't'])]),
      () => (value % 5 === 0 ? store.clear() : store.touch(key, MINUTE)),
    ];
    return random(kinds)();
  };
  let given = 0;
  for (let round = 0; round < 30; round++) {
    const actors = Array.from({ length: 8 }, async (_, actor) => {
      const process = actor % 2 === 0 ? writer : reader;
      for (let step = 0; step < 15; step++) {
        if (actor < 3 && step < 5) await change(process, round * 100 + step);
        else await process.store.read([random(keys)]);
      }
    });
    await Promise.all(actors);
    for (const process of [writer, reader]) process.heard.length = 0;
    await writer.store.delete(['last']);
    for (const process of [writer, reader]) {
      await eventually(() => expect(process.heard).toContain('last'));
      for (const key of keys) {
        const remembered = process.peek(key);
        if (remembered === undefined) continue;
        given += 1;
        expect((await truth.read([key]))[0]?.value).toEqual(remembered);
      }
    }
  }
  expect(given).toBeGreaterThan(20);
});

it('nothing is left at rest', async () => {
  await writer.store.write([put('k', 1, { tags: ['t'] }), put('other', 2)], 'set');
  await Promise.all([reader.read('k'), reader.read('other'), reader.read('missing')]);
  await remember('k', 1);
  await writer.store.delete(['k', 'other']);
  await eventually(() => {
    const nothing = { entries: 0, bytes: 0, versions: 0, looks: 0, touched: 0, watched: 0 };
    expect(reader.tier.sizes()).toMatchObject(nothing);
  });
});
