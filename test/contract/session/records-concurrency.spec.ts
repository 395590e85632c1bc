import { describe, expect, it } from 'vitest';
import type { Baseline } from '../../../src/session/record/session-record.js';
import { SharedRedis } from '../redis-caches.js';
import { newRecord, readLive, recordsOn, write } from './session-records.js';

const redis = new SharedRedis();

/** All orders of the steps of several actors, each of whom takes his in order. */
function interleavings(actors: readonly (readonly string[])[]): string[][] {
  if (actors.every((steps) => steps.length === 0)) return [[]];
  return actors.flatMap((steps, at) => {
    const [first, ...rest] = steps;
    if (first === undefined) return [];
    return interleavings(actors.with(at, rest)).map((later) => [first, ...later]);
  });
}

const ACTORS = [
  ['a reads', 'a writes', 'a writes again'],
  ['b reads', 'b writes'],
];

/** Two writers of different fields and a third step, in one order. Gives what it came to. */
async function play(
  order: readonly string[],
): Promise<{ fields: unknown; outcomes: Record<string, string> }> {
  const { records } = recordsOn(redis.connection);
  await records.create('h', newRecord({ kept: 1, old: 1 }));
  const baselines = new Map<string, Baseline>();
  const held = new Map<string, Record<string, unknown>>();
  const outcomes: Record<string, string> = {};
  for (const step of order) {
    const [who = '', ...what] = step.split(' ');
    const record = await records.read('h');
    if (step === 'destroy') await records.destroy('h');
    else if (step === 'touch') {
      const live = record !== undefined && !('unreadable' in record);
      outcomes[step] = String(live && (await records.touch('h', record.baseline)));
    } else if (step === 'freeze') {
      const version = record === undefined || 'unreadable' in record ? '' : record.baseline.version;
      outcomes[step] = await records.freeze('h', { version, fields: { kept: 1 }, to: 'h2', grace: 5_000 });
    } else if (what[0] === 'reads') {
      if (record === undefined || 'unreadable' in record) continue;
      baselines.set(who, { ...record.baseline });
      held.set(who, { ...record.fields });
    } else {
      const baseline = baselines.get(who);
      const fields = held.get(who);
      if (baseline === undefined || fields === undefined) continue;
      fields[step] = true;
      if (who === 'b') delete fields['old'];
      outcomes[step] = await write(records, 'h', fields, baseline);
    }
  }
  const end = await records.read('h');
  return { fields: end === undefined || 'unreadable' in end ? end : end.fields, outcomes };
}

describe('two writers of different fields', () => {
  it.each(interleavings(ACTORS).map((order) => [order.join(', '), order] as const))(
    'lose nothing: %s',
    async (_, order) => {
      const all = { kept: 1, 'a writes': true, 'a writes again': true, 'b writes': true };
      expect((await play(order)).fields).toEqual(all);
    },
  );

  it.each(interleavings([...ACTORS, ['touch']]).map((order) => [order.join(', '), order] as const))(
    'lose nothing beside a touch: %s',
    async (_, order) => {
      const { fields, outcomes } = await play(order);
      expect(fields).toEqual({ kept: 1, 'a writes': true, 'a writes again': true, 'b writes': true });
      expect(outcomes['touch']).toBe('true');
    },
  );

  it.each(interleavings([...ACTORS, ['destroy']]).map((order) => [order.join(', '), order] as const))(
    'bring no session back: %s',
    async (_, order) => {
      const { fields, outcomes } = await play(order);
      expect(fields).toBeUndefined();
      for (const step of order.slice(order.indexOf('destroy') + 1))
        expect(outcomes[step] ?? 'gone').toBe('gone');
    },
  );

  it.each(interleavings([...ACTORS, ['freeze']]).map((order) => [order.join(', '), order] as const))(
    'write nothing to a session that was rotated: %s',
    async (_, order) => {
      const { fields, outcomes } = await play(order);
      expect(fields).toEqual({ kept: 1 });
      for (const step of order.slice(order.indexOf('freeze') + 1))
        expect(outcomes[step] ?? 'frozen').toBe('frozen');
    },
  );
});

