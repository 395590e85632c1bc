/** A name in a list of directives, and what stands behind its `=`. */
export interface HeaderToken {
  readonly name: string;
  /** Without its quotes; `undefined` without `=`, and where nothing that can be read follows it. */
  readonly argument: string | undefined;
}

const SEPARATORS = /[\s,;=]*/y;
const NAME = /[^\s,;="]+/y;
const EQUALS = /\s*=\s*/y;
const BARE = /[^\s,;"]*/y;

/**
 * Takes a list of directives apart: names with arguments that are tokens or quoted strings, between commas or semicolons.
 * What stands inside of quotes is never a name, but for a quote that nobody closes. Linear in the length of the text: it may
 * come from a client.
 */
export function* tokensOf(text: string): Generator<HeaderToken> {
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const quoted = quotesOf(text);
  while (at < text.length) {
    take(SEPARATORS);
    if (text[at] === '"') {
      at = (quoted(at) ?? at) + 1;
      continue;
    }
    const name = take(NAME);
    if (name === '') continue;
    let argument: string | undefined;
    if (take(EQUALS) !== '') {
      const end = text[at] === '"' ? quoted(at) : undefined;
      if (end === undefined) argument = take(BARE);
      else {
        argument = text.slice(at + 1, end).replaceAll(/\\(.)/g, '$1');
        at = end + 1;
      }
    }
    yield { name, argument };
  }
}

/** The members of a comma-separated list, trimmed, as they are written; commas inside of quotes separate nothing. */
export function membersOf(text: string): string[] {
  const quoted = quotesOf(text);
  const members: string[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    if (text[at] === '"') at = quoted(at) ?? at;
    if (at < text.length && text[at] !== ',') continue;
    const member = text.slice(start, at).trim();
    if (member !== '') members.push(member);
    start = at + 1;
  }
  return members;
}

/** Finds the quote that closes the one at an index; `undefined` when none does, and then none closes a later one either. */
function quotesOf(text: string): (start: number) => number | undefined {
  let end = text.length;
  return (start) => {
    for (let at = start + 1; at < end; at += 1) {
      if (text[at] === '\\') at += 1;
      else if (text[at] === '"') return at;
    }
    end = 0;
    return undefined;
  };
}
