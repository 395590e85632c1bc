import { describe, expect, it } from 'vitest';
import { idleTtl, isTouchDue, ownMaxAge } from '../../../../src/session/record/session-life.js';

const DAY = 86_400_000;
const settings = { ttl: 1_000, absoluteTtl: Infinity };

describe('how long a session lives', () => {
  it('is its own idle time, else that of the options, else a day', () => {
    expect(idleTtl(settings, 5)).toBe(5);
    expect(idleTtl(settings, undefined)).toBe(1_000);
    expect(idleTtl(settings, null)).toBe(1_000);
    expect(idleTtl({ ...settings, ttl: null }, null)).toBe(DAY);
    expect(idleTtl({ ...settings, ttl: null }, undefined)).toBe(DAY);
  });

  it('is a number that Redis can add, whatever a session asks for', () => {
    expect(idleTtl(settings, -5)).toBe(0);
    expect(idleTtl(settings, 0.6)).toBe(1);
    expect(Number.isSafeInteger(idleTtl(settings, Infinity) * 2)).toBe(true);
  });

  it('is its own only where it differs from that of the options', () => {
    expect(ownMaxAge(settings, 1_000)).toBeUndefined();
    expect(ownMaxAge(settings, 1_001)).toBe(1_001);
    expect(ownMaxAge(settings, null)).toBeNull();
    expect(ownMaxAge({ ...settings, ttl: null }, null)).toBeUndefined();
    expect(ownMaxAge(settings, Number.NaN)).toBeUndefined();
  });
});

describe('a touch', () => {
  const at = (deadline: number, absoluteEnd = Infinity): boolean =>
    isTouchDue(settings, { deadline, absoluteEnd, maxAge: undefined }, 10_000);

  it('is due when a tenth of the life is used up', () => {
    expect(at(10_901)).toBe(false);
    expect(at(10_900)).toBe(true);
    expect(at(9_000)).toBe(true);
  });

  it('is not due where the absolute end leaves nothing to gain', () => {
    expect(at(10_050, 10_050)).toBe(false);
    expect(at(10_050, 10_200)).toBe(true);
  });
});