describe('parallel writers of different fields', () => {
  const counts = [2, 8, 64];
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `field${at}`);

  it.each(counts)('%i of them lose nothing, and go on to lose nothing', async (count) => {
    const { records } = recordsOn(redis.connection);
    await records.create('h', newRecord({ kept: 1 }));
    const writers = await Promise.all(numbered(count).map(async () => readLive(records, 'h')));
    for (const round of [1, 2]) {
      await Promise.all(
        numbered(count).map(async (field, at) => {
          const mine = writers[at] as (typeof writers)[number];
          const name = `${field}.${round}`;
          Object.assign(mine.fields, { [name]: at });
          expect(await write(records, 'h', mine.fields, mine.baseline)).toMatch(/stored|merged/);
        }),
      );
    }
    const { fields } = await readLive(records, 'h');
    expect(Object.keys(fields)).toHaveLength(1 + 2 * count);
  });

  it.each(counts)('%i of them lose all but one where the whole is written', async (count) => {
    const key = `whole:${count}`;
    await redis.server.cli('SET', key, '{"kept":1}');
    const read = async () =>
      JSON.parse(String(await redis.server.cli('GET', key))) as Record<string, unknown>;
    const writers = await Promise.all(numbered(count).map(read));
    await Promise.all(
      numbered(count).map((field, at) =>
        redis.server.cli('SET', key, JSON.stringify({ ...writers[at], [field]: at })),
      ),
    );
    expect(Object.keys(await read())).toHaveLength(2);
  });

  it('of the same field the last one wins, and other fields stay', async () => {
    const { records } = recordsOn(redis.connection);
    await records.create('h', newRecord({ kept: 1, cart: [] }));
    const [a, b] = [await readLive(records, 'h'), await readLive(records, 'h')];
    await write(records, 'h', { ...a.fields, cart: ['a'] }, a.baseline);
    await write(records, 'h', { ...b.fields, cart: ['b'] }, b.baseline);
    expect((await readLive(records, 'h')).fields).toEqual({ kept: 1, cart: ['b'] });
  });

  it('who signs in keeps that, whoever writes beside him', async () => {
    const { records } = recordsOn(redis.connection);
    await records.create('h', newRecord({}));
    const [login, other] = [await readLive(records, 'h'), await readLive(records, 'h')];
    const change = { draft: { fields: { uid: 'ann' }, maxAge: undefined }, userKey: 'ANN', lengthen: false };
    await records.update('h', change, login.baseline);
    expect(await write(records, 'h', { theme: 1 }, other.baseline)).toBe('merged');
    expect(await readLive(records, 'h')).toMatchObject({ userKey: 'ANN', fields: { uid: 'ann', theme: 1 } });
  });
});

describe('a write that is sent again', () => {
  it('is done once', async () => {
    const { records, keys } = recordsOn(redis.connection);
    const created = await records.create('h', newRecord({ a: 1 }), 'nonce');
    const again = await records.create('h', newRecord({ a: 1 }), 'nonce');
    expect(again).toEqual({ ...created, deadline: again?.deadline });
    expect(await records.create('h', newRecord({ a: 2 }), 'other')).toBeUndefined();
    const { baseline } = await readLive(records, 'h');
    const lost = { ...baseline };
    await write(records, 'h', { a: 1, b: 1 }, baseline, 'second');
    const stored = await redis.server.cli('HLEN', keys.session('h'));
    await write(records, 'h', { a: 1, b: 1 }, lost, 'second');
    expect(await redis.server.cli('HLEN', keys.session('h'))).toBe(stored);
    expect((await readLive(records, 'h')).fields).toEqual({ a: 1, b: 1 });
  });

  it('loses nothing of what others wrote before it, later either', async () => {
    const { records } = recordsOn(redis.connection);
    await records.create('h', newRecord({}));
    const [mine, others] = [await readLive(records, 'h'), await readLive(records, 'h')];
    const lost = { ...mine.baseline };
    await write(records, 'h', { theirs: 1 }, others.baseline);
    await write(records, 'h', { mine: 1 }, mine.baseline, 'nonce');
    await write(records, 'h', { mine: 1 }, lost, 'nonce');
    await write(records, 'h', { mine: 1, later: 1 }, lost);
    expect((await readLive(records, 'h')).fields).toEqual({ theirs: 1, mine: 1, later: 1 });
  });
});

