import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSealer } from '../../../../src/session/record/sealing.js';

const old = { id: '2023', key: randomBytes(32) };
const fresh = { id: '2024-a_b', key: randomBytes(32) };

describe('sealing', () => {
  const sealer = createSealer([fresh, old]);
  const sealed = (text: string): Buffer => Buffer.from(sealer.seal(text, 'h', 'd'));

  it('opens what it has sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, field) => {
        expect(sealer.open(Buffer.from(sealer.seal(text, 'h', field)), 'h', field)).toBe(text);
      }),
    );
  });

  it('shows nothing of the text, and never seals the same twice alike', () => {
    expect(sealed('{"secret":1}').includes('secret')).toBe(false);
    expect(sealed('{}').equals(sealed('{}'))).toBe(false);
  });

  it('opens for no other session and no other field', () => {
    expect(sealer.open(sealed('{}'), 'other', 'd')).toBeUndefined();
    expect(sealer.open(sealed('{}'), 'h', 'p:d')).toBeUndefined();
  });

  it('does not open when any byte was changed, or any number of bytes is missing', () => {
    const whole = sealed('{"a":1}');
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(sealer.open(changed, 'h', 'd')).toBeUndefined();
      expect(sealer.open(whole.subarray(0, at), 'h', 'd')).toBeUndefined();
    }
  });

  it('seals by the first key, and opens by all of them', () => {
    const before = Buffer.from(createSealer([old]).seal('{}', 'h', 'd'));
    expect(sealer.open(before, 'h', 'd')).toBe('{}');
    expect(createSealer([old]).open(sealed('{}'), 'h', 'd')).toBeUndefined();
    expect(createSealer([old, fresh]).open(sealed('{}'), 'h', 'd')).toBe('{}');
  });

  it('does not open by another key of the same name, nor what was never sealed', () => {
    const other = createSealer([{ id: fresh.id, key: randomBytes(32) }]);
    expect(other.open(sealed('{}'), 'h', 'd')).toBeUndefined();
    expect(sealer.open(Buffer.from('{"a":1}'), 'h', 'd')).toBeUndefined();
  });
});

describe('without keys', () => {
  const plain = createSealer([]);

  it('texts are stored as they are', () => {
    expect(plain.seal('{"ä":1}', 'h', 'd')).toBe('{"ä":1}');
    expect(plain.open(Buffer.from('{"ä":1}'), 'h', 'd')).toBe('{"ä":1}');
  });

  it('bytes that are no UTF-8 do not open', () => {
    expect(plain.open(Buffer.from('{"ä":1}', 'latin1'), 'h', 'd')).toBeUndefined();
  });
});
