import { describe, expect, it } from 'vitest';
import { ageOf, freshFor, withRemainingAge } from '../../../src/http/freshness.js';
import { headerFields } from '../../../src/http/header-fields.js';

const now = Date.parse('Tue, 01 Jan 2030 00:00:00 GMT');

describe('freshFor', () => {
  it.each([
    [{}, undefined],
    [{ 'Cache-Control': 'public' }, undefined],
    [{ 'Cache-Control': 'max-age=60' }, 60_000],
    [{ 'Cache-Control': 'max-age=60, s-maxage=10' }, 10_000],
    [{ 'Cache-Control': 'max-age=60', Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 60_000],
    [{ 'Cache-Control': 'max-age=60', Age: '20' }, 40_000],
    [{ 'Cache-Control': 'max-age=60', Age: 'old' }, 60_000],
    [{ 'Cache-Control': 'max-age=60', Age: '90' }, -30_000],
    [{ Expires: 'Tue, 01 Jan 2030 00:01:00 GMT' }, 60_000],
    [{ Expires: '0' }, 0],
    [{ Expires: 'never' }, 0],
    [{ Expires: ['a', 'b'] }, 0],
  ])('of %j is %s', (fields, expected) => {
    const found = freshFor(headerFields(fields), now);
    if (expected === 0) expect(found).toBeLessThanOrEqual(0);
    else expect(found).toBe(expected);
  });

  it('takes an Age in milliseconds, and none for 0', () => {
    expect(ageOf(headerFields({ Age: ' 7 ' }))).toBe(7_000);
    expect(ageOf(headerFields({}))).toBe(0);
  });
});

describe('withRemainingAge', () => {
  it.each([
    ['max-age=60', 0, 'max-age=60'],
    ['max-age=60', 999, 'max-age=60'],
    ['public, max-age=60, s-maxage="100"', 40_999, 'public, max-age=20, s-maxage="60"'],
    ['max-age=60,s-maxage=5', 10_000, 'max-age=50,s-maxage=0'],
    ['x-max-age=60, stale-while-revalidate=60', 10_000, 'x-max-age=60, stale-while-revalidate=60'],
    ['max-age=60', -5_000, 'max-age=60'],
  ])('of %j after %d ms is %j', (text, elapsed, expected) => {
    expect(withRemainingAge(text, elapsed)).toBe(expected);
  });
});