describe('a session that was ended', () => {
  it('is not brought back by a create, an update or a touch, even where it was not stored yet', async () => {
    const { records, keys } = recordsOn(redis.connection);
    expect(await records.destroy('unborn')).toBeUndefined();
    expect(await records.create('unborn', newRecord({}))).toBeUndefined();
    await records.create('h', newRecord({ a: 1 }, { userKey: 'ANN' }), 'nonce');
    const { baseline } = await readLive(records, 'h');
    expect(await records.destroy('h')).toEqual({ userKey: 'ANN', rotatedTo: undefined });
    expect(await records.destroy('h')).toBeUndefined();
    expect(await records.create('h', newRecord({ a: 1 }), 'nonce')).toBeUndefined();
    expect(await write(records, 'h', { a: 2 }, baseline)).toBe('gone');
    expect(await records.touch('h', baseline)).toBe(false);
    expect(await records.read('h')).toBeUndefined();
    expect(await redis.server.cli('HGETALL', keys.session('h'))).toEqual(['x', '1']);
    expect(Number(await redis.server.cli('PTTL', keys.session('h')))).toBeGreaterThan(0);
  });

  it('is ended in a Redis that is full, too, and a touch goes on there', async () => {
    const { records } = recordsOn(redis.connection);
    await records.create('h', newRecord({}));
    const { baseline } = await readLive(records, 'h');
    await redis.server.cli('CONFIG', 'SET', 'maxmemory', '1');
    try {
      expect(await records.touch('h', baseline)).toBe(true);
      await expect(write(records, 'h', { a: 1 }, baseline)).rejects.toThrow('OOM');
      expect(await records.destroy('h')).toBeDefined();
    } finally {
      await redis.server.cli('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await records.create('h', newRecord({}))).toBeUndefined();
  });
});

describe('a session that was rotated', () => {
  it('reads its snapshot for the grace period, without patches and without a user', async () => {
    const { records, keys } = recordsOn(redis.connection);
    await records.create('h', newRecord({ a: 1 }, { userKey: 'ANN' }));
    const [one, other] = [await readLive(records, 'h'), await readLive(records, 'h')];
    await write(records, 'h', { a: 1, b: 1 }, one.baseline);
    await write(records, 'h', { a: 1, c: 1 }, other.baseline);
    const freezing = { fields: { a: 1 }, to: 'h2', grace: 5_000 };
    expect(await records.freeze('h', { ...freezing, version: one.baseline.version })).toBe('changed');
    const { version } = (await readLive(records, 'h')).baseline;
    expect(await records.freeze('h', { ...freezing, version })).toBe('frozen');
    expect(await records.freeze('h', { ...freezing, version })).toBe('frozen');
    expect(await records.freeze('h', { ...freezing, version, to: 'h3' })).toBe('gone');
    expect(await readLive(records, 'h')).toMatchObject({
      fields: { a: 1 },
      frozen: true,
      userKey: undefined,
    });
    const { absoluteEnd } = await readLive(records, 'h');
    expect(absoluteEnd).toBeLessThanOrEqual(redis.connection.now() + 6_000);
    // Who looks it up by its old id must find the new one for a while.
    expect(Number(await redis.server.cli('PTTL', keys.session('h')))).toBeGreaterThan(6_000);
    expect(await records.touch('h', one.baseline)).toBe(false);
    expect(await records.destroy('h')).toEqual({ userKey: undefined, rotatedTo: 'h2' });
  });

  it('is ended at once without a grace period, and its snapshot never outlives it', async () => {
    const { records } = recordsOn(redis.connection);
    const created = await records.create('h', newRecord({}));
    const freezing = { fields: {}, to: 'h2', version: created?.version ?? '' };
    await records.freeze('h', { ...freezing, grace: 0 });
    expect(await records.read('h')).toBeUndefined();
    expect(await records.create('h', newRecord({}))).toBeUndefined();
    const short = await records.create('short', newRecord({}, { life: 3_000 }));
    await records.freeze('short', { ...freezing, version: short?.version ?? '', grace: 60_000 });
    const { absoluteEnd } = await readLive(records, 'short');
    expect(absoluteEnd).toBeLessThanOrEqual(redis.connection.now() + 4_000);
  });
});
