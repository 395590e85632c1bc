import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlainJson, PLAIN_JSON_FLAGS, SERIALIZATION } from '../../../src/codec/flags.js';
import { codecWith, roundTrip } from './codec-for-test.js';

const EXACT: Record<string, unknown> = {
  null: null,
  'a string': '"quotes", \u0000, é, 😀, ~1',
  'a lone surrogate': '\ud800x\udc00',
  'an empty string': '',
  numbers: [0, 1.345620002, 2 ** 53, 5e-324, -1e300],
  booleans: [true, false],
  'a nested object': { a: { b: [{ c: null }, []], '': {} } },
  'an own __proto__ key': JSON.parse('{"__proto__":{"admin":true},"constructor":1}'),
  'NaN and infinities': [NaN, Infinity, -Infinity],
  'minus zero': { a: -0, b: 0 },
  'undefined in objects and arrays': { a: undefined, b: [undefined, null] },
  'a sparse array': sparse(3, { 0: 1, 2: 3 }),
  'an almost empty array': sparse(4_000_000_000, { 7: 'x' }),
  'a Date': new Date(1_700_000_000_123),
  'an invalid Date': [new Date(NaN)],
  'a Map': new Map<unknown, unknown>([
    [{ a: 1 }, new Set([1])],
    ['2', 2],
    [2, '2'],
    [undefined, null],
  ]),
  'a Set': new Set(['1', 1, new Date(1), undefined]),
  'a BigInt': [123n, -(2n ** 100n)],
  'a Buffer': Buffer.from([0, 255, 0x7e, 0x31]),
  'an empty Buffer': Buffer.alloc(0),
  'a Buffer in an object': { body: Buffer.from('body'), text: 'body' },
  'a Uint8Array': new Uint8Array([1, 2, 255]),
  'typed arrays': [new Float64Array([1.5, -0, NaN]), new Int16Array([-1]), new BigUint64Array([2n ** 60n])],
  'a DataView and its memory': [new DataView(new Uint8Array([1, 2]).buffer), new Uint8Array([3]).buffer],
  'a RegExp': /a\/b"\n/giu,
  'a URL': new URL('https://user@example.com/ü?q=1#x'),
  'an object without prototype': Object.assign(Object.create(null) as object, { a: 1, d: new Date(5) }),
  'a rich object with an own __proto__ key': {
    inner: JSON.parse('{"__proto__":{"admin":true},"a":1}') as unknown,
    at: new Date(5),
  },
  'what looks like the text of the rich serializer': {
    list: ['Own', ['instance', 'User', {}], -1],
    at: new Date(5),
  },
  'plain values nested 1,000 deep': nested(500),
  'rich values nested 400 deep': nested(200, 5n),
};

/** Values that a careless serializer takes for each other. */
const ALIKE: readonly unknown[] = [
  [0, -0, NaN, null, '', '0', 0n, false, {}, [], [undefined], [null], sparse(1, {}), { a: undefined }],
  [new Map(), new Set(), new Date(0), new Date(NaN), '1970-01-01T00:00:00.000Z', Object.create(null)],
  [Buffer.alloc(1), new Uint8Array(1), new Int8Array(1), new Uint8Array(1).buffer, [0], { 0: 0 }],
].flat();

function sparse(length: number, items: Record<number, unknown>): unknown[] {
  return Object.assign([], items, { length });
}

function nested(levels: number, core: unknown = 1): unknown {
  return levels === 0 ? core : { next: [nested(levels - 1, core)] };
}

