import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../../../src/codec/freeze.js';

describe('deepFreeze', () => {
  it('freezes every object and array, and gives the same value back', () => {
    const value = JSON.parse('{"a":[{"b":{}},[]],"__proto__":{"c":[1]}}') as {
      a: [{ b: object }, unknown[]];
    };
    expect(deepFreeze(value)).toBe(value);
    const own = Object.getOwnPropertyDescriptor(value, '__proto__')?.value as { c: unknown[] };
    for (const part of [value, value.a, value.a[0], value.a[0].b, value.a[1], own, own.c]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(Object.isFrozen(Object.prototype)).toBe(false);
  });

  it('takes primitives as they are', () => {
    for (const value of ['text', 5, null, true, undefined]) expect(deepFreeze(value)).toBe(value);
  });

  it('takes a value nested beyond the stack', () => {
    const levels = 200_000;
    const value = JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown[];
    expect(Object.isFrozen(deepFreeze(value)[0])).toBe(true);
  });
});
