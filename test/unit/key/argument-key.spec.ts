import { Readable } from 'node:stream';
import { inspect, isDeepStrictEqual } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeArguments } from '../../../src/key/argument-key.js';

const key = (...args: unknown[]) => encodeArguments(args, 'Service.method');

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '1',
    'null',
    'undefined',
    'true',
    '[]',
    '{}',
    '"',
    '\\',
    ',',
    '\ud800',
    'Date(0)',
    '#',
    '-0',
  ),
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.date(),
  fc.uint8Array({ maxLength: 4 }),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.sparseArray(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('any'), { maxKeys: 3 }),
    fc.array(tie('any'), { maxLength: 3 }).map((list) => new Set(list)),
    fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 3 }).map((list) => new Map(list)),
  ),
})).any;
const args = fc.array(value, { maxLength: 3 });

/** Deep equality that, unlike Node's, minds the order of maps and sets, which our keys mind too. */
function same(one: unknown, other: unknown): boolean {
  if (one instanceof Set && other instanceof Set) return same([...one], [...other]);
  if (one instanceof Map && other instanceof Map) return same([...one], [...other]);
  if (Array.isArray(one) && Array.isArray(other)) {
    const indices = Object.keys(one);
    if (one.length !== other.length || !isDeepStrictEqual(indices, Object.keys(other))) return false;
    return indices.every((index) => same(one[Number(index)], other[Number(index)]));
  }
  if (isPlain(one) && isPlain(other)) {
    const names = Object.keys(one).sort();
    if (!isDeepStrictEqual(names, Object.keys(other).sort())) return false;
    return names.every((name) => same(one[name], other[name]));
  }
  return isDeepStrictEqual(one, other);
}

function isPlain(one: unknown): one is Record<string, unknown> {
  if (typeof one !== 'object' || one === null) return false;
  const prototype: unknown = Object.getPrototypeOf(one);
  return prototype === Object.prototype || prototype === null;
}

/** The same value, with the keys of every plain object put in the other order. */
function turned(one: unknown): unknown {
  if (Array.isArray(one)) return one.map(turned);
  if (one instanceof Set) return new Set([...one].map(turned));
  if (one instanceof Map) return new Map([...one].map(([a, b]) => [turned(a), turned(b)]));
  if (!isPlain(one)) return one;
  return Object.fromEntries(
    Object.entries(one)
      .toReversed()
      .map(([name, member]) => [name, turned(member)]),
  );
}

