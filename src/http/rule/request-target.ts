/** The target of a request, taken apart without being decoded. */
export interface RequestTarget {
  /** As routed: neither decoded nor folded. */
  readonly path: string;
  /** The parameters, sorted so that their order matters only where a parser could see it. */
  readonly query: readonly QueryParameter[];
}

/** One parameter, as written. `value` is `undefined` without `=`. */
export interface QueryParameter {
  readonly name: string;
  readonly value: string | undefined;
}

/** Characters of a target that may be cached. */
export const LONGEST_TARGET = 4_096;
const MOST_PARAMETERS = 64;

/** `/`, `\`, NUL, line ends, `;`, `.`, `?` and `#`, encoded. Proxies and routers disagree on what they mean. */
const ENCODED_DELIMITER = /%(?:2f|5c|0[0-9ad]|3b|2e|3f|23)/i;
const AMBIGUOUS = /[\\;#]|\/\/|\/\.{1,2}(?:\/|$)/;

/**
 * Takes the target of a request apart. `undefined` when it must not be cached: an encoded delimiter, `;`, `//` or a dot
 * segment in the path, a malformed escape, more than 64 parameters or 4,096 characters, or no path at all.
 */
export function readTarget(url: string): RequestTarget | undefined {
  if (!url.startsWith('/') || url.length > LONGEST_TARGET) return undefined;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (ENCODED_DELIMITER.test(path) || AMBIGUOUS.test(path) || decode(path) === undefined) return undefined;
  if (mark === -1) return { path, query: [] };
  const query = readQuery(url.slice(mark + 1));
  return query === undefined ? undefined : { path, query };
}

/** The name of a parameter as parsers decode it. Throws for a malformed escape. */
export function decodedName(name: string): string {
  return decodeURIComponent(name.replaceAll('+', ' '));
}

/** Whether a decoded name is one of those that a route lists. Parsers gather `a[]`, `a[0]` and `a.b` under `a`. */
export function isListedParameter(name: string, listed: ReadonlySet<string>): boolean {
  return listed.has(name) || listed.has(name.split(/[[.]/, 1)[0] ?? '');
}

function readQuery(text: string): QueryParameter[] | undefined {
  const pieces = text.split('&').filter((piece) => piece !== '');
  if (pieces.length > MOST_PARAMETERS || text.includes('#')) return undefined;
  const sortable: { by: string; parameter: QueryParameter }[] = [];
  for (const piece of pieces) {
    const equals = piece.indexOf('=');
    const name = equals === -1 ? piece : piece.slice(0, equals);
    const value = equals === -1 ? undefined : piece.slice(equals + 1);
    const decoded = decode(name.replaceAll('+', ' '));
    if (decoded === undefined) return undefined;
    // Parsers gather `a[]`, `a[0]` and `a.b` under `a`, so the order among them may be seen by the handler.
    sortable.push({ by: decoded.split(/[[.]/, 1)[0] ?? '', parameter: { name, value } });
  }
  return sortable.toSorted((one, other) => compare(one.by, other.by)).map(({ parameter }) => parameter);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