describe('a value comes back exactly', () => {
  it.each(Object.entries(EXACT))('%s', async (_name, value) => {
    const back = await roundTrip(value);
    expect(back).toStrictEqual(value);
    expect(Object.getPrototypeOf(Object(back))).toBe(Object.getPrototypeOf(Object(value)));
  });

  it('whatever it is made of', async () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      stringUnit: 'binary',
      maxDepth: 4,
    });
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        fc.pre(value !== undefined);
        const back = await roundTrip(value);
        expect(back).toStrictEqual(value);
        expect(await codecWith().encode(back)).toEqual(await codecWith().encode(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it('and two values that differ never become one', async () => {
    const alike = fc.constantFrom<unknown>(...ALIKE);
    const written = async (value: unknown) => {
      const { flags, payload } = await codecWith().encode(value);
      return `${flags} ${String(payload)}`;
    };
    await fc.assert(
      fc.asyncProperty(alike, alike, async (one, other) => {
        fc.pre(!Object.is(one, other));
        expect(await written(one)).not.toBe(await written(other));
        expect(await written({ in: [one] })).not.toBe(await written({ in: [other] }));
      }),
    );
  });

  it('and a part that stands in two places of a rich value stays one part', async () => {
    const shared = { at: new Date(5) };
    const back = (await roundTrip({ a: shared, b: shared })) as { a: unknown; b: unknown };
    expect(back.a).toBe(back.b);
  });
});

describe('how a value is written', () => {
  it('is native JSON where that is exact, however deep', async () => {
    for (const value of ['text', 1, null, [{ a: [] }], nested(600), JSON.parse('{"__proto__":1}')]) {
      expect(await codecWith().encode(value)).toEqual({
        flags: PLAIN_JSON_FLAGS,
        payload: JSON.stringify(value),
      });
    }
  });

  it('is its own bytes for a Buffer', async () => {
    const body = Buffer.from([1, 2, 3]);
    expect(await codecWith().encode(body)).toEqual({ flags: SERIALIZATION.bytes, payload: body });
  });

  it('is not plain JSON as soon as one part is not', async () => {
    for (const part of [undefined, -0, NaN, 1n, new Date(0), Object.create(null), sparse(1, {})]) {
      expect(isPlainJson((await codecWith().encode({ list: [1, part] })).flags)).toBe(false);
    }
  });

  it('takes objects and arrays of another realm as plain', async () => {
    const foreign = runInNewContext('({ list: [1, { a: "b" }] })') as unknown;
    expect(isPlainJson((await codecWith().encode(foreign)).flags)).toBe(true);
    expect(await roundTrip(foreign)).toEqual({ list: [1, { a: 'b' }] });
    const rich = runInNewContext('({ at: new Date(5), seen: new Map([[1, new Set([2])]]) })') as unknown;
    expect(await roundTrip(rich)).toStrictEqual({ at: new Date(5), seen: new Map([[1, new Set([2])]]) });
  });
});

describe('a value that was given out or taken in', () => {
  it('is a copy: a Buffer that changes after encode is stored as it was', async () => {
    const body = Buffer.from('before');
    const encoded = await codecWith().encode(body);
    body.write('AFTER!');
    expect(encoded.payload.toString()).toBe('before');
  });

  it('is a copy: changing a decoded Buffer does not change the stored bytes', () => {
    const stored = Buffer.from('header:body');
    const body = codecWith().decode(SERIALIZATION.bytes, stored, 7) as Buffer;
    body.fill(0);
    expect(stored.toString()).toBe('header:body');
  });

  it('holds only the bytes of a typed array, not the memory around them', async () => {
    const memory = Buffer.from('secret-token|shown');
    const view = new Uint8Array(memory.buffer, memory.byteOffset + 13, 5);
    const { payload } = await codecWith().encode({ view });
    expect(payload.toString()).not.toContain(Buffer.from('secret').toString('base64').slice(0, 6));
    const back = (await roundTrip({ view })) as { view: Uint8Array };
    expect(back.view.buffer.byteLength).toBe(5);
    expect(Buffer.from(back.view).toString()).toBe('shown');
  });

  it('never pollutes a prototype', async () => {
    await roundTrip(JSON.parse('{"__proto__":{"polluted":1}}'));
    await roundTrip({ at: new Date(1), inner: JSON.parse('{"__proto__":{"polluted":1}}') as unknown });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
