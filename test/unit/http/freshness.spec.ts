import { describe, expect, it } from 'vitest';
import { parseCacheControl } from '../../../src/http/rule/cache-control.js';
import { freshFor, initialAge, staleWindows, withRemainingAge } from '../../../src/http/rule/freshness.js';
import { headerFields } from '../../../src/http/rule/header-fields.js';

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
    [{ Expires: 'Tuesday, 01-Jan-30 00:01:00 GMT' }, 60_000],
    [{ Expires: 'Tue Jan  1 00:01:00 2030' }, 60_000],
    [{ Expires: 'Tue, 01 Jan 2030 00:01:00 GMT', Age: '20' }, 40_000],
    [{ Expires: 'Tue, 01 Jan 2030 00:01:00 GMT', Date: 'Mon, 31 Dec 2029 23:59:00 GMT' }, 60_000],
    [{ Expires: 'Tue, 01 Jan 2030 00:02:00 GMT', Date: 'Tue, 01 Jan 2030 00:01:00 GMT' }, 60_000],
    [{ 'Cache-Control': 'max-age=60', Date: 'Mon, 31 Dec 2029 23:59:30 GMT' }, 30_000],
    [{ 'Cache-Control': 'max-age=60', Date: 'Mon, 31 Dec 2029 23:59:30 GMT', Age: '40' }, 20_000],
    [{ 'Cache-Control': 'max-age=60', Date: 'yesterday' }, 60_000],
    [{ Expires: '2030-01-01T00:01:00Z' }, 0],
    [{ Expires: '0' }, 0],
    [{ Expires: '0', Age: '4' }, -4_000],
    [{ Expires: 'never' }, 0],
    [{ Expires: ['a', 'b'] }, 0],
  ])('of %j is %s', (fields, expected) => {
    const found = freshFor(headerFields(fields), now);
    if (expected === 0) expect(found).toBeLessThanOrEqual(0);
    else expect(found).toBe(expected);
  });

  it('takes the first Age, in milliseconds, and none for 0', () => {
    expect(initialAge(headerFields({ Age: ' 7 ' }), now)).toBe(7_000);
    expect(initialAge(headerFields({ Age: '7, 9' }), now)).toBe(7_000);
    expect(initialAge(headerFields({ Age: ['7', '9'] }), now)).toBe(7_000);
    expect(initialAge(headerFields({ Age: '-7' }), now)).toBe(0);
    expect(initialAge(headerFields({ Age: '7s, 9' }), now)).toBe(0);
    expect(initialAge(headerFields({}), now)).toBe(0);
  });
});

describe('initialAge', () => {
  it.each([
    [{}, 0],
    [{ Age: '5' }, 5_000],
    [{ Date: 'Mon, 31 Dec 2029 23:59:50 GMT' }, 10_000],
    [{ Date: 'Mon, 31 Dec 2029 23:59:50 GMT', Age: '5' }, 10_000],
    [{ Date: 'Mon, 31 Dec 2029 23:59:50 GMT', Age: '15' }, 15_000],
    [{ Date: 'Tue, 01 Jan 2030 00:01:00 GMT' }, 0],
  ])('of %j is %d', (fields, expected) => {
    expect(initialAge(headerFields(fields), now)).toBe(expected);
  });

  it('takes no part of a second for age that a Date cannot tell', () => {
    expect(initialAge(headerFields({ Date: 'Tue, 01 Jan 2030 00:00:00 GMT' }), now + 999)).toBe(0);
  });
});

describe('staleWindows', () => {
  const stale = { revalidate: 30_000, error: 60_000 };
  const windows = (mode: 'policy' | 'headers', directives: string, status = 200, policy = stale) =>
    staleWindows({ mode, stale: policy }, parseCacheControl(directives), status);

  it.each(['no-cache', 'must-revalidate', 'proxy-revalidate', 's-maxage=60'])(
    'are none with %s',
    (directive) => {
      const never = { revalidate: 0, error: 0 };
      const directives = `max-age=60, stale-while-revalidate=9, stale-if-error=9, ${directive}`;
      expect(windows('policy', directives)).toEqual(never);
      expect(windows('headers', directives)).toEqual(never);
    },
  );

  it('are none for an error of the server', () => {
    expect(windows('policy', '', 500)).toEqual({ revalidate: 0, error: 0 });
    expect(windows('headers', 'stale-if-error=9', 503)).toEqual({ revalidate: 0, error: 0 });
    expect(windows('policy', '', 404)).toEqual(stale);
  });

  it('are those of the policy, or shorter by the directives, where the route decides', () => {
    expect(windows('policy', 'max-age=9')).toEqual(stale);
    expect(windows('policy', 'stale-while-revalidate=5, stale-if-error=0')).toEqual({
      revalidate: 5_000,
      error: 0,
    });
    expect(windows('policy', 'stale-while-revalidate=99, stale-if-error=99')).toEqual(stale);
    expect(staleWindows({ mode: 'policy', stale: undefined }, parseCacheControl(''), 200).error).toBe(0);
  });

  it('need stale-while-revalidate, and no stale-if-error, where the headers decide', () => {
    expect(windows('headers', 'max-age=9')).toEqual({ revalidate: 0, error: 60_000 });
    expect(windows('headers', 'stale-while-revalidate=5, stale-if-error=99')).toEqual({
      revalidate: 5_000,
      error: 99_000,
    });
    expect(windows('headers', 'stale-while-revalidate=99').revalidate).toBe(30_000);
    expect(windows('headers', 'stale-while-revalidate=9', 200, { revalidate: 0, error: 0 }).revalidate).toBe(
      0,
    );
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
