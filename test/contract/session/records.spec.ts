import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PayloadTooLargeError } from '../../../src/errors.js';
import { SharedRedis } from '../redis-caches.js';
import { newRecord, readLive, recordsOn, write } from './session-records.js';

const redis = new SharedRedis();
const hash = async (key: string): Promise<Record<string, string>> => {
  const flat = (await redis.server.cli('HGETALL', key)) as string[];
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
};
const pttl = async (key: string): Promise<number> => Number(await redis.server.cli('PTTL', key));
/** A time that has just been set to `expected`, on a machine that may be busy. */
const about = (actual: number, expected: number): void => {
  expect(actual).toBeLessThanOrEqual(expected);
  expect(actual).toBeGreaterThan(expected - 20_000);
};

describe('what stands in Redis', () => {
  it('is one hash, whose text is that of the fields', async () => {
    const { records, keys } = recordsOn(redis.connection);
    const device = { userAgent: 'curl', address: undefined };
    const created = await records.create('h', newRecord({ b: 1, a: 'ä' }, { userKey: 'ANN', device }));
    const { h = '', ...rest } = await hash(keys.session('h'));
    expect(rest).toEqual({ d: '{"b":1,"a":"ä"}', m: '{"userAgent":"curl"}' });
    const record = await readLive(records, 'h');
    const { createdAt } = record;
    expect(h).toBe(`${created?.version} ${createdAt} ${createdAt}  ANN   ${created?.deadline}`);
    expect(record).toMatchObject({ fields: { b: 1, a: 'ä' }, device, frozen: false, lastSeenAt: createdAt });
    expect(record.baseline).toEqual(created);
  });

  it('has patches after a conflict only, which the next write takes in', async () => {
    const { records, keys } = recordsOn(redis.connection);
    await records.create('h', newRecord({ a: 1, gone: 1 }));
    const [one, two] = [await readLive(records, 'h'), await readLive(records, 'h')];
    expect(await write(records, 'h', { a: 2, gone: 1 }, one.baseline)).toBe('stored');
    expect(Object.keys(await hash(keys.session('h')))).toEqual(['h', 'd']);
    expect(await write(records, 'h', { a: 1, b: 1 }, two.baseline)).toBe('merged');
    expect(await hash(keys.session('h'))).toMatchObject({ d: '{"a":2,"gone":1}', 'p:b': '1', 'p:gone': '' });
    const three = await readLive(records, 'h');
    expect(await write(records, 'h', { ...three.fields, c: 1 }, three.baseline)).toBe('stored');
    expect(Object.keys(await hash(keys.session('h')))).toEqual(['h', 'd']);
    expect(await hash(keys.session('h'))).toMatchObject({
      d: '{"a":2,"b":1,"c":1}',
      h: expect.stringMatching(/   \d+$/) as string,
    });
  });

  it('is sealed where there are keys, patches and device too', async () => {
    const [old, fresh] = [
      { id: 'old', key: randomBytes(32) },
      { id: 'new', key: randomBytes(32) },
    ];
    const { records: before, keys } = recordsOn(redis.connection, { sealing: [old] });
    const device = { userAgent: 'secret', address: 'secret' };
    await before.create('h', newRecord({ a: 'secret' }, { device }));
    const { records } = recordsOn(redis.connection, { sealing: [fresh, old], keys });
    const [one, two] = [await readLive(records, 'h'), await readLive(records, 'h')];
    await write(records, 'h', { a: 'secret', b: 'secret' }, one.baseline);
    await write(records, 'h', { a: 'secret', c: 'secret' }, two.baseline);
    const bytes = JSON.stringify(await redis.server.cli('HGETALL', keys.session('h')));
    expect(bytes).not.toContain('secret');
    expect(bytes).toContain('new.');
    const record = await readLive(records, 'h');
    expect(record).toMatchObject({ device, fields: { a: 'secret', b: 'secret', c: 'secret' } });
  });
});

