import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NEVER, TIMESTAMP_LENGTH, timestampAt, timestampOf } from '../../../src/codec/timestamp.js';

const LATEST = 64 ** TIMESTAMP_LENGTH - 2;
const times = fc.oneof(
  fc.integer({ min: 0, max: LATEST }),
  fc.constantFrom(0, 63, 64, LATEST - 1, LATEST),
  fc.constantFrom(1_700_000_000_000, 1_700_000_000_001),
);

const read = (text: string): number | null | undefined => timestampAt(Buffer.from(text), 0);

describe('a time', () => {
  it('is this text, which every later release must read', () => {
    expect(timestampOf(0)).toBe('-------');
    expect(timestampOf(1_700_000_000_123)).toBe('NjEtLWv');
    expect(timestampOf(LATEST)).toBe('zzzzzzy');
    expect(timestampOf(null)).toBe('zzzzzzz');
  });

  it('comes back, in ASCII of one length', () => {
    fc.assert(
      fc.property(times, (time) => {
        const text = timestampOf(time);
        expect(text).toMatch(/^[\w-]{7}$/);
        expect(read(text)).toBe(time);
      }),
    );
  });

  it('compares as text as it does as a number, byte by byte, and never is the latest', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const [one, other] = [Buffer.from(timestampOf(a)), Buffer.from(timestampOf(b))];
        expect(Math.sign(Buffer.compare(one, other))).toBe(Math.sign(a - b));
        expect(Buffer.compare(one, Buffer.from(NEVER))).toBe(-1);
      }),
    );
  });

  it('outside of the range is the nearest inside', () => {
    expect(read(timestampOf(-5))).toBe(0);
    expect(read(timestampOf(5.7))).toBe(5);
    expect(read(timestampOf(LATEST + 1))).toBe(LATEST);
    expect(read(timestampOf(Number.MAX_VALUE))).toBe(LATEST);
    expect(read(timestampOf(Infinity))).toBe(LATEST);
    expect(read(NEVER)).toBeNull();
  });
});

describe('what is no time', () => {
  it.each(['', '------', '-----', '------!', '------é', '      0', '------~'])('%j', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('is also what begins before the bytes end, and ends behind them', () => {
    expect(timestampAt(Buffer.from('xx-------'), 2)).toBe(0);
    expect(timestampAt(Buffer.from('xx-------'), 3)).toBeUndefined();
  });
});
