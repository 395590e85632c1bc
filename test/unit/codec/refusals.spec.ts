import { describe, expect, it } from 'vitest';
import { PayloadTooLargeError, SerializationError } from '../../../src/errors.js';
import { codecWith } from './codec-for-test.js';

const SECRET = 'hunter2';

function circle(): unknown {
  const parent: Record<string, unknown> = { name: SECRET };
  parent['child'] = [{ parent }];
  return parent;
}

function deep(levels: number, core: unknown): unknown {
  let value = core;
  for (let i = 0; i < levels; i++) value = { next: value };
  return value;
}

const REFUSED: readonly [name: string, value: unknown, message: string][] = [
  ['a function', () => SECRET, 'value cannot be cached: it is a function.'],
  [
    'a function inside',
    { items: [1, { callback: () => SECRET }] },
    'value.items[1].callback cannot be cached: it is a function.',
  ],
  [
    'a function at a key that is no identifier',
    { 'a b': { 1: () => 1 } },
    'value["a b"]["1"] cannot be cached: it is a function.',
  ],
  ['a symbol', [Symbol(SECRET)], 'value[0] cannot be cached: it is a symbol.'],
  [
    'a key that is a symbol',
    { a: { [Symbol(SECRET)]: 1 } },
    'value.a cannot be cached: one of its keys is a symbol.',
  ],
  ['a circle', circle(), 'value.child[0].parent cannot be cached: it closes a circle.'],
  ['a circle 1,200 deep', deep(1_200, circle()), 'it closes a circle.'],
  ['a promise', { p: Promise.resolve(SECRET) }, 'value.p cannot be cached: it is a Promise.'],
  ['a WeakMap', [new WeakMap()], 'value[0] cannot be cached: it is a WeakMap.'],
  ['a WeakSet', [new WeakSet()], 'value[0] cannot be cached: it is a WeakSet.'],
  ['a WeakRef', [new WeakRef({})], 'value[0] cannot be cached: it is a WeakRef.'],
  ['a generator', [(function* () {})()], 'value[0] cannot be cached: it is a Generator.'],
  [
    'an iterator',
    { keys: new Map([[SECRET, 1]]).keys() },
    'value.keys cannot be cached: it is a Map or Set iterator.',
  ],
  ['shared memory', [new SharedArrayBuffer(1)], 'value[0] cannot be cached: it is a SharedArrayBuffer.'],
  [
    'a toJSON method of its own',
    { a: { toJSON: () => 1 } },
    'value.a.toJSON cannot be cached: it is a function.',
  ],
  [
    'a hidden toJSON method',
    Object.defineProperty({ b: 1 }, 'toJSON', { value: () => 1 }),
    'value.toJSON cannot be cached: it is a function.',
  ],
  [
    'a function in a Map',
    { m: new Map([['k', () => 1]]) },
    'value.m.values()[0] cannot be cached: it is a function.',
  ],
  [
    'a plain value nested beyond the stack',
    deep(200_000, 1),
    'value cannot be cached: it is nested too deeply.',
  ],
  [
    'a rich value nested beyond the stack',
    deep(200_000, 1n),
    'value cannot be cached: it is nested too deeply.',
  ],
  ['undefined', undefined, 'undefined is never cached; null is a value.'],
];

describe('a value that cannot be cached', () => {
  it.each(REFUSED)('is refused: %s', (_name, value, message) => {
    const refused = (): unknown => codecWith().encode(value);
    expect(refused).toThrow(SerializationError);
    expect(refused).toThrow(message);
    expect(refused).not.toThrow(SECRET);
  });

  it('is refused with the cause when a getter throws', () => {
    const cause = new Error('boom');
    const value = {
      user: {
        get name(): string {
          throw cause;
        },
      },
    };
    expect(() => codecWith().encode(value)).toThrow(
      expect.objectContaining({ message: 'value.user.name cannot be cached: reading it failed.', cause }),
    );
  });

  it('is refused with the cause when a proxy throws', () => {
    const cause = new Error('revoked');
    const hostile = new Proxy({}, { getPrototypeOf: () => { throw cause; } }); // prettier-ignore
    expect(() => codecWith().encode(hostile)).toThrow(
      expect.objectContaining({ code: 'SERIALIZATION_FAILED', cause }),
    );
  });
});

describe('maxBytes', () => {
  const codec = codecWith({ maxBytes: 10 });

  it('counts the bytes of the text, not its characters', () => {
    expect(() => codec.encode('12345678')).not.toThrow();
    expect(() => codec.encode('éééé')).not.toThrow();
    expect(() => codec.encode('ééééé')).toThrow(PayloadTooLargeError);
    expect(() => codec.encode('123456789')).toThrow('takes 11 bytes');
  });

  it('counts the bytes of a Buffer', () => {
    expect(() => codec.encode(Buffer.alloc(10))).not.toThrow();
    expect(() => codec.encode(Buffer.alloc(11))).toThrow(PayloadTooLargeError);
  });
});