describe('times', () => {
  it('a session lives for its own idle time, else that of the options', async () => {
    const { records, keys } = recordsOn(redis.connection, { ttl: 600_000 });
    for (const [handle, maxAge, life, k] of [
      ['plain', undefined, 600_000, ''],
      ['same', 600_000, 600_000, ''],
      ['own', 1_200_000, 1_200_000, '1200000'],
      ['browser', null, 600_000, '-'],
    ] as const) {
      const created = await records.create(handle, newRecord({}, { draft: { fields: {}, maxAge } }));
      about(await pttl(keys.session(handle)), life);
      expect((await hash(keys.session(handle)))['h']?.split(' ')[5]).toBe(k);
      const { baseline } = await readLive(records, handle);
      expect(baseline.maxAge).toBe(created?.maxAge);
      expect(baseline.maxAge).toBe(k === '' ? undefined : maxAge);
    }
  });

  it('it is told when the key expires, whatever has written to it', async () => {
    const { records, keys } = recordsOn(redis.connection, { ttl: 600_000 });
    const expires = async (handle: string): Promise<number> =>
      Number(await redis.server.cli('PEXPIRETIME', keys.session(handle)));
    const told = async (): Promise<number> => (await readLive(records, 'h')).baseline.deadline;
    const created = await records.create('h', newRecord({}, { life: 100_000 }));
    expect([created?.deadline, await told()]).toEqual([await expires('h'), await expires('h')]);
    const { baseline } = await readLive(records, 'h');
    const other = { ...baseline };
    for (const [lengthen, from] of [
      [false, baseline],
      [true, baseline],
      [false, other],
      [true, other],
    ] as const) {
      const draft = { fields: { a: `${lengthen}` }, maxAge: undefined };
      await records.update('h', { draft, userKey: undefined, lengthen }, from);
      expect([from.deadline, await told()]).toEqual([await expires('h'), await expires('h')]);
    }
    await records.touch('h', baseline);
    expect([baseline.deadline, await told()]).toEqual([await expires('h'), await expires('h')]);
  });

  it('lives for a day where the options say until the browser ends', async () => {
    const { records, keys } = recordsOn(redis.connection, { ttl: null });
    await records.create('h', newRecord({}));
    about(await pttl(keys.session('h')), 86_400_000);
  });

  it('a write lengthens it where asked, or where its own idle time changes; others’ own idle time holds', async () => {
    const { records, keys } = recordsOn(redis.connection, { ttl: 600_000 });
    await records.create('h', newRecord({}, { life: 100_000 }));
    const [one, two, three] = [
      await readLive(records, 'h'),
      await readLive(records, 'h'),
      await readLive(records, 'h'),
    ];
    await write(records, 'h', { a: 1 }, one.baseline);
    about(await pttl(keys.session('h')), 100_000);
    const longer = { draft: { fields: { a: 1 }, maxAge: 1_200_000 }, userKey: undefined, lengthen: false };
    await records.update('h', longer, one.baseline);
    about(await pttl(keys.session('h')), 1_200_000);
    const lengthen = { draft: { fields: { b: 1 }, maxAge: undefined }, userKey: undefined, lengthen: true };
    expect(await records.update('h', lengthen, two.baseline)).toBe('merged');
    about(await pttl(keys.session('h')), 1_200_000);
    await redis.server.cli('PEXPIRE', keys.session('h'), 50_000);
    expect(await records.touch('h', three.baseline)).toBe(true);
    about(await pttl(keys.session('h')), 1_200_000);
    expect(records.isTouchDue(three.baseline)).toBe(false);
  });

  it('ends at the absolute end, however it is lengthened, and by the limit of now', async () => {
    const { records, keys } = recordsOn(redis.connection, { ttl: 600_000, absoluteTtl: 100_000 });
    const created = await records.create('h', newRecord({}));
    const record = await readLive(records, 'h');
    expect(record.absoluteEnd).toBe(record.createdAt + 100_000);
    expect(created?.deadline).toBe(record.absoluteEnd);
    await records.touch('h', record.baseline);
    expect(record.baseline.deadline).toBe(record.absoluteEnd);
    expect(records.isTouchDue(record.baseline)).toBe(false);
    const { records: stricter } = recordsOn(redis.connection, { ttl: 600_000, absoluteTtl: 50_000, keys });
    const again = await readLive(stricter, 'h');
    await stricter.touch('h', again.baseline);
    expect(again.baseline.deadline).toBe(record.createdAt + 50_000);
    const { records: over } = recordsOn(redis.connection, { absoluteTtl: 0, keys });
    expect(await over.read('h')).toBeUndefined();
    expect(await over.touch('h', again.baseline)).toBe(false);
    expect(await redis.server.cli('EXISTS', keys.session('h'))).toBe(0);
  });

  it('one that takes the place of another is as old, and ends when that would have', async () => {
    const { records } = recordsOn(redis.connection, { absoluteTtl: 100_000 });
    await records.create('old', newRecord({}));
    const { createdAt, baseline } = await readLive(records, 'old');
    const origin = { createdAt, absoluteEnd: baseline.absoluteEnd };
    expect((await records.create('new', newRecord({}, { origin })))?.absoluteEnd).toBe(baseline.absoluteEnd);
    expect((await readLive(records, 'new')).createdAt).toBe(createdAt);
  });

  it('an own idle time of nothing ends the session', async () => {
    const { records } = recordsOn(redis.connection);
    await records.create('h', newRecord({}, { draft: { fields: {}, maxAge: 0 } }));
    expect(await records.read('h')).toBeUndefined();
  });
});

