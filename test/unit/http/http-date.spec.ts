import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate, toHttpDate } from '../../../src/http/rule/http-date.js';

const now = Date.UTC(2026, 5, 15, 12);
const moment = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('parseHttpDate', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    '  Sun, 06 Nov 1994 08:49:37 GMT ',
    'sun, 06 nov 1994 08:49:37 gmt',
  ])('reads %j', (text) => {
    expect(parseHttpDate(text, now)).toBe(moment);
  });

  it.each([
    '',
    '0',
    'soon',
    '784111777',
    '1994-11-06T08:49:37Z',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Son, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
  ])('takes %j for no date', (text) => {
    expect(parseHttpDate(text, now)).toBeUndefined();
  });

  it('takes two digits for a year that is at most 50 years ahead', () => {
    expect(parseHttpDate('Monday, 15-Jun-76 12:00:00 GMT', now)).toBe(Date.UTC(2076, 5, 15, 12));
    expect(parseHttpDate('Monday, 15-Jun-76 12:00:01 GMT', now)).toBe(Date.UTC(1976, 5, 15, 12, 0, 1));
    expect(parseHttpDate('Monday, 15-Jun-77 12:00:00 GMT', now)).toBe(Date.UTC(1977, 5, 15, 12));
    expect(parseHttpDate('Monday, 15-Jun-00 12:00:00 GMT', now)).toBe(Date.UTC(2000, 5, 15, 12));
  });

  it('reads what toHttpDate writes, to the second', () => {
    const moments = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
    fc.assert(
      fc.property(moments, (at) => {
        expect(parseHttpDate(toHttpDate(at), now)).toBe(Math.floor(at / 1_000) * 1_000);
      }),
    );
  });
});
