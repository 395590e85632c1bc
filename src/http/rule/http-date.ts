const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

/** Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT · Sun Nov  6 08:49:37 1994 */
const FORMATS = [
  new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} gmt$`, 'i'),
  new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} gmt$`, 'i'),
  new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`, 'i'),
];

/**
 * Reads a date of HTTP (RFC 9110 section 5.6.7) in any of its three formats: milliseconds since the epoch; `undefined` for
 * anything else. A year of two digits is never more than 50 years after `now`.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const format of FORMATS) {
    const parts = format.exec(text.trim())?.groups;
    if (parts !== undefined) return momentOf(parts, now);
  }
  return undefined;
}

/** Writes a moment as dates are written today: `Sun, 06 Nov 1994 08:49:37 GMT`. Parts of seconds are cut off. */
export function toHttpDate(moment: number): string {
  return new Date(moment).toUTCString();
}

function momentOf(parts: Record<string, string>, now: number): number | undefined {
  const read = (name: string): number => Number(parts[name]);
  // A leap second is the first of the next minute, as in the time of Unix.
  if (read('hour') > 23 || read('minute') > 59 || read('second') > 60) return undefined;
  const month = MONTHS.indexOf(String(parts['month']).toLowerCase());
  const at = (year: number): number | undefined => {
    const date = new Date(0);
    date.setUTCFullYear(year, month, read('day'));
    // The 31st of February would be in March.
    if (date.getUTCDate() !== read('day')) return undefined;
    return date.setUTCHours(read('hour'), read('minute'), read('second'));
  };
  return parts['year']?.length === 4 ? at(read('year')) : nearest(read('year'), at, now);
}

/** The moment in the last of the years with these two digits that is not more than 50 years ahead. */
function nearest(
  digits: number,
  at: (fullYear: number) => number | undefined,
  now: number,
): number | undefined {
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + 50);
  const lastYear = latest.getUTCFullYear();
  const fullYear = lastYear - ((lastYear - digits) % 100);
  const moment = at(fullYear);
  return moment !== undefined && moment > latest.getTime() ? at(fullYear - 100) : moment;
}
