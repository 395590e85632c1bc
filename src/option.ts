import { InvalidOptionsError } from './errors.js';

/** Options as they were written, before they are checked. */
export type RawOptions = Readonly<Record<string, unknown>>;

/**
 * Reads an options object whose keys are all among `known`.
 *
 * @throws InvalidOptionsError when it is no object, or names an option that does not exist
 */
export function optionsObject(raw: unknown, path: string, known: readonly string[]): RawOptions {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new InvalidOptionsError(path, 'must be an object', raw);
  }
  for (const name of Object.keys(raw)) {
    if (!known.includes(name)) {
      throw new InvalidOptionsError(`${path}.${name}`, `is not an option; there are ${known.join(', ')}`);
    }
  }
  return raw as RawOptions;
}

/** Reads a positive integer, or gives `fallback` for an absent one. */
export function positiveInteger(value: unknown, path: string, fallback: number): number {
  if (value === undefined) return fallback;
  if (!Number.isSafeInteger(value) || (value as number) <= 0) {
    throw new InvalidOptionsError(path, 'must be a positive integer', value);
  }
  return value as number;
}

/** Reads one of a few words, or gives `fallback` for an absent one. */
export function oneOf<T extends string>(value: unknown, path: string, choices: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  if (!choices.includes(value as T)) {
    throw new InvalidOptionsError(
      path,
      `must be one of ${choices.map((one) => `'${one}'`).join(', ')}`,
      value,
    );
  }
  return value as T;
}

/** Reads a string that is not empty, or gives `fallback` for an absent one. */
export function nonEmptyString(value: unknown, path: string, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || value === '') {
    throw new InvalidOptionsError(path, 'must be a string that is not empty', value);
  }
  return value;
}
