/*
 * Times in the header of an entry: seven digits to the base 64, milliseconds since the epoch. The digits stand in the order
 * of ASCII, so that the bytes compare as the times do. Scripts on the server have no such comparison: what Lua compares
 * there goes by the locale of the server.
 */

/** The digits, from 0 to 63. */
export const TIMESTAMP_DIGITS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';

/** The length of a time: 7 ASCII characters. It ends in the year 2109. */
export const TIMESTAMP_LENGTH = 7;

/** The text of a time that never comes. Compares as later than every other. */
export const NEVER = 'z'.repeat(TIMESTAMP_LENGTH);

const LATEST = 64 ** TIMESTAMP_LENGTH - 2;
const VALUES = valuesOf(TIMESTAMP_DIGITS);

/** The text of a time; `null` = never. What lies outside of the range is the nearest that lies in it. */
export function timestampOf(time: number | null): string {
  if (time === null) return NEVER;
  let rest = Math.min(LATEST, Math.max(0, Math.floor(time)));
  let text = '';
  for (let place = 0; place < TIMESTAMP_LENGTH; place++) {
    text = (TIMESTAMP_DIGITS[rest % 64] as string) + text;
    rest = Math.floor(rest / 64);
  }
  return text;
}

/** Reads a time that stands at `start`: milliseconds, `null` = never, `undefined` = none stands there. */
export function timestampAt(bytes: Buffer, start: number): number | null | undefined {
  let time = 0;
  for (let at = start; at < start + TIMESTAMP_LENGTH; at++) {
    const value = VALUES[bytes[at] ?? 0] as number;
    if (value < 0) return undefined;
    time = time * 64 + value;
  }
  return time > LATEST ? null : time;
}

function valuesOf(digits: string): Int8Array {
  const values = new Int8Array(256).fill(-1);
  for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value;
  return values;
}
