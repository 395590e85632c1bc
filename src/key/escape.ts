/**
 * Writes a part of a Redis key so that none of the given characters stands in it; `%` is written too, so that different
 * texts stay different. Half surrogates, which UTF-8 cannot hold, are written as `%uXXXX`.
 */
function escapeWith(text: string, reserved: RegExp): string {
  return text.replace(reserved, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return code.length > 2 ? `%u${code.padStart(4, '0')}` : `%${code.padStart(2, '0')}`;
  });
}

const EMPTY = '%-';
const IN_KEY = /[%{}]|\p{Surrogate}/gu;
const IN_KEY_TEST = /[%{}]|\p{Surrogate}/u;
const IN_SEGMENT = /[%{}:/@#]|\p{Surrogate}/gu;
const IN_PREFIX = /[%{}]|\p{Surrogate}/gu;
const ESCAPED = /%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g;

/** A user's key as it stands between the braces of a Redis key. `unescapeKey` gives it back. */
export function escapeKey(key: string): string {
  if (key === '') return EMPTY;
  return IN_KEY_TEST.test(key) ? escapeWith(key, IN_KEY) : key;
}

/** The user's key that `escapeKey` wrote. */
export function unescapeKey(escaped: string): string {
  if (escaped === EMPTY) return '';
  if (!escaped.includes('%')) return escaped;
  return escaped.replace(ESCAPED, (_, wide: string | undefined, narrow: string | undefined) =>
    String.fromCharCode(Number.parseInt(wide ?? narrow ?? '', 16)),
  );
}

/** A cache's, a version's or a namespace's name as a part of a prefix: it can hold no delimiter. */
export function escapeSegment(name: string): string {
  return escapeWith(name, IN_SEGMENT);
}

/** The application's key prefix. It keeps its colons, and cannot open a hash tag. */
export function escapePrefix(prefix: string): string {
  return escapeWith(prefix, IN_PREFIX);
}

/** Text as a glob that matches just this text. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}
