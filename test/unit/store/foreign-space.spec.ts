import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { checkOwnKeys, claim, fromForeignKey, toForeignKey } from '../../../src/store/foreign-space.js';

const anyKey = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', '%', '\u{10FFFF}', '{', ':') }),
);

describe("a key in somebody else's store", () => {
  it('is itself', () => {
    for (const key of ['a', 'user:1', '%25', '{x}', 'ключ 🗝']) expect(toForeignKey(key)).toBe(key);
  });

  it('comes back, whatever it is, and is text that UTF-8 can hold', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const foreign = toForeignKey(key);
        expect(fromForeignKey(foreign)).toBe(key);
        expect(Buffer.from(foreign).toString()).toBe(foreign);
        expect(foreign).not.toBe('');
      }),
    );
  });
});

describe('a place without a prefix', () => {
  it.each(['*', '', '?a', '[ab]c', '**a'])('is not walked for %s', (glob) => {
    expect(() => checkOwnKeys('x', glob, 'do something')).toThrow(InvalidOptionsError);
  });

  it.each(['a*', '\\*', 'user:[12]'])('is walked for %s', (glob) => {
    expect(() => checkOwnKeys('x', glob, 'do something')).not.toThrow();
  });
});

describe('a place for one cache', () => {
  it('may be taken again by the same, as in another application, and not by another', () => {
    const place = {};
    claim(place, 'a');
    claim(place, 'a');
    expect(() => claim(place, 'b')).toThrow('is where the cache "a" lives');
  });
});
