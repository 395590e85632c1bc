import { expect, test } from 'vitest';
import { ownIdleTime } from '../../../../src/session/record/idle-time.js';

const HOUR = 3_600_000;

test('an idle time that is that of the options is not the own one of a session', () => {
  expect(ownIdleTime(HOUR, HOUR)).toBeUndefined();
  expect(ownIdleTime(null, null)).toBeUndefined();
  expect(ownIdleTime(HOUR, HOUR, 60_000)).toBeUndefined();
  expect(ownIdleTime(null, null, 60_000)).toBeUndefined();
});

test('another one is, to the millisecond; none is until the browser ends', () => {
  expect(ownIdleTime(60_000.4, HOUR)).toBe(60_000);
  expect(ownIdleTime(60_000, HOUR, 120_000)).toBe(60_000);
  expect(ownIdleTime(null, HOUR)).toBeNull();
  expect(ownIdleTime(null, HOUR, 60_000)).toBeNull();
  expect(ownIdleTime(60_000, null, null)).toBe(60_000);
  expect(ownIdleTime(Number.NaN, HOUR)).toBeNull();
});

test('a cookie that says nothing changes nothing', () => {
  expect(ownIdleTime(undefined, HOUR)).toBeUndefined();
  expect(ownIdleTime(undefined, HOUR, 60_000)).toBe(60_000);
  expect(ownIdleTime(undefined, HOUR, null)).toBeNull();
});

test.each([
  ['a second of long ones', HOUR, 1_000],
  ['a tenth of short ones', 500, 50],
])('drift is no change: %s', (_, known, drift) => {
  for (const sign of [-1, 1]) {
    expect(ownIdleTime(known + sign * drift, known)).toBeUndefined();
    expect(ownIdleTime(known + sign * drift, 2 * HOUR, known)).toBe(known);
    const other = known + sign * (drift + 1);
    expect(ownIdleTime(other, known)).toBe(other);
    expect(ownIdleTime(other, 2 * HOUR, known)).toBe(other);
  }
});

test('drift that comes with every request adds up to nothing', () => {
  let own = ownIdleTime(60_000, HOUR);
  for (let requests = 0; requests < 100; requests++) own = ownIdleTime(Number(own) - 900, HOUR, own);
  expect(own).toBe(60_000);
});
