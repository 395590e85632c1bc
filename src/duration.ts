import { InvalidOptionsError } from './errors.js';

/**
 * A length of time: milliseconds, or a string such as `'250ms'`, `'30s'`, `'5m'`, `'1.5h'`, `'7d'`.
 * Any string is accepted by the type, since it may come from configuration; it is checked when read.
 */
export type Duration = number | string;

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const RULE = "must be milliseconds (a finite number) or a string such as '250ms', '30s', '5m', '1h', '7d'";

/**
 * Reads a duration as milliseconds, rounded to whole ones. Zero and negative numbers pass: what they mean is the caller's.
 *
 * @throws InvalidOptionsError naming `path` when it is neither a finite number nor a known form.
 */
export function milliseconds(value: Duration, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return Math.round(value);
  const parts = typeof value === 'string' ? FORM.exec(value) : null;
  if (parts === null) throw new InvalidOptionsError(path, RULE, value);
  const [, amount, unit] = parts as unknown as [string, string, keyof typeof MILLISECONDS];
  return Math.round(Number(amount) * MILLISECONDS[unit]);
}
