/** The directives of a response's `Cache-Control` that the response cache obeys. */
export interface CacheControl {
  readonly noStore: boolean;
  /** True for `no-cache` with and without field names. */
  readonly noCache: boolean;
  /** True for `private` with and without field names. */
  readonly private: boolean;
  /** Seconds; 0 for a value that cannot be read; `undefined` when absent. */
  readonly maxAge: number | undefined;
  /** Seconds; 0 for a value that cannot be read; `undefined` when absent. */
  readonly sMaxage: number | undefined;
}

/** A name, and perhaps a value that is a quoted string or a token. */
const DIRECTIVE = /([^\s,;="]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?|"(?:[^"\\]|\\.)*"/g;
const LONGEST_AGE = 2 ** 31;

/**
 * Reads `Cache-Control` (RFC 9111 section 5.2). Names are compared whole and without case; of duplicates the stricter one
 * counts; several fields are read as one. What is unknown is skipped.
 */
export function parseCacheControl(value: string | readonly string[] | undefined): CacheControl {
  const text = typeof value === 'string' ? value : (value ?? []).join(',');
  const found = { noStore: false, noCache: false, private: false };
  let maxAge: number | undefined;
  let sMaxage: number | undefined;
  for (const [, name, quoted, token] of text.matchAll(DIRECTIVE)) {
    const argument = quoted ?? token;
    switch ((name ?? '').toLowerCase()) {
      case 'no-store':
        found.noStore = true;
        break;
      case 'no-cache':
        found.noCache = true;
        break;
      case 'private':
        found.private = true;
        break;
      case 'max-age':
        maxAge = Math.min(maxAge ?? LONGEST_AGE, deltaSeconds(argument));
        break;
      case 's-maxage':
        sMaxage = Math.min(sMaxage ?? LONGEST_AGE, deltaSeconds(argument));
        break;
      default:
    }
  }
  return { ...found, maxAge, sMaxage };
}

/** Seconds of a delta-seconds value; 0 when it is none, which counts as expired. */
function deltaSeconds(argument: string | undefined): number {
  const digits = argument?.trim() ?? '';
  return /^\d+$/.test(digits) ? Math.min(Number(digits), LONGEST_AGE) : 0;
}