describe('how much a session may hold', () => {
  it('is judged before anything is written', async () => {
    const { records, keys } = recordsOn(redis.connection, { maxBytes: 100 });
    const long = 'x'.repeat(60);
    await expect(records.create('h', newRecord({ a: 'x'.repeat(95) }))).rejects.toThrow(PayloadTooLargeError);
    expect(await redis.server.cli('EXISTS', keys.session('h'))).toBe(0);
    await records.create('h', newRecord({}));
    const [one, two] = [await readLive(records, 'h'), await readLive(records, 'h')];
    await write(records, 'h', { a: long }, one.baseline);
    const before = await hash(keys.session('h'));
    await expect(write(records, 'h', { b: long }, two.baseline)).rejects.toThrow(PayloadTooLargeError);
    await expect(write(records, 'h', { a: long, b: long }, one.baseline)).rejects.toThrow(
      PayloadTooLargeError,
    );
    expect(await hash(keys.session('h'))).toEqual(before);
    // What stands in place of a patch is not counted beside it.
    expect(await write(records, 'h', { b: 'y'.repeat(20) }, two.baseline)).toBe('merged');
    expect(await write(records, 'h', { b: 'z'.repeat(20) }, two.baseline)).toBe('merged');
  });

  it('10,000 fields are written, merged and removed', async () => {
    const { records } = recordsOn(redis.connection, { maxBytes: 2 ** 20 });
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`f${at}`, at]));
    await records.create('h', newRecord({}));
    const [one, two] = [await readLive(records, 'h'), await readLive(records, 'h')];
    await write(records, 'h', { a: 1 }, one.baseline);
    expect(await write(records, 'h', many, two.baseline)).toBe('merged');
    const three = await readLive(records, 'h');
    expect(three.fields).toEqual({ a: 1, ...many });
    await write(records, 'h', { a: 1 }, three.baseline);
    expect((await readLive(records, 'h')).fields).toEqual({ a: 1 });
  });
});

describe('hostile names', () => {
  it('stay what they are, as a whole and as patches', async () => {
    const { records } = recordsOn(redis.connection);
    const names = [
      '',
      'p:',
      'p:a',
      'v',
      'd',
      'x',
      'g',
      'a\r\nb',
      '"',
      '\\n',
      '\n',
      '\0',
      '\ud800',
      '\ud801',
      'é',
      'x'.repeat(9_000),
    ];
    const hostile = Object.fromEntries(names.map((name, at) => [name, at]));
    await records.create('h', newRecord({}));
    const [one, two] = [await readLive(records, 'h'), await readLive(records, 'h')];
    await write(records, 'h', { first: 1 }, one.baseline);
    expect(await write(records, 'h', hostile, two.baseline)).toBe('merged');
    const merged = await readLive(records, 'h');
    expect(merged.fields).toEqual({ first: 1, ...hostile });
    expect(await write(records, 'h', { ...merged.fields, more: 1 }, merged.baseline)).toBe('stored');
    expect((await readLive(records, 'h')).fields).toEqual({ first: 1, ...hostile, more: 1 });
  });

  it('__proto__ is none, whoever wrote it', async () => {
    const { records, keys } = recordsOn(redis.connection);
    await records.create('h', newRecord(JSON.parse('{"__proto__":{"admin":1},"a":1}') as object as {}));
    expect((await hash(keys.session('h')))['d']).toBe('{"a":1}');
    await redis.server.cli(
      'HSET',
      keys.session('h'),
      'p:__proto__',
      '{"admin":1}',
      'p:b',
      '{"__proto__":{"admin":1}}',
    );
    const { fields } = await readLive(records, 'h');
    expect(JSON.stringify(fields)).toBe('{"a":1,"b":{}}');
    expect(Reflect.get(fields, 'admin')).toBeUndefined();
  });
});