describe('the encoding of arguments', () => {
  it('gives different keys to different arguments and one key to equal ones', () => {
    fc.assert(
      fc.property(args, args, (one, other) => {
        expect(key(...one) === key(...other)).toBe(same(one, other));
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells near neighbours apart', () => {
    const neighbours = fc
      .tuple(args, value)
      .map(([list, extra]) => [list, [...list, extra], [list], [extra, ...list]]);
    fc.assert(
      fc.property(neighbours, (lists) => {
        for (const one of lists) {
          for (const other of lists) expect(key(...one) === key(...other)).toBe(same(one, other));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not mind the order of an object’s keys, at any depth', () => {
    fc.assert(
      fc.property(args, (one) => {
        expect(key(...one.map(turned))).toBe(key(...one));
      }),
      { numRuns: 1_000 },
    );
  });

  const neighbours: [unknown[], unknown[]][] = [
    [['a', 'b'], ['ab']],
    [['a,b'], ['a', 'b']],
    [['"a","b"'], ['a', 'b']],
    [[1], ['1']],
    [[1n], [1]],
    [[1n], ['1n']],
    [[true], ['true']],
    [[undefined], [null]],
    [[undefined], []],
    [[null], []],
    [[1], [1, undefined]],
    [[{}], [{ a: undefined }]],
    [[0], [-0]],
    [[Number.NaN], ['NaN']],
    [[Number.NaN], [null]],
    [[[]], [Array.from({ length: 1 })]],
    // oxlint-disable-next-line no-sparse-arrays
    [[[,]], [[]]],
    // oxlint-disable-next-line no-sparse-arrays
    [[[,]], [[undefined]]],
    // oxlint-disable-next-line no-sparse-arrays
    [[[1, ,]], [[1]]],
    [[[1, 2]], [1, 2]],
    [[[1], [2]], [[1, 2]]],
    [[new Date(0)], [0]],
    [[new Date(0)], [new Date(0).toISOString()]],
    [[new Date(Number.NaN)], [Number.NaN]],
    [[new Map([['a', 1]])], [{ a: 1 }]],
    [[new Map([['a', 'b']])], [new Map(), 'a', 'b']],
    [[new Map<unknown, unknown>([[[1, 2], 3]])], [new Map<unknown, unknown>([[1, [2, 3]]])]],
    [[new Set(['a', 'b'])], [new Set(['b', 'a'])]],
    [[new Set(['a'])], [['a']]],
    [[new URL('https://a.test/')], ['https://a.test/']],
    [[Buffer.from('a')], ['a']],
    [[Buffer.from('a')], [new Uint8Array([97])]],
    [[new Uint8Array([1, 0])], [new Uint16Array([1])]],
    [['\ud800'], ['\\ud800']],
    [['\ud800'], ['\ufffd']],
  ];
  it.each(neighbours.map(([one, other]) => [inspect(one), inspect(other), one, other] as const))(
    'tells %s from %s',
    (_one, _other, one, other) => {
      expect(key(...one)).not.toBe(key(...other));
    },
  );

  it('takes as plain what has no prototype, or one without anything in it', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    const parsed = Object.assign(Object.create(Object.create(null) as object) as object, { a: 1 });
    expect(key(bare)).toBe(key({ a: 1 }));
    expect(key(parsed)).toBe(key({ a: 1 }));
  });

  it('encodes plain values of another realm like its own', () => {
    const foreign: unknown = runInContext(
      '({ list: [1], when: new Date(5), map: new Map([[1, 2]]), bytes: new Uint8Array([7]) })',
      createContext(),
    );
    expect(key(foreign)).toBe(
      key({ list: [1], when: new Date(5), map: new Map([[1, 2]]), bytes: new Uint8Array([7]) }),
    );
  });

  it('stands in the key as it is up to 200 characters, and hashed beyond', () => {
    expect(key('a', 1, { b: true })).toBe('"a",1,{"b":true}');
    expect(key('x'.repeat(198))).toHaveLength(200);
    expect(key('x'.repeat(199))).toMatch(/^#[\w-]{43}$/);
    expect(key('x'.repeat(500))).not.toBe(key('x'.repeat(501)));
  });

  class Money {
    readonly amount = 1;
  }
  class Sealed {
    readonly #secret = 1;
    reveal() {
      return this.#secret;
    }
  }
  const circle: { self?: unknown } = {};
  circle.self = circle;
  let deep: unknown = 1;
  for (let level = 0; level < 150; level += 1) deep = [deep];

  it.each([
    ['a function', () => 1, 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
    ['a class', Money, 'a function'],
    ['an instance', new Money(), 'an instance of Money'],
    ['an instance without visible state', new Sealed(), 'an instance of Sealed'],
    [
      'an instance of an anonymous class',
      new (class {
        now() {
          return 1;
        }
      })(),
      'an anonymous class',
    ],
    ['a subclass of Map', new (class Cart extends Map {})(), 'an instance of Cart'],
    ['a subclass of Array', new (class List extends Array {})(), 'an instance of List'],
    ['a subclass of Uint8Array', new (class Bytes extends Uint8Array {})(1), 'an instance of Bytes'],
    [
      'a class that calls itself Date',
      new (class Date {
        getTime() {
          return 1;
        }
      })(),
      'an instance of Date',
    ],
    [
      'a class that calls itself URL',
      new (class URL {
        get href() {
          return '';
        }
      })(),
      'an instance of URL',
    ],
    ['a boxed string', Object('a'), 'an instance of String'],
    ['a promise', Promise.resolve(1), 'an instance of Promise'],
    ['an error', new Error('x'), 'an instance of Error'],
    ['a stream', Readable.from([]), 'an instance of Readable'],
    ['a regular expression', /a/, 'an instance of RegExp'],
    ['an object with a prototype of its own', Object.create({ a: 1 }), 'derived from Object'],
    ['a symbol as key', { [Symbol('x')]: 1 }, 'symbols as keys'],
    ['an array with further properties', Object.assign([1], { total: 9 }), 'properties of its own'],
    ['a date with further properties', Object.assign(new Date(0), { zone: 'CET' }), 'an instance of Date'],
    ['a circle', circle, 'a circular reference'],
    ['great depth', deep, 'nested deeper'],
  ])('refuses %s', (_name, argument: unknown, found) => {
    expect(() => key('ok', argument)).toThrow(found);
    expect(() => key(1, { deep: [argument] })).toThrow(found);
  });

  it('says in the refusal where the value stands and what to do', () => {
    expect(() => key(1, { filter: { by: [new Money()] } })).toThrow(
      'Service.method(argument 2).filter.by[0]: no key can be made from an instance of Money; give a "key"',
    );
  });

  it('takes the same object twice where it closes no circle', () => {
    const shared = { a: 1 };
    expect(key(shared, [shared, shared])).toBe('{"a":1},[{"a":1},{"a":1}]');
  });
});
