import { tokensOf } from './header-tokens.js';

/** The directives of a response's `Cache-Control` that the response cache obeys (RFC 9111 section 5.2.2, RFC 5861). */
export interface CacheControl {
  readonly noStore: boolean;
  /** True for `no-cache` with and without field names. */
  readonly noCache: boolean;
  /** True for `private` with and without field names. */
  readonly private: boolean;
  readonly public: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  /** Seconds; 0 for a value that cannot be read; `undefined` when absent. So are all that follow. */
  readonly maxAge: number | undefined;
  readonly sMaxage: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
}

type Writable = { -readonly [Name in keyof CacheControl]: CacheControl[Name] };
type NamesOf<Value> = {
  [Name in keyof CacheControl]: CacheControl[Name] extends Value ? Name : never;
}[keyof CacheControl];

const FLAGS: ReadonlyMap<string, NamesOf<boolean>> = new Map([
  ['no-store', 'noStore'],
  ['no-cache', 'noCache'],
  ['private', 'private'],
  ['public', 'public'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['must-understand', 'mustUnderstand'],
]);
const SECONDS: ReadonlyMap<string, NamesOf<number | undefined>> = new Map([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError'],
]);
const LONGEST_AGE = 2 ** 31;

/**
 * Reads `Cache-Control` (RFC 9111 section 5.2). Names are compared whole and without case; of duplicates the stricter one
 * counts; several fields are read as one. What is unknown is skipped.
 */
export function parseCacheControl(value: string | readonly string[] | undefined): CacheControl {
  const found: Writable = {
    noStore: false,
    noCache: false,
    private: false,
    public: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  };
  if (value === undefined) return found;
  for (const { name, argument } of tokensOf(typeof value === 'string' ? value : value.join(','))) {
    const directive = name.toLowerCase();
    const flag = FLAGS.get(directive);
    if (flag !== undefined) found[flag] = true;
    const seconds = SECONDS.get(directive);
    if (seconds !== undefined) {
      found[seconds] = Math.min(found[seconds] ?? LONGEST_AGE, deltaSeconds(argument));
    }
  }
  return found;
}

/** Seconds of a delta-seconds value; 0 when it is none, which counts as expired. */
function deltaSeconds(argument: string | undefined): number {
  const digits = argument?.trim() ?? '';
  return /^\d+$/.test(digits) ? Math.min(Number(digits), LONGEST_AGE) : 0;
}