describe('what cannot be read', () => {
  const key = { id: 'k', key: randomBytes(32) };

  it.each([
    ['of another type', ['DEL', 'K'], ['SET', 'K', 'text']],
    ['without a header', ['HDEL', 'K', 'h']],
    ['without a version', ['HSET', 'K', 'h', ' 1 1    ']],
    ['whose header has less', ['HSET', 'K', 'h', 'v 1 1   ']],
    ['whose header has more', ['HSET', 'K', 'h', 'v 1 1     ']],
    ['whose header is no text', ['HSET', 'K', 'h', Buffer.from('v\u00e9 1 1    ')]],
    ['without fields', ['HDEL', 'K', 'd']],
    ['no JSON', ['HSET', 'K', 'd', '{']],
    ['no object', ['HSET', 'K', 'd', '[1]']],
    ['no UTF-8', ['HSET', 'K', 'd', Buffer.from([0x7b, 0xff, 0x7d])]],
    ['a patch that is no JSON', ['HSET', 'K', 'p:a', '{']],
    ['a patch whose name is none', ['HSET', 'K', 'p:"', '1']],
    ['a time that is none', ['HSET', 'K', 'h', 'v soon 1    ']],
    ['a time that never comes', ['HSET', 'K', 'h', `v ${'9'.repeat(17)} 1    `]],
    ['an idle time that is none', ['HSET', 'K', 'h', 'v 1 1   long ']],
    ['an idle time before now', ['HSET', 'K', 'h', 'v 1 1   -5 ']],
    ['sealed', ['HSET', 'K', 'd', 'k.0123456789012345678901234567890']],
  ] as [string, ...(string | Buffer)[][]][])(
    'is told, and kept aside for an hour: %s',
    async (_, ...commands: unknown[]) => {
      const { records, keys } = recordsOn(redis.connection);
      await records.create('h', newRecord({ a: 1 }));
      for (const command of commands as (string | Buffer)[][])
        await redis.server.cli(...command.map((one) => (one === 'K' ? keys.session('h') : one)));
      const record = await records.read('h');
      if (record === undefined || !('unreadable' in record)) throw new Error('It was read.');
      expect(record.handle).toBe('h');
      expect(await records.putAside(record)).toBe(true);
      expect(await records.putAside(record)).toBe(false);
      expect(await records.read('h')).toBeUndefined();
      about(await pttl(keys.unreadable('h')), 3_600_000);
    },
  );

  it('is what was sealed for another session, cut short, or never sealed', async () => {
    const { records, keys } = recordsOn(redis.connection, { sealing: [key] });
    await records.create('h', newRecord({ a: 1 }));
    await records.create('other', newRecord({ admin: 1 }));
    const own = (await redis.server.raw('HGET', keys.session('h'), 'd')) as Buffer;
    const foreign = (await redis.server.raw('HGET', keys.session('other'), 'd')) as Buffer;
    for (const d of [foreign, own.subarray(0, -1), Buffer.from('{"admin":1}')]) {
      await redis.server.cli('HSET', keys.session('h'), 'd', d);
      expect(await records.read('h')).toMatchObject({ unreadable: true });
    }
    await redis.server.cli('HSET', keys.session('h'), 'd', own);
    expect((await readLive(records, 'h')).fields).toEqual({ a: 1 });
  });

  it('is not put aside when it was ended or written meanwhile', async () => {
    const { records, keys } = recordsOn(redis.connection);
    await records.create('h', newRecord({ a: 1 }));
    const { baseline } = await readLive(records, 'h');
    await redis.server.cli('HSET', keys.session('h'), 'd', '{');
    const record = await records.read('h');
    if (record === undefined || !('unreadable' in record)) throw new Error('It was read.');
    await write(records, 'h', { a: 2 }, baseline);
    expect(await records.putAside(record)).toBe(false);
    await records.destroy('h');
    expect(await records.putAside({ ...record, version: '' })).toBe(false);
    expect(await records.create('h', newRecord({}))).toBeUndefined();
  });

  it('of another type is written to by nobody, and ended', async () => {
    const { records, keys } = recordsOn(redis.connection);
    const created = await records.create('other', newRecord({}));
    if (created === undefined) throw new Error('It was not stored.');
    await redis.server.cli('SET', keys.session('h'), 'text');
    expect(await records.create('h', newRecord({}))).toBeUndefined();
    expect(await write(records, 'h', { a: 1 }, created)).toBe('gone');
    expect(await records.touch('h', created)).toBe(false);
    expect(await redis.server.cli('GET', keys.session('h'))).toBe('text');
    expect(await records.destroy('h')).toBeUndefined();
    expect(await redis.server.cli('TYPE', keys.session('h'))).toBe('hash');
  });
});
