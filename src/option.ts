import { milliseconds, type Duration } from './duration.js';
import { InvalidOptionsError } from './errors.js';

/** Options as they were given, before anything is known of them. */
export type RawOptions = Readonly<Record<string, unknown>>;

/** @throws InvalidOptionsError unless the value is a plain group of options */
export function requireObject(value: unknown, path: string): RawOptions {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RawOptions;
  throw new InvalidOptionsError(path, 'must be an object', value);
}

/** @throws InvalidOptionsError naming the first option that does not exist */
export function requireKnown(options: RawOptions, known: readonly string[], path: string): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new InvalidOptionsError(`${path}.${unknown}`, `is no option; there are ${known.join(', ')}`);
}

/**
 * Reads a group of options that are all among `known`.
 *
 * @throws InvalidOptionsError when it is no object, or names an option that does not exist
 */
export function optionsObject(value: unknown, path: string, known: readonly string[]): RawOptions {
  const options = requireObject(value, path);
  requireKnown(options, known, path);
  return options;
}

/** Gives a text that is not empty, or `undefined`. The error never shows it. */
export function optionalText(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  const given = typeof value === 'string' ? '' : `, not a ${typeof value}`;
  throw new InvalidOptionsError(path, `must be a string that is not empty${given}`);
}

/** Gives a whole number between two bounds, or `fallback` where none was given. */
export function wholeNumber(
  value: unknown,
  {
    path,
    from,
    to = Number.MAX_SAFE_INTEGER,
    fallback,
  }: { path: string; from: number; to?: number; fallback: number },
): number {
  if (value === undefined) return fallback;
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) return value as number;
  const upTo = to === Number.MAX_SAFE_INTEGER ? `${from} or more` : `${from} to ${to}`;
  throw new InvalidOptionsError(path, `must be a whole number, ${upTo}`, value);
}

/** Gives a duration of at least 1 ms, or `fallback` where none was given. */
export function positiveDuration(value: unknown, path: string, fallback: number): number {
  if (value === undefined) return fallback;
  const length = milliseconds(value as Duration, path);
  if (length >= 1 && length <= 2 ** 31 - 1) return length;
  throw new InvalidOptionsError(path, 'must be at least 1 ms, and less than 25 days', value);
}

/** Gives a yes or a no; no where none was given. */
export function flag(value: unknown, path: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw new InvalidOptionsError(path, 'must be true or false', value);
}

/** Gives one of the words, or the first of them where none was given. */
export function oneOf<Word extends string>(
  value: unknown,
  words: readonly [Word, ...Word[]],
  path: string,
): Word {
  if (value === undefined) return words[0];
  if (words.includes(value as Word)) return value as Word;
  throw new InvalidOptionsError(path, `must be ${words.map((word) => `'${word}'`).join(' or ')}`, value);
}
