import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SerializationError } from '../../../../src/errors.js';
import { fieldsText, parseFields } from '../../../../src/session/record/fields-text.js';

const SHARED = ['__proto__', 'constructor', 'prototype'];
/** Fields as JSON keeps them. */
const fields = fc
  .dictionary(fc.string(), fc.jsonValue())
  .map((some) => JSON.parse(JSON.stringify(some)) as Record<string, unknown>);

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((name) => [name, ...namesIn(Reflect.get(value, name))]);
}

describe('the text of fields', () => {
  it('gives them back, and is the same text again', () => {
    fc.assert(
      fc.property(fields, (some) => {
        const text = fieldsText(some);
        const back = parseFields(text);
        fc.pre(!namesIn(some).some((name) => SHARED.includes(name) || name === 'cookie'));
        expect(back).toEqual(some);
        expect(fieldsText(back)).toBe(text);
      }),
    );
  });

  it('leaves out the cookie, undefined and functions', () => {
    expect(fieldsText({ a: 1, cookie: { path: '/' }, b: undefined, c: () => 1, d: null })).toBe(
      '{"a":1,"d":null}',
    );
    expect(fieldsText({})).toBe('{}');
  });

  it('is what toJSON says, of a date for example', () => {
    expect(fieldsText({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it.each(SHARED)('drops %s at every depth, on the way in and on the way out', (name) => {
    const hostile = `{"a":[{"${name}":{"admin":1},"b":2}],"${name}":{"admin":1},"c":"${name}"}`;
    const clean = '{"a":[{"b":2}],"c":"' + name + '"}';
    const read = parseFields(hostile);
    expect(JSON.stringify(read)).toBe(clean);
    expect(Reflect.get(read, 'admin')).toBeUndefined();
    expect(Reflect.get({}, 'admin')).toBeUndefined();
    expect(fieldsText(JSON.parse(hostile) as Record<string, unknown>)).toBe(clean);
  });

  it('drops names that are written by escapes', () => {
    const read = parseFields(String.raw`{"a":{"\u005f_proto__":{"admin":1}},"\u0063onstructor":1}`);
    expect(JSON.stringify(read)).toBe('{"a":{}}');
  });

  it('drops them however deep they are', () => {
    const depth = 5_000;
    const text = `{"a":${'['.repeat(depth)}{"__proto__":1}${']'.repeat(depth)}}`;
    let inner: unknown = parseFields(text)['a'];
    while (Array.isArray(inner)) inner = inner[0] as unknown;
    expect(Object.keys(inner as object)).toEqual([]);
  });

  it('names the field that is no JSON', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const value of [1n, circle, { deep: [1n] }]) {
      expect(() => fieldsText({ fine: 1, cart: value })).toThrow(SerializationError);
      expect(() => fieldsText({ fine: 1, cart: value })).toThrow('"cart"');
    }
    const broken = {
      get cart(): never {
        throw new Error('no');
      },
    };
    expect(() => fieldsText(broken)).toThrow('"cart"');
  });

  it.each(['', '{', '[]', 'null', '"a"', '1', '{"secret":"abc"', '{"a":1}}'])(
    'refuses %s, and does not quote it',
    (text) => {
      expect(() => parseFields(text)).toThrow(SerializationError);
      expect(() => parseFields(text)).not.toThrow(/abc/);
    },
  );
});
